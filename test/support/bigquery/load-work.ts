/** Load jobs: a file becomes rows of a table, all of them or none. */
import { stat, writeFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Field, TableEntry } from './engine.ts';
import { ApiError } from './errors.ts';
import type { Job, JobReference, Outcome } from './job.ts';
import { fieldsOf, readError, reading } from './load-read.ts';
import { parseLoad, type LoadRequest } from './load-request.ts';
import type { Labels } from './query-jobs.ts';
import { writable } from './query-work.ts';
import { duckdbName } from './sql/names.ts';
import { tableBytes } from './sql/index.ts';
import { makeTable } from './tables.ts';
import type { Call, World } from './world.ts';

export async function insertLoad(
  world: World,
  call: Call,
  reference: JobReference,
  body: unknown,
  labels: Labels,
  data: Buffer,
): Promise<Job> {
  const request = parseLoad(body, world.project);
  const file = join(world.folder, `${reference.jobId.slice(0, 100)}-${world.now()}.${EXTENSIONS[request.format]}`);
  const configuration = {
    load: { ...(body as object), destinationTable: request.ref, sourceFormat: request.format },
    ...(labels === undefined ? {} : { labels }),
    jobType: 'LOAD',
  } as const;
  const work = async (): Promise<Outcome> => {
    await writeFile(file, data);
    try {
      return await loadFile(world, request, file);
    } finally {
      await rm(file, { force: true });
    }
  };
  return world.jobs.insert(reference, configuration, work, call.jobFault);
}

const EXTENSIONS: Readonly<Record<LoadRequest['format'], string>> = { CSV: 'csv', NEWLINE_DELIMITED_JSON: 'json', PARQUET: 'parquet' };

/** Loads a file that lies on this machine. */
export async function loadFile(world: World, request: LoadRequest, file: string): Promise<Outcome> {
  const { ref, write, create } = request;
  const exists = await writable(world, ref, write, create);
  const before = exists ? world.catalog.table(ref) : undefined;
  const fields = request.fields ?? keptFields(before) ?? (await fieldsOf(world, request, file));
  const select = await reading(world, request, file, fields);
  const staged = await stage(world, select, fields);
  try {
    const entry = await target(world, request, before, fields);
    await world.duckdb.run(`INSERT INTO ${entry.duckdb} BY NAME SELECT * FROM ${STAGED}`);
    world.catalog.touch(ref);
    return {
      bytes: 0n,
      billed: 0n,
      rowCount: 0,
      referencedTables: [],
      load: { inputFileBytes: (await stat(file)).size, outputRows: staged, outputBytes: await tableBytes(world.duckdb, entry) },
    };
  } finally {
    await world.duckdb.run(`DROP TABLE IF EXISTS ${STAGED}`);
  }
}

/** Rows are converted here first: a bad one leaves the table as it was. */
const STAGED = 'temp.main."$load"';

async function stage(world: World, select: string, fields: readonly Field[]): Promise<number> {
  try {
    const result = await world.duckdb.runAndReadAll(`CREATE OR REPLACE TEMP TABLE "$load" AS ${select}`);
    const rows = Number(result.value(0, 0));
    for (const { name } of fields.filter(({ mode }) => mode === 'REQUIRED')) await refuseNulls(world, name);
    return rows;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw readError(error instanceof Error ? error.message : String(error));
  }
}

async function refuseNulls(world: World, name: string): Promise<void> {
  const column = `"${name.replaceAll('"', '""')}"`;
  const reader = await world.duckdb.runAndReadAll(`SELECT count(*) FROM ${STAGED} WHERE ${column} IS NULL`);
  if (Number(reader.value(0, 0)) > 0) throw readError(`Missing required field: ${name}.`);
}

/** Columns of a table that was made without any come with the first load. */
function keptFields(before: TableEntry | undefined): readonly Field[] | undefined {
  return before === undefined || before.fields.length === 0 ? undefined : before.fields;
}

async function target(world: World, request: LoadRequest, before: TableEntry | undefined, fields: readonly Field[]): Promise<TableEntry> {
  const { ref, write, clustering } = request;
  if (before !== undefined && write !== 'WRITE_TRUNCATE' && before.fields.length > 0) {
    checkSchema(request, before);
    return before;
  }
  const entry = { ...before, ref, duckdb: duckdbName(ref), fields, modesShown: true };
  return makeTable(world, { ...entry, ...(clustering === undefined ? {} : { clustering }) });
}

/** A schema in the request must be that of the table. */
function checkSchema({ fields, ref }: LoadRequest, before: TableEntry): void {
  if (fields === undefined) return;
  const name = ({ name: column }: Field): string => column.toLowerCase();
  for (const field of fields) {
    const column = before.fields.find((each) => name(each) === name(field));
    const table = `${ref.projectId}:${ref.datasetId}.${ref.tableId}`;
    if (column === undefined)
      throw new ApiError('invalid', `Provided Schema does not match Table ${table}. Cannot add fields (field: ${field.name})`);
    if (column.type !== field.type) {
      throw new ApiError(
        'invalid',
        `Provided Schema does not match Table ${table}. Field ${field.name} has changed type from ${column.type} to ${field.type}`,
      );
    }
  }
}
