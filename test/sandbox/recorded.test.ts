/** Calls that a real org answered (2021), made again: the sandbox answers in the same shape. */
import { readdirSync, readFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Org, type Sandbox, type SandboxSchema, startSandbox } from '../../src/sandbox/salesforce/index.ts';
import { ask } from './rest.ts';

interface Call {
  readonly seq: number;
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly request?: unknown;
  readonly status: number;
  readonly response: unknown;
}
type Json = Readonly<Record<string, unknown>>;

const FOLDER = new URL('./recorded/', import.meta.url);

function recorded(file: string): readonly Call[] {
  return (JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as { readonly calls: readonly Call[] }).calls;
}

const files = readdirSync(FOLDER).filter((file) => file.startsWith('export-'));
const calls = files.flatMap((file) =>
  recorded(file).map((call) => ({ file, call, name: `${file} ${call.seq}: ${call.method} ${call.path}` })),
);

/** Objects of the recordings that a new sandbox does not have. */
const OTHERS: SandboxSchema = {
  Campaign: { keyPrefix: '701', fields: { Name: { type: 'string', length: 80, nameField: true } } },
  TopicAssignment: {
    keyPrefix: '0FT',
    fields: {
      TopicId: { type: 'reference', referenceTo: ['Topic'] },
      EntityId: { type: 'reference', referenceTo: ['Account', 'Contact'] },
    },
  },
};

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ schema: OTHERS });
});
afterAll(async () => sandbox[Symbol.asyncDispose]());

/** Puts a record into the org exactly as it was there, without asking anybody. */
function place(org: Org, object: string, id: string, values: Json): void {
  const table = org.tableFor(object, undefined);
  const known = table.records.get(id);
  if (known !== undefined) org.forget(known);
  const record = table.load(id, org.stamp(undefined));
  for (const [field, value] of Object.entries(values)) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') record.set(field, String(value));
  }
  table.enter(record);
}

/** What must have been in the org for the call to be answered as it was. */
function prepare(org: Org, { path, query, request, response, status, method }: Call): void {
  org.clear();
  if (method === 'GET' && path.includes('/sobjects/') && status === 200) {
    const record = response as Json & { readonly Id: string; readonly attributes: { readonly type: string } };
    place(org, record.attributes.type, record.Id, record);
  }
  if (path.endsWith('/query')) prepareQuery(org, query?.['q'] ?? '', response as { readonly records: readonly Json[] });
  for (const row of (request as { readonly records?: readonly Json[] } | undefined)?.records ?? []) {
    const { attributes, id } = row as { readonly attributes: { readonly type: string }; readonly id?: string };
    if (id !== undefined) place(org, attributes.type, id, { Name: 'before', LastName: 'before' });
    for (const parent of [row['AccountId'], row['EntityId'], row['TopicId']]) {
      if (typeof parent === 'string') place(org, org.objectOf(parent) ?? '', parent, { Name: 'parent', LastName: 'parent' });
    }
  }
  if (method === 'DELETE') for (const id of (query?.['ids'] ?? '').split(',')) place(org, org.objectOf(id) ?? '', id, { Name: 'before' });
}

/** The records that the query found, with what its condition compares where the answer does not tell. */
function prepareQuery(org: Org, soql: string, { records }: { readonly records: readonly Json[] }): void {
  const [, object = '', field = '', literals = ''] = /FROM (\w+) WHERE (\w+) (?:=|IN) (.*)$/.exec(soql) ?? [];
  const values = [...literals.matchAll(/'((?:[^'\\]|\\.)*)'/g)].map(([, value = '']) => value.replace(/\\(.)/g, '$1'));
  for (const [at, record] of records.entries()) place(org, object, idOf(record), { [field]: values[at] ?? values[0], ...record });
}

/** The address tells the id also where it was not asked for. */
function idOf(record: Json): string {
  return (record['attributes'] as { readonly url: string }).url.replace(/.*\//, '');
}

/** Keys and kinds of values: what a client can rely on. Null may stand for anything. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => shape(each));
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shape(each)]));
}

/** Where the answer lacks what was recorded, or has another kind of value there. */
function differences(was: unknown, is: unknown, path = ''): readonly string[] {
  if (Array.isArray(was)) {
    if (!Array.isArray(is) || is.length !== was.length) return [`${path}: ${was.length} entries, and not ${JSON.stringify(is)}`];
    return was.flatMap((each, at) => differences(each, is[at], `${path}[${at}]`));
  }
  if (was !== null && typeof was === 'object') {
    const have = is as Json;
    return Object.entries(was).flatMap(([key, each]) => (have !== null && typeof have === 'object' && key in have ? differences(each, have[key], `${path}.${key}`) : [`${path}.${key} is missing`])); // prettier-ignore
  }
  return was === is || was === 'null' || is === 'null' ? [] : [`${path}: ${String(was)}, and not ${JSON.stringify(is)}`];
}

describe('the recorded calls', () => {
  it('are many, and of every kind', () => {
    const kinds = new Set(calls.map(({ call }) => `${call.method} ${call.path.replace(/.*\/v42.0\/(\w+).*/, '$1')} ${call.status}`));
    expect(calls.length).toBeGreaterThan(140);
    expect([...kinds].toSorted()).toEqual(['DELETE composite 200', 'GET query 200', 'GET sobjects 200', 'GET sobjects 404', 'PATCH composite 200', 'POST composite 200', 'POST sobjects 201']); // prettier-ignore
  });

  it.each(calls.map(({ name, call }) => [name, call] as const))('%s', async (_name, call) => {
    prepare(sandbox.org, call);
    const search = call.query === undefined ? '' : `?${new URLSearchParams(call.query).toString()}`;
    const body = call.request === undefined || call.request === null ? {} : { body: JSON.stringify(call.request) };
    const { status, text } = await ask(sandbox, call.method, call.path + search, body);
    expect(status).toBe(call.status);
    expect(differences(shape(call.response), shape(JSON.parse(text)))).toEqual([]);
  });
});

describe('the recorded refusals', () => {
  const refused = calls.filter(({ call }) => JSON.stringify(call.response).includes('"success":false'));

  it.each(refused.map(({ name, call }) => [name, call] as const))('have the same words: %s', async (_name, call) => {
    prepare(sandbox.org, call);
    const { text } = await ask(sandbox, call.method, call.path, { body: JSON.stringify(call.request) });
    const errors = (results: unknown): readonly unknown[] =>
      (results as readonly { readonly errors: unknown }[]).map((each) => each.errors);
    expect(errors(JSON.parse(text))).toEqual(errors(call.response));
  });
});

describe('the recorded descriptions', () => {
  it.each(['Account', 'Contact', 'Topic'])('%s has every field exactly as it was', async (object) => {
    const [call] = recorded(`describe-${object}.json`);
    const was = call?.response as Json & { readonly fields: readonly (Json & { readonly name: string })[] };
    const { text } = await ask(sandbox, 'GET', call?.path ?? '');
    const is = JSON.parse(text) as typeof was;
    expect(Object.keys(is).toSorted()).toEqual(Object.keys(was).toSorted());
    const fields = was.fields.filter(({ name }) => !name.startsWith('dozisf_'));
    expect(is.fields.filter(({ name }) => name !== 'External_ID__c')).toEqual(fields);
    expect(is.fields.map((field) => Object.keys(field).toSorted())).toEqual(is.fields.map(() => Object.keys(was.fields[0]!).toSorted()));
    expect([is['label'], is['labelPlural'], is['keyPrefix']]).toEqual([was['label'], was['labelPlural'], was['keyPrefix']]);
  });
});
