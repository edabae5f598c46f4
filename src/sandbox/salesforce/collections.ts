/** `/composite/sobjects`: up to 200 records a request, one result per record, by position. */
import { badJson, type Call, readObject, type Route } from './call.ts';
import { toId18 } from './ids.ts';
import type { Row } from './parse-row.ts';
import { renderRecord } from './render.ts';
import { json, Refusal, type Reply, unknownToSandbox } from './reply.ts';
import { failed, type WriteOp, type WriteOptions, type WriteResult } from './write-result.ts';
import { headerOptions, requestOf, struckRows } from './write-request.ts';

const MOST = 200;
const MOST_READ = 2_000;

export const collectionRoutes: readonly Route[] = [
  { method: 'POST', path: '/composite/sobjects', kind: 'collections', handle: async (call) => writeRecords(call, 'insert') },
  { method: 'PATCH', path: '/composite/sobjects', kind: 'collections', handle: async (call) => writeRecords(call, 'update') },
  { method: 'DELETE', path: '/composite/sobjects', kind: 'collections', handle: (call) => deleteRecords(call) },
  {
    method: 'PATCH',
    path: '/composite/sobjects/{object}/{field}',
    kind: 'collections',
    handle: async (call) => writeRecords(call, 'upsert'),
  },
  { method: 'POST', path: '/composite/sobjects/{object}', kind: 'collections', handle: async (call) => retrieveByBody(call) },
  { method: 'GET', path: '/composite/sobjects/{object}', kind: 'collections', handle: (call) => retrieveByQuery(call) },
];

async function writeRecords(call: Call, op: WriteOp): Promise<Reply> {
  const body = await readObject(call, ['allOrNone', 'records']);
  const rows = body['records'];
  if (!Array.isArray(rows)) throw badJson('records must be an array');
  const records = rows as readonly Row[];
  checkSize(records.length, MOST);
  const objects = records.map((row) => typeOf(row, call.params['object']));
  const options = { ...headerOptions(call.headers), allOrNone: body['allOrNone'] === true, externalIdField: call.params['field'] };
  return json(writeByObject(call, op, { rows: records, objects, options }));
}

function deleteRecords(call: Call): Reply {
  const ids = idsOf(call);
  checkSize(ids.length, MOST);
  const objects = ids.map((id) => call.state.org.objectOf(id));
  const rows = ids.map((id): Row => ({ Id: id }));
  return json(writeByObject(call, 'delete', { rows, objects, options: { allOrNone: call.query.get('allOrNone') === 'true' } }));
}

interface Collection {
  readonly rows: readonly Row[];
  /** The object of each row; undefined: an id of no object. */
  readonly objects: readonly (string | undefined)[];
  readonly options: WriteOptions;
}

/** Rows of one object are written together, in the order in which the objects first appear. Results are by position. */
function writeByObject(call: Call, op: WriteOp, { rows, objects, options }: Collection): readonly WriteResult[] {
  const kinds = new Set(objects);
  if (kinds.size > 1 && options.allOrNone === true) throw unknownToSandbox('allOrNone over records of several objects');
  const struck = struckRows(call.state.faults, 'collections', requestOf(call), rows);
  const results = rows.map((_, at) => struck?.get(at) ?? failed('MALFORMED_ID', 'malformed id'));
  for (const object of kinds) {
    if (object === undefined) continue;
    const places = objects.flatMap((each, at) => (each === object && struck?.has(at) !== true ? [at] : []));
    const own = places.map((at) => rows[at] ?? {});
    const done = call.state.org.writeMany(call.user, op, object, own, options);
    for (const [at, place] of places.entries()) results[place] = done[at] ?? failed('UNKNOWN_EXCEPTION', 'no result');
  }
  return results;
}

function typeOf(row: Row, object: string | undefined): string {
  if (row === null || typeof row !== 'object') throw badJson('a record must be an object');
  const type = (row['attributes'] as { readonly type?: unknown } | undefined)?.type;
  if (typeof type !== 'string') throw new Refusal(400, 'INVALID_INPUT', 'The required attributes.type property of a record is missing');
  if (object !== undefined && type.toLowerCase() !== object.toLowerCase()) {
    throw new Refusal(400, 'INVALID_INPUT', `A record of type ${type} is not of the object ${object} of this request`);
  }
  return type;
}

function checkSize(size: number, most: number): void {
  if (size <= most) return;
  throw new Refusal(400, 'EXCEEDED_ID_LIMIT', `record limit reached. cannot submit more than ${most} records in this request`);
}

function idsOf(call: Call): readonly string[] {
  const ids = call.query.get('ids');
  if (ids === null || ids === '') throw new Refusal(400, 'MISSING_ARGUMENT', 'The parameter ids is missing');
  return ids.split(',');
}

async function retrieveByBody(call: Call): Promise<Reply> {
  const body = await readObject(call, ['ids', 'fields']);
  const { ids, fields } = body;
  if (!Array.isArray(ids) || !Array.isArray(fields)) throw badJson('ids and fields must be arrays');
  return retrieve(call, ids.map(String), fields.map(String));
}

function retrieveByQuery(call: Call): Reply {
  return retrieve(call, idsOf(call), (call.query.get('fields') ?? '').split(','));
}

/** Records by position; null for one that is not there. */
function retrieve(call: Call, ids: readonly string[], names: readonly string[]): Reply {
  checkSize(ids.length, MOST_READ);
  const table = call.state.org.tableFor(call.params['object'] ?? '', call.user);
  const fields = call.state.org.visibleFields(table, call.user, names);
  return json(
    ids.map((id) => {
      const record = table.records.get(toId18(id) ?? '');
      return record === undefined || record.isDeleted ? null : renderRecord(table, record, fields, call.root);
    }),
  );
}
