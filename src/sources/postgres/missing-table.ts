/** A table that a query names and that is not there: what there is instead. */
import { nearest } from '../../nearest.ts';
import type { PgClient } from '../../postgres/client.ts';
import { pgErrorOf } from '../../postgres/errors.ts';

/** Names that are compared, at most. */
const LIMIT = 20_000;

const TABLES = `
  SELECT n.nspname AS schema, c.relname AS name, pg_table_is_visible(c.oid) AS visible
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  ORDER BY c.relname LIMIT ${LIMIT}`;

/** The hint for a missing table; undefined for other errors. The transaction must be one that goes on. */
export async function missingTable(client: PgClient, error: unknown): Promise<string | undefined> {
  const reported = pgErrorOf(error);
  const wanted = reported?.sqlstate === '42P01' ? /^relation "(.+)" does not exist$/.exec(reported.message)?.[1] : undefined;
  if (wanted === undefined) return undefined;
  const tables = (await client.rows(TABLES)).map(({ schema, name, visible }) => ({
    schema: schema ?? '',
    name: name ?? '',
    visible: visible === 't',
  }));
  const elsewhere = tables.filter(({ name }) => name === wanted).map(({ schema }) => schema);
  if (elsewhere.length > 0) {
    const schemas = elsewhere.slice(0, 3).map((schema) => `"${schema}"`);
    return `It is in the schema ${schemas.join(' and ')}: write the schema in front, or set \`schema\` of the connection.`;
  }
  const near = nearest(
    wanted,
    tables.map(({ schema, name, visible }) => (visible ? name : `${schema}.${name}`)),
  );
  return near === undefined ? SCHEMA : `Did you mean "${near}"?`;
}

const SCHEMA = 'Write its schema in front, or set `schema` of the connection.';
