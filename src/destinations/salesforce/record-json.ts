/** Records as JSON, made by hand: a number is the digits of the source, whatever JavaScript would make of them. */
import type { Request } from '../../salesforce/client.ts';
import type { BoundBatch, WireColumn } from './columns.ts';
import { jsonToken } from './wire.ts';
import { writeHeaders, type WriteOptions } from './write-options.ts';

/** A change as it is sent; see `STAGED`. */
export interface StagedRow {
  readonly pos: number;
  readonly id: string | null;
  readonly k: string;
  readonly w: readonly (string | null)[];
}

/** One request of sObject Collections. */
export function requestFor(bound: BoundBatch, options: WriteOptions, rows: readonly StagedRow[]): Request {
  const { batch, object, key } = bound;
  if (batch.action === 'delete') {
    return { method: 'DELETE', path: `/composite/sobjects?ids=${rows.map(({ id }) => id ?? '').join(',')}&allOrNone=false` };
  }
  const path = batch.action === 'create' ? `/composite/sobjects/${object}/${key.field}` : '/composite/sobjects';
  const records = rows.map((row) => recordText(bound, row)).join(',');
  return { method: 'PATCH', path, headers: writeHeaders(options), body: `{"allOrNone":false,"records":[${records}]}` };
}

function recordText({ batch, object, key, columns }: BoundBatch, { id, k, w }: StagedRow): string {
  const identity = batch.action === 'create' ? member(key.field, jsonToken(key.type, k)) : member('id', JSON.stringify(id));
  const values = columns.map((column, place) => memberOf(column, w[place] ?? null));
  return `{${[member('attributes', `{"type":${JSON.stringify(object)}}`), identity, ...values].join(',')}}`;
}

function memberOf({ field, type, parent }: WireColumn, text: string | null): string {
  const token = jsonToken(type, text);
  if (parent === undefined || text === null) return member(field, token);
  const named = parent.object === undefined ? '' : `${member('attributes', `{"type":${JSON.stringify(parent.object)}}`)},`;
  return member(parent.relationship, `{${named}${member(parent.key, token)}}`);
}

function member(name: string, token: string): string {
  return `${JSON.stringify(name)}:${token}`;
}
