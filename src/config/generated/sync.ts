/** Generated from schemas/sync.schema.json by scripts/generate-types.ts: change the schema instead. */

/**
 * One sync: a query and its key, an object of a destination, and which fields follow which columns.
 */
export interface SyncDocument {
  /**
   * What this document is.
   */
  kind: 'Sync';
  /**
   * Name of the sync, unique in the project. Its state hangs on it: rename with moved.
   */
  name: string;
  /**
   * What the sync is for, for people.
   */
  description?: string;
  /**
   * Who answers for it: a person, team or address.
   */
  owner?: string;
  /**
   * Words to select syncs by: --select tag:crm.
   */
  tags?: string[];
  /**
   * The sync had another name: its state comes along.
   */
  moved?: {
    /**
     * The name before.
     */
    from: string;
  };
  /**
   * What the records should be: rows of a query, one per record.
   */
  source: {
    /**
     * Name of the connection to query.
     */
    connection: string;
    /**
     * One SELECT in the SQL of the source.
     */
    query?: string;
    /**
     * A table or view instead of a query: gold.accounts, or a list of its name's parts.
     *
     * @minItems 1
     */
    table?: string | string[];
    /**
     * A .sql file with the query, relative to this document, inside the project folder.
     */
    file?: string;
    /**
     * Name of a dbt model, seed or snapshot, found in the manifest below the project's dbt.target. package.model where several packages have one; model.v2 for a version.
     */
    dbt?: string;
    /**
     * The sync is applied only after a dbt run that went well: of its own model and the model's tests, or without dbt: of everything in the run.
     */
    wait_for?: {
      /**
       * The run's artifact, relative to this document. Default: run_results.json in the project's dbt.target.
       */
      run_results?: string;
      /**
       * How old the run may be: 90m, 24h, 2d. Default: as old as it likes.
       */
      max_age?: string;
    };
    /**
     * The column, or list of columns, that identifies a record.
     *
     * @minItems 1
     */
    key: string | string[];
    /**
     * Time zone of timestamps without one, such as Europe/Berlin. No default: without it, such a timestamp cannot feed a field that holds instants.
     */
    timezone?: string;
    /**
     * The query fails before it costs more than this many bytes, where the source bills them.
     */
    max_bytes_billed?: number | string;
  };
  /**
   * Where the records live. The connection's type may add options of its own.
   */
  destination: {
    /**
     * Name of the connection to write to.
     */
    connection: string;
    /**
     * Table, object or list that holds the records.
     */
    object: string;
    /**
     * The field, or list of fields, that identifies a record; same order as the source's key.
     *
     * @minItems 1
     */
    key: string | string[];
  };
  /**
   * upsert creates and updates; update never creates, not even what is gone; create never updates.
   */
  mode?: 'upsert' | 'update' | 'create';
  /**
   * What happens to a record that left the query: keep it, clear the mapped fields once, or delete it (only records that Sluice created).
   */
  on_missing?: 'keep' | 'clear' | 'delete';
  /**
   * With on_missing: delete, also delete records that existed before Sluice knew them.
   */
  delete_adopted?: boolean;
  /**
   * What happens to a value that somebody changed in the destination: overwrite it, keep it (held), or keep it and stop the sync.
   */
  on_drift?: 'overwrite' | 'keep' | 'fail';
  /**
   * Fields of the destination. Short form: the name of a column.
   */
  fields: {
    /**
     * A column name, or how to get the value.
     */
    [k: string]:
      | string
      | {
          /**
           * A column of the query: exact match first, else one that differs only by case.
           */
          column?: string;
          /**
           * An expression over the query's columns, in the SQL of the source.
           */
          sql?: string;
          /**
           * A constant, used exactly as written.
           */
          value?: string | number | boolean | null;
          /**
           * The field points at a record of another object; the column holds that record's key.
           */
          reference?: {
            /**
             * The object that is pointed at.
             */
            object: string;
            /**
             * The field of that object that identifies the record.
             */
            key: string;
          };
          /**
           * always; create: only when the record is created; empty: only while the destination has no value.
           */
          when?: 'always' | 'create' | 'empty';
          /**
           * What a null of the source does: clear the field, or leave it alone.
           */
          on_null?: 'clear' | 'skip';
          /**
           * Overrides the sync's on_drift for this field.
           */
          on_drift?: 'overwrite' | 'keep' | 'fail';
          /**
           * Personal data: never shown in a report, kept only hashed or encrypted. Needs state.key in the project.
           */
          sensitive?: boolean;
          /**
           * Overrides the type the destination describes: text, integer, decimal(18,2), float, boolean, date, timestamp(3), timestamptz(3), json, set, bytes, uuid, time.
           */
          type?: string;
          /**
           * value; set: order does not matter; sent: compare with what was last written, where the destination rewrites values.
           */
          compare?: 'value' | 'set' | 'sent';
        };
  };
  /**
   * Limits on what one plan may do. A limit left out is the project's; null takes it away.
   */
  guards?: {
    creates?: Guard;
    updates?: Guard;
    deletes?: Guard;
    clears?: Guard;
    nulls?: Guard;
    rejects?: Guard;
  };
  /**
   * SQL over the plan. Every row a check returns is a violation, and the plan may not be applied.
   *
   * Items: One check.
   */
  checks?: {
    /**
     * What must hold, as a sentence.
     */
    name: string;
    /**
     * A SELECT over changes (key, action, before.FIELD, after.FIELD) in DuckDB's SQL.
     */
    sql: string;
  }[];
  /**
   * Which records a plan reads live: candidates, every record of the sync, or none. Default: all for databases, changed for APIs.
   */
  refresh?: 'changed' | 'all' | 'none';
  /**
   * A plan stops before it reads more live records than this.
   */
  max_live_reads?: number;
  /**
   * When `apply --due` applies the sync: hourly, daily, weekly, monthly, or cron with five fields, in UTC. Sluice starts nothing by itself; `init --github` makes the workflow that does.
   */
  schedule?: string;
  /**
   * What reports show of this sync.
   */
  report?: {
    /**
     * Whether reports that leave the machine show values. Sensitive ones are always masked.
     */
    values?: 'masked' | 'shown';
  };
  /**
   * Names this sync's share of an object that several syncs write. A key in two of them is rejected.
   */
  partition?: string;
  /**
   * Which written records are read back. Default: all up to 2,000 records a run, else a sample.
   */
  verify?: 'all' | 'sample' | 'none';
}
export interface Guard {
  /**
   * The highest count that passes. null: no such limit.
   */
  max?: number | null;
  /**
   * The highest share of the existing records that passes. null: no such limit.
   */
  percent?: number | null;
  /**
   * percent counts only from this many existing records on. null: always.
   */
  min?: number | null;
}
