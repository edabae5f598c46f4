/** Salesforce under contract: our own sandbox, spoken to by the real client; a new org for each test. */
import { makeId } from '../../src/sandbox/salesforce/ids.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/salesforce/index.ts';
import type { FieldDef, ObjectDef } from '../../src/sandbox/salesforce/schema.ts';
import { connectionTo, idsWhere, liveRecords, plainNumber } from '../support/salesforce.ts';
import { ACCOUNT, NODE } from './objects.ts';
import { type Abilities, keyCases, type Names, type Stage, type Target, type TypeCase, type Values } from './target.ts';

export const SALESFORCE: Abilities = { atomicCompare: false, storesExactly: false, readByKey: true, readAll: true, keyOfParts: false };

/** `Id` is the org's own, and every field of an object of one's own ends in `__c`. */
const NAMES: Names = { object: (name) => `${name}__c`, field: (name) => (name === 'Id' ? 'Ext__c' : `${name}__c`) };

const TARGETS = [makeId('a0T', 1), makeId('a0T', 2)] as const;

interface SalesforceType extends TypeCase {
  readonly def: FieldDef;
}

const EXACT = { externalId: true, unique: true, caseSensitive: true } as const;
const LETTERS = ['a', 'b', 'c', 'it\u2019s "fine"'];

