/**
 * The comparison with base where both live, in two jobs. The first runs the model once, lets its rows meet the records on the
 * row hash, and leaves what met nothing in a table that expires; of base it reads keys and hashes only. The second fetches the
 * records of those keys. Rows whose key stands twice all travel, and so do their records. Keys are compared in the workspace,
 * which alone knows their canonical form.
 */
import { join } from 'node:path';

import type { TableRef } from '../../bigquery/client.ts';
import { BigQueryError } from '../../bigquery/errors.ts';
import { UserError } from '../../errors.ts';
import { bigqueryDialect } from '../../sql/bigquery.ts';
import type { BaseTable } from '../../workspace/base-table.ts';
import { ident, literal } from '../../workspace/quote.ts';
import type { Relation, Workspace } from '../../workspace/workspace.ts';
import type { Comparison } from '../source.ts';
import { LINES_ABOVE, loadedRows, type Passage } from './extract.ts';
import type { JobLine } from './job-line.ts';

export interface CompareRequest {
  /** The query's rows with their hashes. */
  readonly passage: Passage;
  readonly base: BaseTable;
  readonly settled: string;
  /** Columns of the passage that make the key. */
  readonly key: readonly string[];
  /** Keeps the tables of several comparisons apart. */
  readonly prefix: string;
}

/** Keys that go along with a statement; more come by a table. BigQuery prunes blocks by keys that stand in the statement. */
const FEW_KEYS = 5_000;
/** How long a table of ours lives if nobody deletes it. */
const KEPT_HOURS = 6;

export async function compareWithBase(line: JobLine, request: CompareRequest): Promise<Comparison> {
  const { base, passage, prefix } = request;
  const { client, workspace } = line;
  const scratch = scratchTable(line, base, prefix);
  const met = `${prefix}_met`;
  try {
    const [counts = {}] = await client.values(await line.run(comparison(request, scratch)));
    await fetched(client.rows(scratch, workspace, met), scratch);
    await workspace.run(
      `CREATE TEMP TABLE ${ident(`${prefix}_places`)} AS SELECT DISTINCT place AS key FROM ${ident(met)} WHERE place IS NOT NULL`,
    );
    const serial = counts['serial_before'] === counts['serial_after'] ? Number(counts['serial_before']) : -1;
    const records = await recordsOf(line, base, { keys: ident(`${prefix}_places`), table: `${prefix}_records`, by: scratch, serial });
    return {
      rows: Number(counts['rows_of_query']),
      compared: Number(counts['compared']),
      serial,
      desired: loadedRows(passage, met, 'row_hash IS NOT NULL'),
      records,
    };
  } finally {
    await client.tables.delete(scratch);
  }
}

/** A table of ours lives for hours; somebody may drop it sooner. */
async function fetched(rows: Promise<number>, { dataset, table }: TableRef): Promise<void> {
  try {
    await rows;
  } catch (error) {
    if (!(error instanceof BigQueryError) || error.reason !== 'notFound') throw error;
    throw new UserError(`the result of the comparison is gone: ${dataset}.${table}`, {
      hint: `Sluice's own tables there must live for ${KEPT_HOURS} hours. Plan again.`,
    });
  }
}

/** One script: the model runs once. */
function comparison({ passage, base, settled, key }: CompareRequest, scratch: TableRef): string {
  const columns = passage.names.map((name) => `m.${name}`);
  const copies = `COUNT(*) OVER (PARTITION BY ${key.join(', ')}) AS copies`;
  return `DECLARE serial_before STRING DEFAULT (${base.serial});
CREATE TEMP TABLE model AS SELECT *, ${copies} FROM (
${passage.select}
);
CREATE OR REPLACE TABLE ${quoted(scratch)} OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL ${KEPT_HOURS} HOUR)) AS
SELECT ${columns.join(', ')}, b.place
FROM model AS m
FULL JOIN (${hashesOf(base, settled)}) AS b ON b.row_hash = m.row_hash
WHERE b.place IS NULL OR m.row_hash IS NULL OR m.copies > 1;
SELECT serial_before, (${base.serial}) AS serial_after, (SELECT COUNT(*) FROM model) AS rows_of_query,
  (SELECT COUNT(*) FROM ${base.table} WHERE NOT (${settled})) AS compared;`;
}

/** What the comparison reads of base. */
export function hashesOf(base: BaseTable, settled: string): string {
  return `SELECT key AS place, row_hash FROM ${base.table} WHERE NOT (${settled})`;
}

/** Lines that the script has in front of the user's query. */
export function linesAbove({ serial }: BaseTable): number {
  return serial.split('\n').length + 1 + LINES_ABOVE;
}

