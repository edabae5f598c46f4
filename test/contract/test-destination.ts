/** The test-only destination under contract: an API that cannot compare, changes what it is sent, or cannot be read. */
import { join } from 'node:path';

import { type Normaliser, NORMALISERS } from '../support/test-destination/options.ts';
import { editStore, readStore, seedStore, type StoredRecord } from '../support/test-destination/store.ts';
import { ACCOUNT, NODE, ODD } from './objects.ts';
import type { Abilities, ObjectName, Stage, Target, Values, Yaml } from './target.ts';

const OBJECTS: Yaml = {
  Account: { fields: { Id: 'text', Name: { type: 'text', nullable: false }, Plan: 'text', Seats: 'integer', Notes: 'text' } },
  Node: { fields: { Id: 'text', Name: 'text', Parent: 'text' } },
  [ODD.object]: { fields: { [ODD.key[0]]: 'text', [ODD.key[1]]: 'integer', [ODD.field]: 'text' } },
};

export async function apiTarget(options: Yaml, can: Abilities, normalisers: readonly Normaliser[] = []): Promise<Target> {
  const stores = (text: string): string | null =>
    normalisers.reduce<string | null>((value, name) => (value === null ? null : NORMALISERS[name](value)), text);
  return Promise.resolve({
    type: 'test',
    can,
    stores,
    types: [],
    stage: async (folder) => Promise.resolve(stage(join(folder, 'crm.json'), { normalise: normalisers, ...options })),
    [Symbol.asyncDispose]: async () => Promise.resolve(),
  });
}

function stage(file: string, options: Yaml): Stage {
  const faults = { reject_value: 'bad' };
  return {
    connection: { type: 'test', file: '../crm.json', objects: OBJECTS, faults, ...options },
    insert: async (object, ...records) => seedStore(file, object, records),
    edit: async (object, key, values) =>
      editStore(file, object, (record) => (record[keyOf(object)] === key ? { ...record, ...values } : record)),
    remove: async (object, key) => editStore(file, object, (record) => (record[keyOf(object)] === key ? null : record)),
    live: async (object) => live(file, object),
    fault: async (kind) => {
      const next = (await readStore(file)).writes + 1;
      return { faults: { ...faults, [kind === 'refused' ? 'rate_limit' : 'timeout_after_write']: [next] } };
    },
  };
}

function keyOf(object: ObjectName): string {
  return object === ODD.object ? ODD.key[0] : 'Id';
}

async function live(file: string, object: ObjectName): Promise<Values[]> {
  const { objects } = await readStore(file);
  const records = objects[object] ?? [];
  const names = object === 'Account' ? ACCOUNT : object === 'Node' ? NODE : [...ODD.key, ODD.field];
  const rows = records.map(({ values }) => Object.fromEntries(names.map((name) => [name, shown(records, name, values[name] ?? null)])));
  return rows.sort((a, b) => ((a[names[0]] ?? '') < (b[names[0]] ?? '') ? -1 : 1));
}

function shown(records: readonly StoredRecord[], name: string, value: string | null): string | null {
  return name === 'Parent' ? (records.find((record) => record.id === value)?.values['Id'] ?? value) : value;
}