const TYPES: readonly SalesforceType[] = [
  { native: 'string', def: { type: 'string', length: 40 }, samples: [["' \ta  b\r\n'", 'a  b'], ["'\u00a0x\u00a0'", '\u00a0x\u00a0'], ["'e\u0301'", 'e\u0301'], ["'#N/A'", '#N/A'], ["'\u{1F469}\u200D\u{1F680}, \"q\"'", '\u{1F469}\u200D\u{1F680}, "q"']] },
  { native: 'string, empty or white', def: { type: 'string', length: 40 }, samples: [["''", null], ["'x'", 'x'], ["' \t '", null]] },
  { native: 'string as key', def: { type: 'string', length: 40, ...EXACT }, samples: [["'x1'", 'x1'], ["'X1'", 'X1'], [`'it''s \\ a "key"'`, `it's \\ a "key"`]], key: true },
  { native: 'string as key, any case', def: { type: 'string', length: 40, externalId: true, unique: true }, samples: [["'Ada'", 'Ada'], ["'\u00c5sa'", '\u00c5sa']], key: true },
  { native: 'textarea', def: { type: 'textarea', length: 32_768 }, samples: [["'line\r\nend\rx\n'", 'line\nend\nx'], [`'${'x'.repeat(5_000)}'`, 'x'.repeat(5_000)]] },
  { native: 'email', def: { type: 'email' }, samples: [["' Ada@Example.COM'", 'ada@example.com'], ["'bob@example.com'", 'bob@example.com']] },
  { native: 'email as key', def: { type: 'email', externalId: true, unique: true }, samples: [["'Ada@Example.COM'", 'ada@example.com'], ["'bob@example.com'", 'bob@example.com']], key: true },
  { native: 'phone', def: { type: 'phone' }, samples: [["'+49 (30) 555-0142'", '+49 (30) 555-0142'], ["'5550142'", '5550142']] },
  { native: 'url', def: { type: 'url' }, samples: [["'https://example.com/?a=1&b=%20'", 'https://example.com/?a=1&b=%20']] },
  { native: 'picklist', def: { type: 'picklist', values: LETTERS, restrictedPicklist: true }, samples: [["'b'", 'b'], ["' a'", 'a'], ["'it\u2019s \"fine\"'", 'it\u2019s "fine"']] },
  { native: 'picklist, open', def: { type: 'picklist', values: LETTERS }, samples: [["'whatever'", 'whatever'], ["'a'", 'a']] },
  { native: 'multipicklist', def: { type: 'multipicklist', values: LETTERS }, samples: [["'c;a; b ;a'", 'a;b;c'], ["'a'", 'a'], ["'z;b'", 'b;z']] },
  { native: 'multipicklist from a list', def: { type: 'multipicklist', values: LETTERS }, samples: [["['c', 'a', 'c']", 'a;c'], ["['b']", 'b']] },
  { native: 'checkbox', def: { type: 'boolean' }, samples: [['true', 'true'], ['false', 'false']], empty: 'false' },
  { native: 'int', def: { type: 'int' }, samples: [['-999999999', '-999999999'], ["'7'", '7']] },
  { native: 'double(18,0)', def: { type: 'double', precision: 18, scale: 0 }, samples: [['123456789012345', '1.23456789012345E14'], ["'-7'", '-7.0']] },
  { native: 'double as key', def: { type: 'double', precision: 18, scale: 0, externalId: true, unique: true }, samples: [['42', '42.0'], ['-123456789', '-1.23456789E8']], key: true },
  { native: 'double(10,2)', def: { type: 'double', precision: 10, scale: 2 }, samples: [["'1.005'", '1.005'], ['0.1::DOUBLE', '0.1'], ["'-0'", '0.0']] },
  { native: 'double, more digits than it keeps', def: { type: 'double', precision: 18, scale: 8 }, samples: [["'123456789.123456789123'", '1.2345678912345679E8'], ['0.1::DOUBLE + 0.2::DOUBLE', '0.30000000000000004']] },
  { native: 'currency', def: { type: 'currency', precision: 18, scale: 2 }, samples: [['1234567.10::DECIMAL(18,2)', '1234567.1'], ['99.999::DECIMAL(18,3)', '99.999']] },
  { native: 'percent', def: { type: 'percent', precision: 5, scale: 2 }, samples: [["'12.5'", '12.5'], ['100', '100.0']] },
  { native: 'date', def: { type: 'date' }, samples: [["DATE '2024-02-29'", '2024-02-29'], ["'1700-01-01'", '1700-01-01'], ["'4000-12-31'", '4000-12-31']] },
  { native: 'datetime', def: { type: 'datetime' }, samples: [["TIMESTAMPTZ '2024-05-01 12:00:00.987+02'", '2024-05-01T10:00:00.000+0000'], ["TIMESTAMPTZ '1969-12-31 23:59:59.999999+00'", '1969-12-31T23:59:59.000+0000'], ["'2024-11-03 01:30:00-05:00'", '2024-11-03T06:30:00.000+0000']] },
  { native: 'time', def: { type: 'time' }, samples: [["TIME '10:00:00.5'", '10:00:00.500Z'], ["TIME '23:59:59'", '23:59:59.000Z']] },
  { native: 'reference by id', def: { type: 'reference', referenceTo: ['Target__c'], relationshipName: 'ByPlainId__r' }, samples: [[`'${TARGETS[0].slice(0, 15)}'`, TARGETS[0]], [`'${TARGETS[1]}'`, TARGETS[1]]] },
]; // prettier-ignore

export async function salesforceTarget(): Promise<Target> {
  const started: Sandbox[] = [];
  return Promise.resolve({
    type: 'salesforce',
    can: SALESFORCE,
    stores: (text) => storedText(text),
    names: NAMES,
    types: TYPES,
    stage: async () => {
      const sandbox = await startSandbox();
      started.push(sandbox);
      return stage(sandbox);
    },
    [Symbol.asyncDispose]: async () => {
      for (const sandbox of started) await sandbox[Symbol.asyncDispose]();
    },
  });
}

/** A long text: white space at its ends is cut, nothing is null, lines end in LF. */
function storedText(text: string): string | null {
  const stored = text.replace(/\r\n?/g, '\n').replaceAll(/^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g, '');
  return stored === '' ? null : stored;
}

const KEY: FieldDef = { type: 'string', length: 255, ...EXACT };
const LONG: FieldDef = { type: 'textarea', length: 32_768 };

