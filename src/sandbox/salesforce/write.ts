/** What one write of the API does to the org: validates like Salesforce, stores, and says what happened, row by row. */
import { derive } from './automation.ts';
import { toId18 } from './ids.ts';
import type { Org } from './org.ts';
import { noKey, type ParsedRow, parseRow, type Row } from './parse-row.ts';
import type { StoredRecord } from './record.ts';
import type { FieldDescribe } from './schema.ts';
import { Refusal } from './reply.ts';
import { keyOf } from './table.ts';
import type { SandboxUser } from './users.ts';
import { checkAllowed, cleared, duplicate, missing, notWritable, type Parties, resolve } from './write-checks.ts';
import { failed, type WriteOp, type WriteOptions, type WriteResult } from './write-result.ts';

interface Writing extends Parties {
  readonly undo: (() => void)[];
}

/** Up to 200 rows, as one transaction of Salesforce takes them. Throws `Refusal` for what refuses the request as a whole. */
export function writeRows(
  org: Org,
  user: SandboxUser | undefined,
  op: WriteOp,
  object: string,
  rows: readonly Row[],
  options: WriteOptions,
): readonly WriteResult[] {
  // prettier-ignore
  const table = org.tableFor(object, user);
  const writing: Writing = { org, user, table, options, undo: [] };
  const context = { table, tableOf: (name: string) => org.table(name), user, text: options.text === true };
  const key = op === 'upsert' ? upsertKey(writing) : undefined;
  const parsed = rows.map((row) => parseRow(row, context));
  const twice = key === undefined ? new Set<string>() : repeated(parsed, key);
  const results = parsed.map((row) => writeRow(writing, op, row, key, twice));
  return options.allOrNone === true && results.some(({ success }) => !success) ? rollBack(writing, results) : results;
}

function upsertKey({ table, options }: Writing): FieldDescribe {
  const field = table.field(options.externalIdField ?? '');
  if (field === undefined || !(field.externalId || field.idLookup)) throw noKey(options.externalIdField ?? '', table.name);
  return field;
}

/** Keys that more than one row of the request has: Salesforce refuses all of those rows. */
function repeated(rows: readonly ParsedRow[], key: FieldDescribe): ReadonlySet<string> {
  const [seen, twice] = [new Set<string>(), new Set<string>()];
  for (const row of rows) {
    const value = row.values.get(key) ?? null;
    if (value === null) continue;
    const normal = keyOf(key, value);
    (seen.has(normal) ? twice : seen).add(normal);
  }
  return twice;
}

function rollBack({ undo }: Writing, results: readonly WriteResult[]): readonly WriteResult[] {
  for (const step of undo.reverse()) step();
  const message = 'Record rolled back because not all records were valid and the request was using AllOrNone header';
  return results.map((result) => (result.success ? failed('ALL_OR_NONE_OPERATION_ROLLED_BACK', message) : result));
}

function writeRow(writing: Writing, op: WriteOp, row: ParsedRow, key: FieldDescribe | undefined, twice: ReadonlySet<string>): WriteResult {
  const [error] = row.errors;
  if (error !== undefined) return { success: false, errors: [error] };
  switch (op) {
    case 'insert':
      if (row.id !== undefined) return failed('INVALID_FIELD_FOR_INSERT_UPDATE', 'cannot specify Id in an insert call', ['Id']);
      return create(writing, row);
    case 'update':
      return withRecord(writing, row.id, 'update', (record) => change(writing, record, row));
    case 'delete':
    case 'hardDelete':
      return withRecord(writing, row.id, 'delete', (record) => remove(writing, record, op === 'hardDelete'));
    case 'upsert':
      return upsert(writing, row, key, twice);
  }
}

function withRecord({ table }: Writing, id: string | undefined, verb: string, work: (record: StoredRecord) => WriteResult): WriteResult {
  if (id === undefined) return failed('MISSING_ARGUMENT', `Id not specified in an ${verb} call`);
  const id18 = toId18(id);
  if (id18 === undefined) return failed('MALFORMED_ID', `${verb === 'delete' ? 'malformed id' : 'Record ID: id value of incorrect type:'} ${id}`, verb === 'delete' ? [] : ['Id']); // prettier-ignore
  const record = table.records.get(id18);
  if (record === undefined) return failed('INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id');
  return record.isDeleted ? failed('ENTITY_IS_DELETED', 'entity is deleted') : work(record);
}

