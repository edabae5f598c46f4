/** Copy jobs. */
import { tableNotFound } from './errors.ts';
import type { Job, JobReference, Outcome } from './job.ts';
import type { Labels } from './query-jobs.ts';
import { disposition, tableRef, type Destination } from './query-request.ts';
import { rowCount, writable } from './query-work.ts';
import { duckdbName } from './sql/names.ts';
import { checkBody, type Known } from './strict.ts';
import type { Call, World } from './world.ts';

const COPY: Known = {
  names: ['sourceTable', 'destinationTable', 'writeDisposition', 'createDisposition'],
  lacking: ['sourceTables', 'operationType', 'destinationEncryptionConfiguration', 'destinationExpirationTime'],
};

export async function insertCopy(world: World, call: Call, reference: JobReference, value: unknown, labels: Labels): Promise<Job> {
  const body = checkBody(value, 'job.configuration.copy', COPY);
  const configuration = { copy: body, ...(labels === undefined ? {} : { labels }), jobType: 'COPY' } as const;
  return world.jobs.insert(reference, configuration, async () => copyTable(world, body), call.jobFault);
}

async function copyTable(world: World, body: Readonly<Record<string, unknown>>): Promise<Outcome> {
  const source = tableRef(body['sourceTable'], world.project, 'job.configuration.copy.source_table');
  const ref = tableRef(body['destinationTable'], world.project, 'job.configuration.copy.destination_table');
  const write = disposition(body['writeDisposition'], [
    'WRITE_EMPTY',
    'WRITE_TRUNCATE',
    'WRITE_APPEND',
  ] as const) satisfies Destination['write'];
  const create = disposition(body['createDisposition'], ['CREATE_IF_NEEDED', 'CREATE_NEVER'] as const);
  const from = world.catalog.table(source);
  if (from === undefined) throw tableNotFound(source);
  const exists = await writable(world, ref, write, create);
  const duckdb = duckdbName(ref);
  if (exists && write === 'WRITE_APPEND') {
    await world.duckdb.run(`INSERT INTO ${duckdb} BY NAME SELECT * FROM ${from.duckdb}`);
    world.catalog.touch(ref);
  } else {
    await world.duckdb.run(`CREATE OR REPLACE TABLE ${duckdb} AS SELECT * FROM ${from.duckdb}`);
    const { expirationTime: _expires, ...kept } = from;
    world.catalog.put({ ...kept, ref, duckdb });
  }
  return { bytes: 0n, billed: 0n, rowCount: 0, referencedTables: [], copy: { copiedRows: Number(await rowCount(world, from.duckdb)) } };
}
