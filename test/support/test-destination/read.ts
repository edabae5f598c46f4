/** Live records of the test-only destination: fetched in pages, like an API's, into a table of the workspace. */
import { VARCHAR } from '@duckdb/node-api';

import type { Column } from '../../../src/canonical/types.ts';
import type { LiveRelation, ReadField, ReadRequest } from '../../../src/destinations/destination.ts';
import { InternalError } from '../../../src/errors.ts';
import type { Workspace } from '../../../src/workspace/workspace.ts';
import type { TestOptions } from './options.ts';
import { changeStore, readStore, type Store, type StoredRecord } from './store.ts';

export async function readRecords(workspace: Workspace, options: TestOptions, request: ReadRequest, table: string): Promise<LiveRelation> {
  const forbidden = request.fields.find(({ field }) => options.unreadable.includes(field));
  if (forbidden !== undefined) throw new InternalError(`the unreadable field ${forbidden.field} was asked for`);
  const names = [...request.key.map((_, index) => `k${index}`), ...request.fields.map((_, index) => `f${index}`), 'remote_id'];
  await workspace.run(`CREATE TEMP TABLE ${table} (${names.map((name) => `${name} VARCHAR`).join(', ')})`);
  const wanted = request.keys === undefined ? undefined : await wantedKeys(workspace, request);
  const store = await readStore(options.file);
  const records = (store.objects[request.object] ?? []).filter(
    (record) => wanted === undefined || wanted.has(keyOf(record, request.key, options)),
  );
  const rows = records.map((record) => [
    ...request.key.map((name) => record.values[name] ?? null),
    ...request.fields.map((field) => liveValue(store, record, field)),
    record.id,
  ]);
  await append(workspace, table, rows);
  await changeStore(options.file, (current) => ({
    ...current,
    calls: [
      ...current.calls,
      { call: 'read', object: request.object, records: records.length, fields: request.fields.map(({ field }) => field) },
    ],
  }));
  return { from: `temp.main.${table}`, columns: names.map((name): Column => ({ name, type: 'VARCHAR' })) };
}

async function wantedKeys(workspace: Workspace, request: ReadRequest): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  for await (const rows of workspace.stream(`SELECT ${request.key.map((_, index) => `k${index}`).join(', ')} FROM ${request.keys ?? ''}`)) {
    for (const row of rows) keys.add(JSON.stringify(Object.values(row)));
  }
  return keys;
}

/** A record's key in the form in which keys are compared. */
function keyOf(record: StoredRecord, key: readonly string[], options: TestOptions): string {
  const fold = (text: string): string => (options.textRules.caseInsensitiveKeys === true ? text.toLowerCase() : text);
  return JSON.stringify(key.map((name) => fold(record.values[name] ?? '')));
}

/** A reference is stored as an id and read as the key of the record it points at. */
function liveValue(store: Store, record: StoredRecord, { field, reference }: ReadField): string | null {
  const value = record.values[field] ?? null;
  if (reference === undefined || value === null) return value;
  const parent = (store.objects[reference.object] ?? []).find((each) => each.id === value);
  return parent?.values[reference.key] ?? `#${value}`;
}

async function append(workspace: Workspace, table: string, rows: readonly (readonly (string | null)[])[]): Promise<void> {
  const appender = await workspace.connection.createAppender(table, 'main', 'temp');
  for (const row of rows) {
    for (const value of row) {
      if (value === null) appender.appendNull();
      else appender.appendValue(value, VARCHAR);
    }
    appender.endRow();
  }
  appender.closeSync();
}
