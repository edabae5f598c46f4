/** The schema of the state: whether it is there and fits this program, made and brought up to date when something is written. */
import type { PgClient } from '../../postgres/client.ts';
import { PgError } from '../../postgres/errors.ts';
import { UserError } from '../../errors.ts';
import { ident } from '../../workspace/quote.ts';
import { newerSchema, type StatePlace } from './errors.ts';
import { migrations, SCHEMA_FORMAT, type Tables } from './tables.ts';

/** Whether there is state to read. Throws when a newer Sluice made it. */
export async function schemaIsThere(client: PgClient, tables: Tables, place: StatePlace): Promise<boolean> {
  const format = await formatOf(client, tables, place);
  // What an older version made and nobody has written to since is not brought up to date by readers.
  if (format !== undefined && format < SCHEMA_FORMAT) throw olderSchema(place);
  return format !== undefined;
}

/** Makes the schema and its tables, or adds what they lack. To be run in a transaction; several processes may try at once. */
export async function makeSchema(client: PgClient, tables: Tables, place: StatePlace): Promise<void> {
  if ((await formatOf(client, tables, place)) === SCHEMA_FORMAT) return;
  const found = await client.rows('SELECT 1 FROM pg_namespace WHERE nspname = $1', [tables.schema]);
  if (found.length === 0) await client.run(`CREATE SCHEMA IF NOT EXISTS ${ident(tables.schema)}`);
  await client.run(
    `CREATE TABLE IF NOT EXISTS ${tables.meta} (one boolean PRIMARY KEY DEFAULT true CHECK (one), format integer NOT NULL, changed_at timestamptz NOT NULL)`,
  );
  await client.run(`INSERT INTO ${tables.meta} (format, changed_at) VALUES (0, clock_timestamp()) ON CONFLICT DO NOTHING`);
  const [row] = await client.rows(`SELECT format FROM ${tables.meta} FOR UPDATE`);
  for (const statements of migrations(tables).slice(Number(row?.['format']))) await client.script(statements);
  await client.run(`UPDATE ${tables.meta} SET format = $1, changed_at = clock_timestamp() WHERE format < $1`, [SCHEMA_FORMAT]);
}

/** Undefined when there is none. */
async function formatOf(client: PgClient, tables: Tables, place: StatePlace): Promise<number | undefined> {
  const [found] = await client.rows(
    "SELECT 1 FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = 'meta'",
    [tables.schema],
  );
  if (found === undefined) return undefined;
  const format = Number((await metaRow(client, tables, place))['format'] ?? 0);
  if (format > SCHEMA_FORMAT) throw newerSchema(place, format, SCHEMA_FORMAT);
  return format === 0 ? undefined : format;
}

async function metaRow(client: PgClient, tables: Tables, place: StatePlace): Promise<Readonly<Record<string, string | null>>> {
  try {
    return (await client.rows(`SELECT format FROM ${tables.meta}`))[0] ?? {};
  } catch (error) {
    if (!(error instanceof PgError) || error.sqlstate !== '42703') throw error;
    throw new UserError(`state in ${place.description}: the schema has a table meta that is not Sluice's`, {
      location: place.location,
      hint: 'Name a schema of its own: state: { connection: ..., schema: sluice }.',
      cause: error,
    });
  }
}

function olderSchema(place: StatePlace): UserError {
  return new UserError(`state in ${place.description} was written by an older Sluice`, {
    location: place.location,
    hint: 'The next `sluice apply` brings it up to date.',
  });
}
