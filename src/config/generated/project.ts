/** Generated from schemas/project.schema.json by scripts/generate-types.ts: change the schema instead. */

/**
 * The project: where its state lives, its variables, environments and default guards. Exactly one in a project folder.
 */
export interface ProjectDocument {
  /**
   * What this document is.
   */
  kind: 'Project';
  /**
   * Name of the project. Part of the identity of its state: renaming it starts an empty state.
   */
  name: string;
  /**
   * What the project is for, for people.
   */
  description?: string;
  state?: State;
  vars?: Vars;
  guards?: Guards;
  dbt?: Dbt;
  /**
   * Named variations of the project, chosen with --env. Maps are merged over the project's own, lists replace them.
   */
  environments?: {
    /**
     * What is different in this environment.
     */
    [k: string]: {
      /**
       * What the environment is for, for people.
       */
      description?: string;
      state?: State;
      vars?: Vars;
      guards?: Guards;
      dbt?: Dbt;
      /**
       * By connection name: properties merged over the Connection document.
       */
      connections?: {
        /**
         * Properties of the Connection document that differ in this environment.
         */
        [k: string]: {};
      };
    };
  };
}
/**
 * Where Sluice remembers what it wrote: a local file (path), or a schema of a connection that a whole team can reach. Default: .sluice/state.duckdb beside this file.
 */
export interface State {
  /**
   * A DuckDB file, relative to this document. Made on first use. Not for CI, unless the runner's disk outlives the run.
   */
  path?: string;
  /**
   * Name of the connection that holds the state.
   */
  connection?: string;
  /**
   * Postgres: schema of the state's tables. Default: sluice.
   */
  schema?: string;
  /**
   * BigQuery: dataset of the state's tables, which exists. Default: sluice.
   */
  dataset?: string;
  /**
   * Passphrase for sensitive values: needed as soon as a field is sensitive. Write ${env.SLUICE_STATE_KEY}, never the passphrase itself.
   */
  key?: string;
}
/**
 * Variables: ${var.NAME} in any value stands for the text given here, unless --var or the environment says otherwise.
 */
export interface Vars {
  /**
   * The value, used as text exactly as written.
   */
  [k: string]: string | number | boolean;
}
/**
 * Limits on what one plan may do to one sync, for all syncs. A limit left out keeps its default; null takes it away.
 */
export interface Guards {
  creates?: Guard;
  updates?: Guard;
  deletes?: Guard;
  clears?: Guard;
  nulls?: Guard;
  rejects?: Guard;
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
/**
 * The dbt project that builds what syncs read with source.dbt.
 */
export interface Dbt {
  /**
   * The folder in which dbt writes manifest.json and run_results.json, relative to this file.
   */
  target: string;
  /**
   * Address of a sync in the exposures that sluice dbt exposures writes. {sync} and {file} stand for its name and its file.
   */
  exposure_url?: string;
}
