/** What cannot be had for less, each in a process of its own: `node bench/floor.ts scan|insert ...`. */
import { rmSync } from 'node:fs';

import { DuckDBInstance } from '@duckdb/node-api';

import { COLUMNS } from './data.ts';

const [what = '', first = '', second = '', memory = '1GB'] = process.argv.slice(2);
const instance = await DuckDBInstance.create(':memory:', { memory_limit: memory, threads: '2', preserve_insertion_order: 'false' });
const connection = await instance.connect();
const names = COLUMNS.join(', ');
const started = performance.now();
if (what === 'scan') {
  // Scanning and hashing both sides, nothing compared.
  await connection.run(`ATTACH '${first}' AS a (READ_ONLY)`);
  await connection.run(`ATTACH '${second}' AS b (READ_ONLY)`);
  await connection.run(`SELECT bit_xor(hash(${names})) FROM a.rows`);
  await connection.run(`SELECT bit_xor(hash(${names})) FROM b.rows`);
} else {
  // The rows, and a state of key, hash and JSON beside them, without a plan, a journal or a check.
  rmSync(second, { force: true });
  await connection.run(`ATTACH '${first}' AS a (READ_ONLY)`);
  await connection.run(`ATTACH '${second}' AS b`);
  await connection.run('CREATE TABLE b.rows AS SELECT * FROM a.rows LIMIT 0');
  await connection.run('INSERT INTO b.rows SELECT * FROM a.rows');
  const members = COLUMNS.map((name) => `'${name}', CAST(${name} AS VARCHAR)`).join(', ');
  await connection.run(
    `CREATE TABLE b.state AS SELECT hash(id) AS key_hash, hash(${names}) AS row_hash, id AS key, CAST(json_object(${members}) AS VARCHAR) AS sent FROM a.rows`,
  );
  await connection.run('DETACH b');
}
console.log(Math.round(performance.now() - started));
connection.closeSync();
instance.closeSync();
