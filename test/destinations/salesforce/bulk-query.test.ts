import { describe, expect, it } from 'vitest';

import type { FieldDef } from '../../../src/sandbox/salesforce/schema.ts';
import { Reading } from './reading.ts';

const TYPES: Readonly<Record<string, FieldDef>> = {
  Text__c: { type: 'string', length: 255 },
  Long__c: { type: 'textarea', length: 32_768 },
  Flag__c: { type: 'boolean' },
  Count__c: { type: 'int' },
  Amount__c: { type: 'currency', precision: 18, scale: 2 },
  Day__c: { type: 'date' },
  At__c: { type: 'datetime' },
  Time__c: { type: 'time' },
  Kinds__c: { type: 'multipicklist', values: ['a', 'b', 'c'] },
  Parent__c: { type: 'reference', referenceTo: ['Wide__c'], relationshipName: 'Parent__r' },
};

const FULL = {
  Text__c: 'a "quoted", text\u2028 #N/A',
  Long__c: 'first, line\n\n"second"\n',
  Flag__c: 'true',
  Count__c: '-7',
  Amount__c: '350000000.25',
  Day__c: '1700-02-28',
  At__c: '2024-03-10T10:00:00Z',
  Time__c: '10:00:00.500Z',
  Kinds__c: 'c;a',
};

const ALL = Object.keys(TYPES);

/** More records than are read page by page. */
const MANY = 20_001;

function records(count: number): { readonly Ext__c: string }[] {
  return Array.from({ length: count }, (_, index) => ({ Ext__c: `K${String(index).padStart(6, '0')}` }));
}

async function manyRecords(): Promise<Reading> {
  const r = await Reading.open({ Wide__c: TYPES });
  r.insert('Wide__c', ...records(MANY));
  await r.destination.describe('Wide__c');
  r.sandbox.calls.reset();
  return r;
}

describe('reading all of an object', () => {
  it('a small one page by page, after it was counted', async () => {
    await using r = await Reading.open({ Wide__c: TYPES });
    r.insert('Wide__c', ...records(4_500), {});
    await r.destination.describe('Wide__c');
    r.sandbox.calls.reset();
    expect(await r.read('Wide__c', ['Text__c'])).toHaveLength(4_501);
    expect(r.sandbox.calls.total).toBe(4);
  });

  it('once, until something is written', async () => {
    await using r = await Reading.open({ Wide__c: TYPES });
    r.insert('Wide__c', ...records(10));
    expect(await r.read('Wide__c', ['Text__c'])).toHaveLength(10);
    r.sandbox.calls.reset();
    expect(await r.read('Wide__c', ['Text__c'], ['K000003', 'new'])).toHaveLength(1);
    expect(r.sandbox.calls.total).toBe(0);
  });

  it('a large one by a job, whose results come in several files and in any order', async () => {
    await using r = await Reading.open({ Wide__c: TYPES });
    const all = records(100_001);
    r.insert('Wide__c', ...all);
    r.sandbox.faults.add({ on: 'bulk-query', do: 'shuffle' });
    r.sandbox.faults.add({ on: 'bulk-query', do: 'slow-job', polls: 3 });
    await r.destination.describe('Wide__c');
    r.sandbox.calls.reset();
    const rows = await r.read('Wide__c', []);
    expect(rows.map(([key]) => key)).toEqual(all.map(({ Ext__c }) => Ext__c));
    expect(r.sandbox.calls.of('bulk-query')).toBe(7);
    expect(r.sandbox.calls.total).toBe(8);
  });

  it('by a job says of every type what reading by key says', async () => {
    await using r = await manyRecords();
    const [first = ''] = r.insert('Wide__c', { Ext__c: 'full', ...FULL });
    r.insert('Wide__c', { Ext__c: 'child', Parent__c: first, Amount__c: '1e7' }, { Ext__c: 'empty' });
    const fields = [...ALL, { field: 'Parent__r', reference: { object: 'Wide__c', key: 'Ext__c' } }];
    const byKey = await r.read('Wide__c', fields, ['full', 'child', 'empty']);
    expect(r.sandbox.calls.of('bulk-query')).toBe(0);
    const byJob = (await r.read('Wide__c', fields)).filter(([key]) => ['full', 'child', 'empty'].includes(key ?? ''));
    expect(r.sandbox.calls.of('bulk-query')).toBeGreaterThan(0);
    expect(byJob).toEqual(byKey);
    const full = byKey.find(([key]) => key === 'full')?.slice(1, -1);
    expect(full).toEqual([
      ...[FULL.Text__c, FULL.Long__c.trim(), 'true', '-7', '350000000.25', '1700-02-28', '2024-03-10T10:00:00Z', '10:00:00.5'],
      ...['["a","c"]', null, null],
    ]);
    expect(byKey.find(([key]) => key === 'child')?.at(-2)).toBe('full');
  });

  it('that has no Bulk API, page by page', async () => {
    await using r = await manyRecords();
    r.sandbox.faults.add({
      on: 'bulk-query',
      do: 'status',
      status: 400,
      code: 'INVALIDENTITY',
      message: "Entity 'Wide__c' is not supported by the Bulk API.",
    });
    expect(await r.read('Wide__c', ['Text__c'])).toHaveLength(MANY);
    expect(r.sandbox.calls.inside('query')).toBe(1);
  });

  it('that takes too long to count, by a job', async () => {
    await using r = await Reading.open({ Wide__c: TYPES });
    r.insert('Wide__c', ...records(10));
    r.sandbox.faults.add({ on: 'query', do: 'status', status: 400, code: 'QUERY_TIMEOUT', times: 5 });
    expect(await r.read('Wide__c', [])).toHaveLength(10);
    expect(r.sandbox.calls.of('bulk-query')).toBe(3);
  });

  it('that the org cannot finish is an error, not a part of the records', async () => {
    await using r = await manyRecords();
    r.sandbox.faults.add({ on: 'bulk-query', do: 'fail-job' });
    await expect(r.read('Wide__c', [])).rejects.toThrow('could not read all records of Wide__c');
  });

  it('is cut off: the file is fetched again, and nothing is read twice', async () => {
    await using r = await manyRecords();
    r.sandbox.faults.add({ on: /results/, do: 'cut-after' });
    expect(new Set((await r.read('Wide__c', [])).map(([key]) => key)).size).toBe(MANY);
  });

  it('a run that is told to stop ends its job', async () => {
    await using r = await manyRecords();
    r.sandbox.faults.add({ on: 'bulk-query', do: 'slow-job', polls: 1_000 });
    r.sandbox.faults.add({ on: /^GET .*jobs\/query\/\w+$/, do: 'call', then: () => r.stop.abort() });
    await expect(r.read('Wide__c', [])).rejects.toThrow();
    const last = r.sandbox.calls.recent.at(-1);
    expect([last?.method, last?.path]).toEqual(['PATCH', expect.stringMatching(/jobs\/query\//)]);
  });
});