function upsert(writing: Writing, row: ParsedRow, key: FieldDescribe | undefined, twice: ReadonlySet<string>): WriteResult {
  if (key === undefined || key.type === 'id') return upsertById(writing, row);
  if (row.id !== undefined) return failed('INVALID_FIELD_FOR_INSERT_UPDATE', 'cannot specify Id in an upsert call by external id', ['Id']);
  const value = row.values.get(key) ?? null;
  if (value === null) return failed('MISSING_ARGUMENT', `${key.name} not specified`);
  if (twice.has(keyOf(key, value))) return failed('DUPLICATE_VALUE', `Duplicate external id specified: ${value}`, [key.name]);
  const found = writing.table.findLive(key, value);
  if (found.length > 1) {
    return failed('DUPLICATE_EXTERNAL_ID', `${key.label}: more than one record found for external id field: [${found.map(({ id }) => id).join(', ')}]`, [key.name]); // prettier-ignore
  }
  const [record] = found;
  if (record === undefined && writing.org.binHoldsKeys && writing.table.find(key, value).length > 0)
    return failed('ENTITY_IS_DELETED', 'entity is deleted');
  const result = record === undefined ? create(writing, row) : change(writing, record, row, key);
  return result.success ? { ...result, created: record === undefined } : result;
}

function upsertById(writing: Writing, row: ParsedRow): WriteResult {
  const result =
    row.id === undefined ? create(writing, row) : withRecord(writing, row.id, 'update', (record) => change(writing, record, row));
  return result.success ? { ...result, created: row.id === undefined } : result;
}

function create(writing: Writing, row: ParsedRow): WriteResult {
  const { org, table, user } = writing;
  checkAllowed(writing, 'createable');
  const resolved = resolve(writing, row);
  if ('errors' in resolved) return resolved;
  const refusal = notWritable(writing, resolved.values, 'createable') ?? missing(table, resolved.values);
  if (refusal !== undefined) return refusal;
  const record = table.make(org.stamp(user));
  for (const [name, value] of table.defaults) record.set(name, value);
  if (table.field('OwnerId') !== undefined) record.set('OwnerId', ownerOf(writing));
  const stopped = store(writing, record, resolved.values);
  if (stopped !== undefined) return stopped;
  table.records.set(record.id, record);
  table.enter(record);
  writing.undo.push(() => {
    table.leave(record);
    table.records.delete(record.id);
  });
  return { id: record.id, success: true, errors: [] };
}

function ownerOf({ org, table, user, options }: Writing): string {
  const { autoAssign } = options;
  const { owner, rule } = org.automation(table.name);
  if (typeof autoAssign === 'string' && autoAssign !== rule) throw new Refusal(501, 'NOT_IN_SANDBOX', `The sandbox has no assignment rule ${autoAssign}.`); // prettier-ignore
  return (autoAssign === undefined || autoAssign === false ? undefined : owner) ?? org.stamp(user).by;
}

/** `key`: of an upsert; it has found the record and is not written. */
function change(writing: Writing, record: StoredRecord, row: ParsedRow, key?: FieldDescribe): WriteResult {
  const { table, org, user } = writing;
  checkAllowed(writing, 'updateable');
  const resolved = resolve(writing, row);
  if ('errors' in resolved) return resolved;
  const values = new Map(resolved.values);
  if (key !== undefined) values.delete(key);
  const refusal = notWritable(writing, values, 'updateable') ?? cleared(table, values);
  if (refusal !== undefined) return refusal;
  const restore = record.keep();
  table.leave(record);
  const stopped = store(writing, record, values);
  if (stopped === undefined) record.modified = org.stamp(user);
  else restore();
  table.enter(record);
  if (stopped !== undefined) return stopped;
  writing.undo.push(() => {
    table.leave(record);
    restore();
    table.enter(record);
  });
  return { id: record.id, success: true, errors: [] };
}

function remove(writing: Writing, record: StoredRecord, forGood: boolean): WriteResult {
  const { table, org, user, undo } = writing;
  checkAllowed(writing, 'deletable');
  const restore = record.keep();
  record.isDeleted = true;
  record.modified = org.stamp(user);
  if (forGood) org.forget(record);
  undo.push(() => {
    restore();
    if (!forGood) return;
    table.records.set(record.id, record);
    table.enter(record);
  });
  return { id: record.id, success: true, errors: [] };
}

/** Puts the values into the record, then what the org's own automation does with it. The record is not findable meanwhile. */
function store(writing: Writing, record: StoredRecord, values: ReadonlyMap<FieldDescribe, string | null>): WriteResult | undefined {
  const { org, table, options } = writing;
  for (const [field, value] of values) record.set(field.name, value);
  derive(table, record);
  const automation = org.automation(table.name);
  automation.runWorkflows(record);
  const rule = automation.brokenRule(record);
  if (rule !== undefined) return failed('FIELD_CUSTOM_VALIDATION_EXCEPTION', rule);
  if (options.allowDuplicates !== true && automation.findsDuplicate(table, record))
    return failed('DUPLICATES_DETECTED', 'Use one of these records?');
  return duplicate(table, record);
}
