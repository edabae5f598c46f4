/** What the role may do with the state, and what it lacks: for `doctor`. */
import type { PgClient, PgRow } from '../../postgres/client.ts';
import { UserError } from '../../errors.ts';
import { ident } from '../../workspace/quote.ts';
import type { StatePlace } from './errors.ts';

/** A right that is missing, and the statement that grants it. */
interface Lack {
  readonly what: string;
  readonly grant: string;
}

/** A sentence when an apply can do all it needs. Throws a `UserError` that names what it lacks. */
export async function checkRights(client: PgClient, place: StatePlace): Promise<string> {
  const [row = {}] = await client.rows(
    `SELECT current_user AS role, current_database() AS database, pg_is_in_recovery() AS replica,
       to_regnamespace($1) IS NOT NULL AS is_there,
       has_database_privilege(current_database(), 'CREATE') AS create_schema, has_database_privilege(current_database(), 'TEMP') AS temp`,
    [ident(place.schema)],
  );
  if (row['replica'] === 't') {
    throw new UserError('the server is a read-only replica', { location: place.location, hint: 'State needs the primary.' });
  }
  const isThere = row['is_there'] === 't';
  const lacks = [...databaseLacks(row, isThere, place.schema), ...(isThere ? await schemaLacks(client, place.schema) : [])];
  if (lacks.length > 0) {
    throw new UserError(`user ${row['role'] ?? ''} lacks ${lacks.map((lack) => lack.what).join(', ')}`, {
      location: place.location,
      hint: `Run: ${lacks.map((lack) => `${lack.grant};`).join(' ')}`,
    });
  }
  return isThere ? 'may be written' : 'will be made by the first apply';
}

function databaseLacks(row: PgRow, isThere: boolean, schema: string): Lack[] {
  const database = ident(row['database'] ?? '');
  const role = ident(row['role'] ?? '');
  const temp = {
    what: `the right to make temporary tables in database ${database}`,
    grant: `GRANT TEMPORARY ON DATABASE ${database} TO ${role}`,
  };
  const make = { what: `the right to make the schema ${schema}`, grant: `CREATE SCHEMA ${ident(schema)} AUTHORIZATION ${role}` };
  return [...(row['temp'] === 't' ? [] : [temp]), ...(isThere || row['create_schema'] === 't' ? [] : [make])];
}

async function schemaLacks(client: PgClient, schema: string): Promise<Lack[]> {
  const [row = {}] = await client.rows(
    `SELECT current_user AS role, has_schema_privilege($1, 'USAGE') AS usage, has_schema_privilege($1, 'CREATE') AS make`,
    [schema],
  );
  const role = ident(row['role'] ?? '');
  const onSchema = (['usage', 'make'] as const)
    .filter((right) => row[right] !== 't')
    .map((right) => (right === 'make' ? 'CREATE' : 'USAGE'))
    .map((right) => ({ what: `${right} on schema ${schema}`, grant: `GRANT ${right} ON SCHEMA ${ident(schema)} TO ${role}` }));
  return [...onSchema, ...(row['usage'] === 't' ? await tableLacks(client, schema, role) : [])];
}

/** Tables of runs and records come and go, which only their owner may do. */
async function tableLacks(client: PgClient, schema: string, role: string): Promise<Lack[]> {
  const rows = await client.rows(
    `SELECT c.relname AS name, pg_has_role(c.relowner, 'USAGE') AS owned, pg_get_userbyid(c.relowner) AS owner
     FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relkind IN ('r', 'S') AND NOT (CASE WHEN c.relname ~ '^(records|intents)_[0-9]+$' THEN pg_has_role(c.relowner, 'USAGE')
       WHEN c.relkind = 'S' THEN has_sequence_privilege(c.oid, 'USAGE')
       ELSE has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE') END)
     ORDER BY 1`,
    [schema],
  );
  if (rows.length === 0) return [];
  const owners = [...new Set(rows.map((row) => row['owner'] ?? ''))];
  return [
    {
      what: `ownership of ${rows.length === 1 ? `table ${rows[0]?.['name'] ?? ''}` : `${rows.length} tables`} in schema ${schema}, made by ${owners.join(', ')}`,
      grant: owners.map((owner) => `GRANT ${ident(owner)} TO ${role}`).join('; '),
    },
  ];
}
