/** Stored records as the JSON of answers. */
import type { StoredRecord } from './record.ts';
import { rawNumber } from './reply.ts';
import type { FieldDescribe } from './schema.ts';
import type { Table } from './table.ts';

/** Parts of an address, in the order of the answers, and how their fields end. */
const ADDRESS = {
  city: 'City',
  country: 'Country',
  geocodeAccuracy: 'GeocodeAccuracy',
  latitude: 'Latitude',
  longitude: 'Longitude',
  postalCode: 'PostalCode',
  state: 'State',
  street: 'Street',
} as const;

/** One value: a number in its own digits, true or false, an address as an object, and text for everything else. */
export function renderValue(table: Table, record: StoredRecord, field: FieldDescribe): unknown {
  if (field.type === 'address') return renderAddress(table, record, field);
  const stored = record.get(field.name);
  if (stored === null) return null;
  switch (field.type) {
    case 'boolean':
      return stored === 'true';
    case 'int':
    case 'double':
    case 'currency':
    case 'percent':
      return rawNumber(stored);
    default:
      return stored;
  }
}

function renderAddress(table: Table, record: StoredRecord, field: FieldDescribe): unknown {
  const prefix = field.name.replace(/Address$/, '');
  const parts = Object.entries(ADDRESS).map(([part, ending]) => {
    const own = table.field(prefix + ending);
    return [part, own === undefined ? null : renderValue(table, record, own)] as const;
  });
  return parts.every(([, value]) => value === null) ? null : Object.fromEntries(parts);
}

/** `{"type": "Account", "url": "/services/data/v67.0/sobjects/Account/001..."}` */
export function renderAttributes(record: StoredRecord, root: string): { readonly type: string; readonly url: string } {
  return { type: record.object, url: `${root}/sobjects/${record.object}/${record.id}` };
}

export function renderRecord(table: Table, record: StoredRecord, fields: Iterable<FieldDescribe>, root: string): object {
  const values: Record<string, unknown> = { attributes: renderAttributes(record, root) };
  for (const field of fields) values[field.name] = renderValue(table, record, field);
  return values;
}
