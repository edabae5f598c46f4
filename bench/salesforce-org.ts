/**
 * A Salesforce sandbox as a process of its own: `node bench/salesforce-org.ts [DATABASE]`. Prints one line of JSON, its address and
 * credentials; records of the DuckDB file's table `rows` are in it from the start. Ends with its standard input.
 */
import { DuckDBInstance } from '@duckdb/node-api';

import { startSandbox } from '../src/sandbox/salesforce/index.ts';
import type { FieldDef } from '../src/sandbox/salesforce/schema.ts';
import { COLUMNS } from './data.ts';
import { FIELD_OF, OBJECT } from './salesforce-project.ts';

const NUMBER: FieldDef = { type: 'double', precision: 18, scale: 6 };
const TYPES: Readonly<Partial<Record<(typeof COLUMNS)[number], FieldDef>>> = {
  id: { type: 'string', length: 40, externalId: true, unique: true, caseSensitive: true },
  account_id: NUMBER,
  age: NUMBER,
  ltv: NUMBER,
  score: NUMBER,
  created_at: { type: 'datetime' },
  updated_at: { type: 'datetime' },
  email: { type: 'email' },
};

const fields = Object.fromEntries(
  COLUMNS.map((name): [string, FieldDef] => [FIELD_OF(name), TYPES[name] ?? { type: 'string', length: 80 }]),
);
const sandbox = await startSandbox({ schema: { [OBJECT]: { fields } }, dailyApiRequests: 1_000_000 });
const [database] = process.argv.slice(2);
if (database !== undefined) await load(database);
const { clientId, clientSecret } = sandbox.credentials;
console.log(JSON.stringify({ url: sandbox.url, clientId, clientSecret }));
process.stdin.resume().on('end', () => void sandbox[Symbol.asyncDispose]().then(() => process.exit(0)));

async function load(path: string): Promise<void> {
  const instance = await DuckDBInstance.create(path, { access_mode: 'read_only' });
  const connection = await instance.connect();
  const cells = COLUMNS.map((name) =>
    name.endsWith('_at') ? `strftime(${name}, '%Y-%m-%dT%H:%M:%SZ') AS ${name}` : `CAST(${name} AS VARCHAR) AS ${name}`,
  );
  for await (const rows of await connection.stream(`SELECT ${cells.join(', ')} FROM rows`)) {
    for (const row of rows.getRowObjects(COLUMNS)) {
      sandbox.org.insert(OBJECT, Object.fromEntries(Object.entries(row).map(([name, value]) => [FIELD_OF(name), value as string | null])));
    }
  }
  connection.closeSync();
  instance.closeSync();
}
