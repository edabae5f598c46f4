/** The questions that the catalog answers about a table. Every value comes back as text. */

/** A row of a catalog query. */
export type CatalogRow = Readonly<Record<string, string | null>>;

/** Runs a catalog query inside a transaction that has the connection's `search_path`. */
export type CatalogRows = (sql: string, params?: readonly string[]) => Promise<readonly CatalogRow[]>;

/** Relations that `table` ($1, found through the search path) or `schema.table` names; both names may hold dots. */
export const RELATIONS = `
  SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
    (n.nspname = ANY (current_schemas(false)))::text AS listed,
    has_schema_privilege(n.oid, 'USAGE')::text AS usable,
    (has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT'))::text AS readable,
    has_table_privilege(c.oid, 'DELETE')::text AS deletable,
    c.reltuples::text AS rows,
    current_user::text AS "user"
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND ((c.relname = $1 AND n.nspname = ANY (current_schemas(false))) OR n.nspname || '.' || c.relname = $1)
  ORDER BY array_position(current_schemas(false), n.nspname) NULLS LAST, n.nspname`;

/** Tables to suggest where none is found. */
export const TABLES = `
  SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END AS name,
    array_to_string(current_schemas(false), ', ') AS path
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  ORDER BY pg_table_is_visible(c.oid) DESC, 1 LIMIT 500`;

/** Columns of the table with oid $1; a domain as what it is made of. `format_type(.., -1)`: a cast to it cuts nothing off. */
export const COLUMNS = `
  WITH RECURSIVE made AS (
    SELECT a.attnum, a.atttypid AS type, a.atttypmod AS modifier, a.attnotnull AS refuses_null, false AS has_default, 0 AS depth
    FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT m.attnum, t.typbasetype, t.typtypmod, m.refuses_null OR t.typnotnull, m.has_default OR t.typdefault IS NOT NULL, m.depth + 1
    FROM made AS m JOIN pg_catalog.pg_type AS t ON t.oid = m.type WHERE t.typtype = 'd'
  )
  SELECT DISTINCT ON (a.attnum) a.attname AS name, format_type(a.atttypid, a.atttypmod) AS native,
    t.typname AS base, format_type(m.type, m.modifier) AS modified, format_type(m.type, -1) AS plain,
    CASE WHEN t.typcategory = 'A' THEN 'a' ELSE t.typtype::text END AS kind,
    m.refuses_null::text AS refuses_null, (m.has_default OR a.atthasdef)::text AS has_default,
    a.attidentity::text AS identity, a.attgenerated::text AS generated,
    has_column_privilege(a.attrelid, a.attnum, 'SELECT')::text AS may_select,
    has_column_privilege(a.attrelid, a.attnum, 'INSERT')::text AS may_insert,
    has_column_privilege(a.attrelid, a.attnum, 'UPDATE')::text AS may_update,
    (SELECT jsonb_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = m.type)::text AS labels
  FROM made AS m
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = $1::oid AND a.attnum = m.attnum
  JOIN pg_catalog.pg_type AS t ON t.oid = m.type
  ORDER BY a.attnum, m.depth DESC`;

/** Sets of columns that a record can be known by: what `ON CONFLICT` accepts, so no deferrable, partial or expression index. */
export const UNIQUE_KEYS = `
  SELECT i.indisprimary::text AS is_primary, (
    SELECT jsonb_agg(a.attname ORDER BY k.place)
    FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    WHERE k.place <= i.indnkeyatts)::text AS columns
  FROM pg_catalog.pg_index AS i
  WHERE i.indrelid = $1::oid AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
  ORDER BY i.indisprimary DESC, i.indexrelid`;

/** Foreign keys of one column, and checks of one column. */
export const CONSTRAINTS = `
  SELECT c.contype::text AS type, a.attname AS field, pg_get_constraintdef(c.oid) AS definition, p.attname AS target,
    n.nspname AS parent_schema, r.relname AS parent,
    CASE WHEN c.contype = 'f' THEN CASE WHEN pg_table_is_visible(c.confrelid) THEN r.relname ELSE n.nspname || '.' || r.relname END END AS object
  FROM pg_catalog.pg_constraint AS c
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
  LEFT JOIN pg_catalog.pg_attribute AS p ON p.attrelid = c.confrelid AND p.attnum = c.confkey[1]
  LEFT JOIN pg_catalog.pg_class AS r ON r.oid = c.confrelid
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = r.relnamespace
  WHERE c.conrelid = $1::oid AND c.contype IN ('f', 'c') AND cardinality(c.conkey) = 1
  ORDER BY c.conname`;