const OBJECTS: Readonly<Record<string, ObjectDef>> = {
  Account__c: { fields: { Ext__c: KEY, Name__c: LONG, Plan__c: LONG, Seats__c: { type: 'double' }, Notes__c: LONG } },
  Node__c: {
    fields: { Ext__c: KEY, Name__c: LONG, Parent__c: { type: 'reference', referenceTo: ['Node__c'], relationshipName: 'Parent__r' } },
  },
};

function stage(sandbox: Sandbox): Stage {
  const { org } = sandbox;
  for (const [object, def] of Object.entries(OBJECTS)) org.define(object, def);
  org.validate('Account__c', (values) => (values['Plan__c'] === 'bad' ? 'This plan is not for sale.' : undefined));
  return {
    connection: connectionTo(sandbox),
    insert: async (object, ...records) => {
      for (const record of records) org.insert(NAMES.object(object), inOrg(record));
      return Promise.resolve();
    },
    edit: async (object, key, values) => {
      for (const id of idsWhere(sandbox, NAMES.object(object), 'Ext__c', key)) org.update(NAMES.object(object), id, inOrg(values));
      return Promise.resolve();
    },
    remove: async (object, key) => {
      for (const id of idsWhere(sandbox, NAMES.object(object), 'Ext__c', key)) org.remove(NAMES.object(object), id);
      return Promise.resolve();
    },
    live: async (object) => Promise.resolve(live(sandbox, object === 'Node' ? 'Node' : 'Account')),
    makeTyped: async () => {
      makeTyped(sandbox);
      return Promise.resolve();
    },
    typed: async (object) => Promise.resolve(typed(sandbox, object)),
    fault: async (kind) => {
      sandbox.faults.add(kind === 'refused' ? { on: 'collections', do: 'status', status: 503 } : { on: 'collections', do: 'cut-after' });
      return Promise.resolve({});
    },
  };
}

function inOrg(values: Values): Values {
  return Object.fromEntries(Object.entries(values).map(([field, value]) => [NAMES.field(field), value]));
}

function live(sandbox: Sandbox, object: 'Account' | 'Node'): Values[] {
  const fields = object === 'Node' ? NODE : ACCOUNT;
  return liveRecords(sandbox, NAMES.object(object), fields.map((field) => NAMES.field(field))).map((record) =>
    Object.fromEntries(fields.map((field) => [field, shown(sandbox, field, record[NAMES.field(field)] ?? null)])),
  ); // prettier-ignore
}

function shown({ org }: Sandbox, field: string, value: string | null): string | null {
  if (field === 'Seats') return plainNumber(value);
  if (field !== 'Parent' || value === null) return value;
  return [...org.records('Node__c')].find((node) => node.id === value)?.get('Ext__c') ?? value;
}

function makeTyped({ org }: Sandbox): void {
  org.define('Target__c', { keyPrefix: 'a0T', fields: {} });
  for (const target of TARGETS) org.insert('Target__c', { Name: target });
  // Several records have the same value here.
  const columns = TYPES.map(({ def }, index): [string, FieldDef] => [`C${index}__c`, { ...def, externalId: false, unique: false }]);
  const keys = TYPES.filter(({ key }) => key === true).map(({ def }, index): [string, FieldDef] => [`K${index}__c`, def]);
  org.define('Typed__c', { fields: { Ext__c: KEY, ...Object.fromEntries(columns) } });
  org.define('Keyed__c', { fields: { Name__c: { type: 'string' }, ...Object.fromEntries(keys) } });
}

function typed(sandbox: Sandbox, object: 'Typed' | 'Keyed'): Values[] {
  const [order, prefix, count] = object === 'Typed' ? ['Id', 'C', TYPES.length] as const : ['Name', 'K', keyCases(TYPES).length] as const; // prettier-ignore
  const fields = [order, ...Array.from({ length: count }, (_, index) => `${prefix}${index}`)];
  const records = liveRecords(sandbox, NAMES.object(object), fields.map((field) => NAMES.field(field))); // prettier-ignore
  return records.map((record) => Object.fromEntries(fields.map((field) => [field, record[NAMES.field(field)] ?? null])));
}
