/** `/sobjects/{object}`: one record, by id or by an external id. */
import { type Call, readObject, type Route } from './call.ts';
import { toId18 } from './ids.ts';
import { noKey } from './parse-row.ts';
import type { StoredRecord } from './record.ts';
import { renderRecord } from './render.ts';
import { json, noContent, notFound, Refusal, type Reply } from './reply.ts';
import { storedForm } from './stored-form.ts';
import type { Table } from './table.ts';
import type { WriteOp, WriteResult } from './write-result.ts';
import { headerOptions, requestOf, struckRows } from './write-request.ts';

export const recordRoutes: readonly Route[] = [
  { method: 'POST', path: '/sobjects/{object}', kind: 'record', handle: async (call) => createRecord(call) },
  { method: 'GET', path: '/sobjects/{object}/{id}', kind: 'record', handle: (call) => getRecord(call, byId(call)) },
  { method: 'PATCH', path: '/sobjects/{object}/{id}', kind: 'record', handle: async (call) => updateRecord(call) },
  { method: 'DELETE', path: '/sobjects/{object}/{id}', kind: 'record', handle: (call) => deleteRecord(call, byId(call)) },
  { method: 'GET', path: '/sobjects/{object}/{field}/{value}', kind: 'record', handle: (call) => atKey(call, getRecord) },
  { method: 'DELETE', path: '/sobjects/{object}/{field}/{value}', kind: 'record', handle: (call) => atKey(call, deleteRecord) },
  { method: 'PATCH', path: '/sobjects/{object}/{field}/{value}', kind: 'record', handle: async (call) => upsertRecord(call) },
];

function tableOf(call: Call): Table {
  const table = call.state.org.table(call.params['object'] ?? '');
  if (table === undefined || !call.user.sees(table.name)) throw notFound();
  return table;
}

function byId(call: Call): StoredRecord {
  const record = tableOf(call).records.get(toId18(call.params['id'] ?? '') ?? '');
  if (record === undefined || record.isDeleted) throw notFound();
  return record;
}

function getRecord(call: Call, record: StoredRecord): Reply {
  const table = tableOf(call);
  const wanted = call.query.get('fields');
  const all = [...table.fields].filter((field) => call.user.seesField(table.name, field.name));
  const fields = wanted === null ? all : call.state.org.visibleFields(table, call.user, wanted.split(','));
  return json(renderRecord(table, record, fields, call.root));
}

/** One live record by an external id; several answer 300 with their addresses. */
function atKey(call: Call, work: (call: Call, record: StoredRecord) => Reply): Reply {
  const found = matches(call);
  if (found.length > 1) return severalFound(call, found);
  const [record] = found;
  if (record === undefined) throw notFound();
  return work(call, record);
}

function matches(call: Call): readonly StoredRecord[] {
  const table = tableOf(call);
  const [name, value] = [call.params['field'] ?? '', call.params['value'] ?? ''];
  const field = table.field(name);
  if (field === undefined || !call.user.seesField(table.name, field.name) || !(field.externalId || field.idLookup)) {
    throw new Refusal(404, 'NOT_FOUND', `Provided external ID field does not exist or is not accessible: ${name}`);
  }
  const stored = storedForm(field, value);
  return 'value' in stored && stored.value !== null ? table.findLive(field, stored.value) : [];
}

function severalFound(call: Call, found: readonly StoredRecord[]): Reply {
  return json(found.map(({ id, object }) => `${call.root}/sobjects/${object}/${id}`), 300); // prettier-ignore
}

async function createRecord(call: Call): Promise<Reply> {
  const result = await writeOne(call, 'insert', {});
  return json({ id: result.id, success: true, errors: [] }, 201);
}

async function updateRecord(call: Call): Promise<Reply> {
  await writeOne(call, 'update', { Id: byId(call).id });
  return noContent();
}

async function upsertRecord(call: Call): Promise<Reply> {
  const table = tableOf(call);
  const field = table.field(call.params['field'] ?? '');
  if (field === undefined) throw noKey(call.params['field'] ?? '', table.name);
  const found = matches(call);
  if (found.length > 1) return severalFound(call, found);
  const { id, created } = await writeOne(call, 'upsert', { [field.name]: call.params['value'] }, field.name);
  return json({ id, success: true, errors: [], created }, created === true ? 201 : 200);
}

/** Throws the row's errors as the refusal of the request. */
async function writeOne(call: Call, op: WriteOp, key: Readonly<Record<string, unknown>>, externalIdField?: string): Promise<WriteResult> {
  const row = { ...(await readObject(call, 'any')), ...key };
  const struck = struckRows(call.state.faults, 'record', requestOf(call), [row]);
  const options = { ...headerOptions(call.headers), externalIdField };
  const result = struck?.get(0) ?? call.state.org.write(call.user, op, tableOf(call).name, row, options);
  const [error] = result.errors;
  if (error !== undefined) throw new Refusal(400, error.statusCode, error.message, error.fields);
  return result;
}

function deleteRecord(call: Call, record: StoredRecord): Reply {
  const { errors } = call.state.org.write(call.user, 'delete', record.object, { Id: record.id });
  const [error] = errors;
  if (error !== undefined) throw new Refusal(400, error.statusCode, error.message, error.fields);
  return noContent();
}