/** Records of base with the keys of a workspace table. Mostly there are none, and then only keys were read. */
export async function lookUpRecords(line: JobLine, base: BaseTable, { keys, table }: { keys: string; table: string }): Promise<Relation> {
  if ((await line.workspace.count(`SELECT count(*) FROM ${keys}`)) === 0) return noRecords(line.workspace, base, table);
  const scratch = scratchTable(line, base, table);
  const listed = await listOf(line, keys);
  try {
    if (listed === undefined) await upload(line, keys, scratch);
    const found = await line.run(`SELECT key FROM ${base.table} WHERE key IN ${among(listed, scratch)}`, paramsOf(listed));
    const hits = `${table}_hits`;
    await line.client.rows(found, line.workspace, hits);
    return await recordsOf(line, base, { keys: ident(hits), table, by: scratch, serial: undefined });
  } finally {
    if (listed === undefined) await line.client.tables.delete(scratch);
  }
}

interface Wanted {
  /** Table of the workspace with the column `key`. */
  readonly keys: string;
  readonly table: string;
  /** Table of BigQuery with the keys in `place`, for when they are many. */
  readonly by: TableRef;
  /** That the records must belong to; undefined: nobody asks. */
  readonly serial: number | undefined;
}

async function recordsOf(line: JobLine, base: BaseTable, { keys, table, by, serial }: Wanted): Promise<Relation> {
  const { client, workspace } = line;
  if ((await workspace.count(`SELECT count(*) FROM ${keys}`)) === 0) return noRecords(workspace, base, table);
  const listed = await listOf(line, keys);
  const columns = base.columns.map(({ name }) => bigqueryDialect.ident(name)).join(', ');
  const select = `SELECT ${columns}, (${base.serial}) AS sluice_serial FROM ${base.table} WHERE key IN ${among(listed, by)}`;
  await client.rows(await line.run(select, paramsOf(listed)), workspace, table);
  const moved = await workspace.count(`SELECT count(*) FROM ${ident(table)} WHERE sluice_serial IS DISTINCT FROM $serial`, {
    serial: String(serial),
  });
  if (serial !== undefined && serial >= 0 && moved > 0) {
    throw new UserError('the state of the sync moved while this plan was made: another run ended', { hint: 'Plan again.' });
  }
  return loadedRecords(base, table);
}

async function noRecords(workspace: Workspace, base: BaseTable, table: string): Promise<Relation> {
  await workspace.run(
    `CREATE TEMP TABLE ${ident(table)} (${base.columns.map(({ name, loaded }) => `${ident(name)} ${loaded}`).join(', ')})`,
  );
  return loadedRecords(base, table);
}

function loadedRecords(base: BaseTable, table: string): Relation {
  return {
    columns: base.columns.map(({ name, loaded }) => ({ name, type: loaded })),
    from: `(SELECT ${base.columns.map(({ name, value }) => `${value} AS ${ident(name)}`).join(', ')} FROM ${ident(table)})`,
  };
}

/** The keys themselves when they are few; undefined: they come by a table. */
async function listOf({ workspace }: JobLine, keys: string): Promise<readonly string[] | undefined> {
  const rows = await workspace.rows(`SELECT key FROM ${keys} LIMIT ${FEW_KEYS + 1}`);
  return rows.length > FEW_KEYS ? undefined : rows.map((row) => String(row['key']));
}

function among(listed: readonly string[] | undefined, table: TableRef): string {
  return listed === undefined ? `(SELECT place FROM ${quoted(table)} WHERE place IS NOT NULL)` : 'UNNEST(@keys)';
}

function paramsOf(listed: readonly string[] | undefined): { keys: readonly string[] } | undefined {
  return listed === undefined ? undefined : { keys: listed };
}

async function upload({ client, workspace, labels, nonce }: JobLine, keys: string, scratch: TableRef): Promise<void> {
  const file = join(workspace.folder, `${scratch.table}.parquet`);
  await workspace.run(`COPY (SELECT key AS place FROM ${keys}) TO ${literal(file)} (FORMAT parquet)`);
  const schema = [{ name: 'place', type: 'STRING' }];
  await client.tables.create(scratch, { schema, expirationMs: KEPT_HOURS * 3_600_000 });
  await client.load(scratch, file, {
    format: 'PARQUET',
    schema,
    writeDisposition: 'WRITE_TRUNCATE',
    labels,
    idempotencyKey: JSON.stringify([nonce, scratch.table]),
  });
}

/** In the connection's scratch dataset, else beside the state, which is the user's to be written. */
function scratchTable({ client, nonce }: JobLine, base: BaseTable, name: string): TableRef {
  const dataset = client.options.scratchDataset ?? base.table.replaceAll('`', '').split('.').at(-2) ?? '';
  return { project: client.project, dataset, table: `sluice_scratch_${nonce}_${name}` };
}

function quoted({ project = '', dataset, table }: TableRef): string {
  return bigqueryDialect.qualified(project, dataset, table);
}
