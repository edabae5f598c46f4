/**
 * Tables of the plan file (DESIGN 4; docs/formats.md). A DuckDB database that anyone can query. Columns of `adoptions`
 * and `rejects` are also what a state backend reads when a run ends. A create whose `sent` is null sends what it remembers:
 * `sent` is `after`. `sent_key` is the key as the source writes it, of a create whose `key` says it in another form. `due_to` (`branch` or `pending`) and
 * `branch_fields` (those of the record's fields that are due to the branch) are null without `plan --base`.
 */
export const PLAN_TABLES = [
  `CREATE TABLE plan.manifest (format_version VARCHAR, plan_id VARCHAR, project VARCHAR, environment VARCHAR, document VARCHAR)`,
  `CREATE TABLE plan.syncs (sync VARCHAR, ord INTEGER, object VARCHAR, destination VARCHAR, identity VARCHAR, lineage VARCHAR,
     serial BIGINT, hash_id VARCHAR, config_hash VARCHAR, fields VARCHAR[], key_fields VARCHAR, field_types VARCHAR, existing BIGINT)`,
  `CREATE TABLE plan.changes (sync VARCHAR, seq BIGINT, pass TINYINT, action VARCHAR, reason VARCHAR, key VARCHAR, key_hash UBIGINT,
     remote_id VARCHAR, fields VARCHAR[], cases VARCHAR, before VARCHAR, after VARCHAR, sent VARCHAR, returned VARCHAR,
     row_hash UBIGINT, live_hash UBIGINT, origin VARCHAR, after_apply VARCHAR[], sent_key VARCHAR, due_to VARCHAR, branch_fields VARCHAR[], partial BOOLEAN)`,
  `CREATE TABLE plan.adoptions (sync VARCHAR, kind VARCHAR, key VARCHAR, key_hash UBIGINT, remote_id VARCHAR, sent VARCHAR, returned VARCHAR,
     row_hash UBIGINT, live_hash UBIGINT, origin VARCHAR, verified BOOLEAN)`,
  `CREATE TABLE plan.rejects (sync VARCHAR, key VARCHAR, row_hash UBIGINT, code VARCHAR, message VARCHAR, field VARCHAR, known BOOLEAN, copies BIGINT)`,
  `CREATE TABLE plan.held (sync VARCHAR, key VARCHAR, reason VARCHAR, fields VARCHAR[], before VARCHAR, after VARCHAR)`,
  `CREATE TABLE plan.violations (sync VARCHAR, kind VARCHAR, name VARCHAR, message VARCHAR, detail VARCHAR)`,
] as const;

/** The condition of a row of `c_results` that is a change. Spelled out: IN over more than two constants becomes a join. */
export const CHANGES = "(action = 'create' OR action = 'update' OR action = 'clear' OR action = 'delete')";

/** Rows of `changes`, one for each record: not the second pass of a change that has a first one. */
export const RECORDS = "reason IS DISTINCT FROM 'second_pass'";

/** Every field that the change of a record writes, in whichever pass. */
export const WRITTEN_FIELDS =
  'CASE WHEN len(after_apply) > 0 THEN fields || list_filter(after_apply, lambda x: NOT list_contains(fields, x)) ELSE fields END';
