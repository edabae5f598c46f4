/** A Salesforce org of its own as the destination of an arena, by collections or by Bulk jobs. */
import { type Sandbox, startSandbox } from '../../src/sandbox/salesforce/index.ts';
import type { FieldDef } from '../../src/sandbox/salesforce/schema.ts';
import { connectionTo, idsWhere, liveRecords } from '../support/salesforce.ts';
import type { Crm } from './crm.ts';
import { BAD, type Edit, FIELDS, THEIRS } from './model.ts';

export interface SalesforceCrm extends Crm {
  readonly sandbox: Sandbox;
}

const KEY: FieldDef = { type: 'string', length: 40, externalId: true, unique: true, caseSensitive: true };
const NAMES = ['Id', 'Name', 'Plan', 'Notes'] as const;

/** `options`: how records are written, such as the number from which Bulk jobs are used. */
export async function salesforceCrm(options: Readonly<Record<string, unknown>>): Promise<SalesforceCrm> {
  const sandbox = await startSandbox();
  const made = { count: 0 };
  return {
    sandbox,
    connection: { ...connectionTo(sandbox), ...options },
    options: {},
    object,
    field,
    stored: (text) => text.replace(/\r\n?/g, '\n'),
    make: async (count) => {
      made.count = count;
      for (let index = 0; index < count; index += 1) make(sandbox, object(index));
      return Promise.resolve();
    },
    edit: async (all) => {
      for (const [index, edits] of all.entries()) for (const each of edits) edit(sandbox, object(index), each);
      return Promise.resolve();
    },
    live: async () => {
      const fields = NAMES.map((name) => field(name));
      const one = (_: unknown, index: number): unknown[][] =>
        liveRecords(sandbox, object(index), fields).map((record) => Object.values(record));
      return Promise.resolve(Array.from({ length: made.count }, one));
    },
    [Symbol.asyncDispose]: async () => sandbox[Symbol.asyncDispose](),
  };
}

function object(index: number): string {
  return `D${index}__c`;
}

function field(name: string): string {
  return name === 'Id' ? 'Ext__c' : `${name}__c`;
}

function make({ org }: Sandbox, name: string): void {
  const text: FieldDef = { type: 'string' };
  org.define(name, { fields: { Ext__c: KEY, Name__c: text, Plan__c: text, Notes__c: { type: 'textarea', length: 1_000 } } });
  org.validate(name, (values) =>
    FIELDS.some((each) => values[field(each)]?.startsWith(BAD) === true) ? 'This value is not for sale.' : undefined,
  );
}

function edit(sandbox: Sandbox, name: string, each: Edit): void {
  const { org } = sandbox;
  if (each.kind === 'insert') {
    const values = Object.entries(THEIRS).map(([key, value]): [string, string | null] => [field(key), value]);
    org.insert(name, { Ext__c: each.id, ...Object.fromEntries(values) });
    return;
  }
  for (const id of idsWhere(sandbox, name, 'Ext__c', each.id)) {
    if (each.kind === 'set') org.update(name, id, { [field(each.field)]: each.value });
    else org.remove(name, id);
  }
}
