import { describe, expect, it } from 'vitest';

import type { FieldType } from '../../../src/canonical/types.ts';
import type { Outcome } from '../../../src/destinations/destination.ts';
import { UserError } from '../../../src/errors.ts';
import type { Texts } from '../../support/salesforce.ts';
import { Target, type WrittenChange } from './writing.ts';

const NODE = {
  Name__c: { type: 'string', length: 80 },
  Notes__c: { type: 'textarea', length: 131_072 },
  Active__c: { type: 'boolean' },
  Score__c: { type: 'double', precision: 18, scale: 4 },
  Tags__c: { type: 'multipicklist', values: ['a', 'b', 'c'] },
  At__c: { type: 'datetime' },
  Time__c: { type: 'time' },
  Parent__c: { type: 'reference', referenceTo: ['Node__c'], relationshipName: 'Parent__r' },
} as const;
const TYPES: Readonly<Record<string, FieldType>> = {
  Active__c: { kind: 'boolean' },
  Score__c: { kind: 'float', bits: 64, digits: 15 },
  Tags__c: { kind: 'set' },
  At__c: { kind: 'timestamp', precision: 0, zoned: true },
  Time__c: { kind: 'text', native: 'TIME' },
};
const REFERENCES = { Parent__r: { object: 'Node__c', key: 'Ext__c' } };
/** Everything by jobs. */
const BULK = { bulk_from: 1 };

const target = async (): Promise<Target> => Target.create({ Node__c: NODE });
const keyOf = (index: number): string => `k${String(index).padStart(5, '0')}`;
const many = (count: number, after: (index: number) => Texts = (index) => ({ Name__c: `Name ${index}` })): WrittenChange[] =>
  Array.from({ length: count }, (_, index) => ({ key: keyOf(index), after: after(index) }));
const statuses = (outcomes: readonly Outcome[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const { status } of outcomes) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};
const at = (outcomes: readonly Outcome[], ...status: readonly string[]): number[] =>
  [...outcomes.entries()].filter(([, outcome]) => status.includes(outcome.status)).map(([position]) => position);
const ingest = (of: Target): string[] =>
  of.sandbox.calls.recent.filter(({ kind }) => kind === 'ingest').map(({ method, path }) => `${method} ${path.replace(/\/750\w+/, '/ID')}`);

describe('a job', () => {
  it('writes a batch in a dozen calls, whatever its size', async () => {
    await using of = await target();
    const outcomes = await of.write('Node__c', {}, many(5_000));
    expect(statuses(outcomes)).toEqual({ applied: 5_000 });
    expect(outcomes[4_321]).toEqual({
      status: 'applied',
      remoteId: of.sandbox.org.find('Node__c', 'Ext__c', keyOf(4_321))[0]!.id,
      note: undefined,
    });
    expect(of.writes).toEqual([]);
    expect(of.sandbox.calls.total).toBeLessThanOrEqual(14);
    expect(ingest(of).slice(0, 4)).toEqual([
      'GET /jobs/ingest',
      'POST /jobs/ingest',
      'PUT /jobs/ingest/ID/batches',
      'PATCH /jobs/ingest/ID',
    ]);
  });

  it('says the same as requests do, for every value', async () => {
    await using of = await target();
    of.insert('Node__c', { Ext__c: 'root' });
    const full = { Name__c: 'x', Notes__c: 'x', Active__c: 'true', Score__c: '1', Tags__c: '["a"]', At__c: '2024-05-01T10:00:00Z', Time__c: '10:00:00', Parent__r: 'root' }; // prettier-ignore
    const odd: readonly Texts[] = [
      full,
      { ...full, Name__c: 'a "quoted", b', Notes__c: 'line\nline\r\nline, "x"\ttab', Score__c: '-0.00012', Tags__c: '["c","a"]' },
      { ...full, Name__c: '#N/A', Notes__c: ' #N/A ', Active__c: 'false' },
      { ...full, Name__c: '', Notes__c: ' \t\r\n', Tags__c: '[]' },
      {
        ...full,
        Name__c: ' padded ',
        Notes__c: '\u00a0\u{1F469}\u200D\u{1F680}\u00a0',
        At__c: '1969-12-31T23:59:59Z',
        Time__c: '23:59:59.5',
      },
      { Name__c: null, Notes__c: null, Active__c: null, Score__c: null, Tags__c: null, At__c: null, Time__c: null, Parent__r: null },
      { ...full, Parent__r: null },
      { ...full, Notes__c: 'y'.repeat(40_000) },
      { ...full, Score__c: '123456789.123456', Parent__r: '' },
    ];
    const written = { types: TYPES, references: REFERENCES };
    const fields = [...Object.keys(full).filter((field) => field !== 'Parent__r'), 'Parent__c'];
    const changes = [...odd, ...odd].map((after, index) => ({ key: index % 3 === 0 ? ` key "${index}", ` : keyOf(index), after }));
    expect(statuses(await of.write('Node__c', written, changes))).toEqual({ applied: 18 });
    const byRequests = of.live('Node__c', ...fields);
    const cleared = changes.map(({ key }) => ({ key, after: Object.fromEntries(Object.keys(full).map((field) => [field, null])) }));
    await of.write('Node__c', written, cleared);
    expect(of.live('Node__c', ...fields)).not.toEqual(byRequests);
    expect(statuses(await of.write('Node__c', written, changes, BULK))).toEqual({ applied: 18 });
    expect(of.live('Node__c', ...fields)).toEqual(byRequests);
    expect(ingest(of)).toContain('PUT /jobs/ingest/ID/batches');
  });

  it('updates and deletes by id', async () => {
    await using of = await target();
    const ids = many(30).map(({ key }) => of.insert('Node__c', { Ext__c: key, Name__c: 'Old', Notes__c: 'own' }));
    const changes = many(30).map((change, index) => ({
      ...change,
      id: index === 7 ? undefined : ids[index]!.slice(0, index % 2 === 0 ? 15 : 18),
    }));
    const outcomes = await of.write('Node__c', { action: 'update' }, changes, BULK);
    expect(outcomes).toEqual(ids.map((remoteId) => ({ status: 'applied', remoteId, note: undefined })));
    expect(of.live('Node__c', 'Name__c', 'Notes__c')[29]).toEqual({ Ext__c: keyOf(29), Name__c: 'Name 29', Notes__c: 'own' });
    const deleted = await of.write('Node__c', { action: 'delete' }, changes.map(({ key, id }) => ({ key, id })), BULK); // prettier-ignore
    expect(statuses(deleted)).toEqual({ applied: 30 });
    expect(of.live('Node__c')).toEqual([]);
    expect(of.writes).toEqual([]);
  });

  it('tells which planned creates existed', async () => {
    await using of = await target();
    of.insert('Node__c', { Ext__c: keyOf(3) });
    const outcomes = await of.write('Node__c', {}, many(5), BULK);
    expect(outcomes.map((outcome) => (outcome as { note?: string }).note)).toEqual([
      undefined,
      undefined,
      undefined,
      'existed already and was updated',
      undefined,
    ]);
  });

  it('finds the result of each record in whatever order results come', async () => {
    await using of = await target();
    of.sandbox.faults.add({ on: 'ingest', do: 'shuffle' });
    const outcomes = await of.write(
      'Node__c',
      {},
      many(500, (index) => ({ Name__c: index % 50 === 0 ? 'x'.repeat(81) : `Name ${index}` })),
      BULK,
    );
    expect(at(outcomes, 'rejected')).toEqual([0, 50, 100, 150, 200, 250, 300, 350, 400, 450]);
    for (const [position, outcome] of outcomes.entries()) {
      if (outcome.status !== 'applied') continue;
      expect(of.sandbox.org.record(outcome.remoteId!)?.get('Ext__c')).toBe(keyOf(position));
    }
    expect(outcomes[50]).toEqual({
      status: 'rejected',
      code: 'STRING_TOO_LONG',
      message: expect.stringMatching(/data value too large \(max length=80\)$/),
    });
  });

  it('names several kinds of parents, and tells which are not there', async () => {
    await using of = await target();
    of.insert('Account', { Name: 'Acme', External_ID__c: 'acme' });
    const changes = many(6, (index) => ({ Subject: 'Call', What: ['acme', 'nobody', null][index % 3] ?? null }));
    const outcomes = await of.write(
      'Task',
      { key: 'External_ID__c', references: { What: { object: 'Account', key: 'External_ID__c' } } },
      changes,
      BULK,
    );
    expect(at(outcomes, 'applied')).toEqual([0, 2, 3, 5]);
    expect(outcomes[1]).toEqual({ status: 'rejected', code: 'REFERENCE_NOT_FOUND', message: 'What: no Account has this External_ID__c' });
  });

  it('is not used for what jobs cannot do', async () => {
    await using of = await target();
    await of.write('Node__c', {}, many(5), { ...BULK, allow_duplicates: true });
    await of.write('Node__c', {}, many(5), { ...BULK, assign: true });
    expect(of.writes).toHaveLength(2);
  });
});

describe('a job in trouble', () => {
  it('is waited for, through looks that fail', async () => {
    await using of = await target();
    of.sandbox.faults.add({ on: 'ingest', do: 'slow-job', polls: 6 });
    for (const after of [0, 1, 3]) of.sandbox.faults.add({ on: /^GET \/jobs\/ingest\/750\w+$/, do: 'cut-before', after });
    of.sandbox.faults.add({ on: /^GET \/jobs\/ingest\/750\w+$/, do: 'expire-session', after: 4 });
    of.sandbox.faults.add({ on: /successfulResults/, do: 'status', status: 503, retryAfter: 3 });
    expect(statuses(await of.write('Node__c', {}, many(50), BULK))).toEqual({ applied: 50 });
    expect(of.waited).toBeGreaterThan(3_000);
    expect(of.sandbox.faults.pending).toEqual([]);
  });

  it('is started although the reply to that was lost', async () => {
    await using of = await target();
    of.sandbox.faults.add({ on: /^PATCH \/jobs\/ingest/, do: 'cut-after' });
    expect(statuses(await of.write('Node__c', {}, many(50), BULK))).toEqual({ applied: 50 });
  });

  it('is started once more when the request for that never arrived', async () => {
    await using of = await target();
    of.sandbox.faults.add({ on: /^PATCH \/jobs\/ingest/, do: 'cut-before' });
    expect(statuses(await of.write('Node__c', {}, many(50), BULK))).toEqual({ applied: 50 });
  });

  it('is given up before it started: nothing was written, and none is left open', async () => {
    await using of = await target();
    of.sandbox.faults.add({ on: /^PUT/, do: 'cut-before' });
    await expect(of.write('Node__c', {}, many(50), BULK)).rejects.toThrow(expect.objectContaining({ name: 'TransientError' }) as Error);
    expect(ingest(of).at(-1)).toBe('PATCH /jobs/ingest/ID');
    expect(of.live('Node__c')).toEqual([]);
    expect(statuses(await of.write('Node__c', {}, many(50), BULK))).toEqual({ applied: 50 });
  });

  it('leaves records unprocessed: exactly those may be sent again', async () => {
    await using of = await target();
    of.sandbox.faults.add({ on: 'ingest', do: 'unprocessed', rows: 30 });
    const outcomes = await of.write('Node__c', {}, many(50), BULK);
    expect(statuses(outcomes)).toEqual({ applied: 30, again: 20 });
    expect(outcomes[at(outcomes, 'again')[0]!]).toEqual({
      status: 'again',
      why: 'busy',
      code: 'UNPROCESSED',
      message: 'the job was aborted before this record',
    });
    expect(new Set(of.live('Node__c').map(({ Ext__c }) => Ext__c))).toEqual(
      new Set(at(outcomes, 'applied').map((position) => keyOf(position))),
    );
  });

  it('fails half-way: what it wrote is known, the rest may be sent again', async () => {
    await using of = await target();
    of.sandbox.faults.add({ on: 'ingest', do: 'fail-job', rows: 20, message: 'InternalServerError : try later' });
    const outcomes = await of.write('Node__c', {}, many(50), BULK);
    expect(statuses(outcomes)).toEqual({ applied: 20, again: 30 });
    expect(outcomes.at(-1)).toEqual(
      expect.objectContaining({ message: 'the job failed before this record: InternalServerError : try later' }),
    );
  });

  it('is refused for what no record is to blame for', async () => {
    await using of = await target();
    of.sandbox.faults.add({ on: 'ingest', do: 'fail-job', message: 'InvalidBatch : Field name not found : Nope__c' });
    const failure = await of.write('Node__c', {}, many(50), BULK).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UserError);
    expect((failure as UserError).message).toBe('Salesforce refused a job on Node__c: InvalidBatch : Field name not found : Nope__c');
  });

  it('meets locks and limits: those records only', async () => {
    await using of = await target();
    of.sandbox.faults.add({ on: 'ingest', do: 'lock', match: /k0000[13]/ });
    const outcomes = await of.write('Node__c', {}, many(5), BULK);
    expect(at(outcomes, 'again')).toEqual([1, 3]);
    of.sandbox.faults.add({ on: 'ingest', do: 'cpu-limit' });
    const limited = await of.write('Node__c', {}, many(5), BULK);
    expect(limited.map((outcome) => outcome.status === 'again' && outcome.why)).toEqual(Array.from({ length: 5 }, () => 'too_much'));
  });

  it('is out of sight: nobody knows what it wrote', async () => {
    await using of = await target();
    of.sandbox.faults.add({ on: /^GET \/jobs\/ingest\/750\w+$/, do: 'cut-before', times: 1_000 });
    expect(statuses(await of.write('Node__c', {}, many(50), BULK))).toEqual({ unknown: 50 });
  });

  it('has results that cannot be read: what was read is known', async () => {
    await using of = await target();
    of.sandbox.faults.add({ on: /failedResults/, do: 'status', status: 503, times: 1_000 });
    const outcomes = await of.write(
      'Node__c',
      {},
      many(50, (index) => ({ Name__c: index < 5 ? 'x'.repeat(81) : 'ok' })),
      BULK,
    );
    expect(statuses(outcomes)).toEqual({ applied: 45, unknown: 5 });
  });

  it('is aborted when the run is told to stop', async () => {
    await using of = await target();
    of.sandbox.faults.add({ on: 'ingest', do: 'slow-job', polls: 1_000 });
    of.sandbox.faults.add({ on: /^GET \/jobs\/ingest\/750\w+$/, do: 'call', after: 2, then: () => of.stop.abort() });
    expect(statuses(await of.write('Node__c', {}, many(50), BULK))).toEqual({ again: 50 });
    expect(ingest(of).filter((call) => call.startsWith('PATCH'))).toHaveLength(2);
    expect(of.live('Node__c')).toEqual([]);
  });

  it('comes after a part that was written: that stays known', async () => {
    await using of = await target();
    of.insert('Node__c', { Ext__c: 'root' });
    of.sandbox.faults.add({ on: /^POST \/jobs\/ingest/, do: 'status', status: 503, after: 1, times: 1_000 });
    const changes = many(20, (index) => ({ Parent__r: index % 2 === 0 ? 'root' : null }));
    const outcomes = await of.write('Node__c', { references: REFERENCES }, changes, BULK);
    expect(statuses(outcomes)).toEqual({ applied: 10, again: 10 });
    expect(of.live('Node__c')).toHaveLength(11);
  });
});

describe('jobs of an earlier run', () => {
  const CSV = 'Ext__c,Name__c\nk00000,Stale\n';

  /** What a killed run leaves: a job in some state. */
  async function leave(of: Target, start: boolean, object = 'Node__c'): Promise<string> {
    const body = JSON.stringify({ object, operation: 'upsert', externalIdFieldName: 'Ext__c', contentType: 'CSV', lineEnding: 'LF' });
    const { id } = await of.client.json<{ id: string }>({ method: 'POST', path: '/jobs/ingest', body });
    await of.client.request({ method: 'PUT', path: `/jobs/ingest/${id}/batches`, body: CSV, contentType: 'text/csv' });
    if (start) await of.client.request({ method: 'PATCH', path: `/jobs/ingest/${id}`, body: '{"state":"UploadComplete"}' });
    return id;
  }

  const stateOf = async (of: Target, id: string): Promise<string> =>
    (await of.client.json<{ state: string }>({ method: 'GET', path: `/jobs/ingest/${id}` })).state;

  it('that still run are waited for, so that they do not write after us', async () => {
    await using of = await target();
    await using destination = await of.open();
    of.sandbox.faults.add({ on: 'ingest', do: 'slow-job', polls: 3 });
    await leave(of, true);
    await destination.settle?.('Node__c');
    expect(of.live('Node__c', 'Name__c')).toEqual([{ Ext__c: 'k00000', Name__c: 'Stale' }]);
    expect(of.waited).toBeGreaterThan(5_000);
  });

  it('that do not end are not waited for without end', async () => {
    await using of = await target();
    await using destination = await of.open();
    of.sandbox.faults.add({ on: 'ingest', do: 'slow-job', polls: 100_000 });
    const id = await leave(of, true);
    const failure = await destination.settle?.('Node__c').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UserError);
    expect((failure as UserError).message).toBe(`job ${id}, which this user started on Node__c, is still running`);
  });

  it('that are still open are aborted once nobody can be filling them', async () => {
    const clock = { ms: Date.now() - 3_600_000 };
    await using of = await Target.create({ Node__c: NODE }, { now: () => clock.ms });
    await using destination = await of.open();
    const old = await leave(of, false);
    clock.ms = Date.now();
    const young = await leave(of, false);
    await destination.settle?.('Node__c');
    expect([await stateOf(of, old), await stateOf(of, young)]).toEqual(['Aborted', 'Open']);
    expect(of.live('Node__c')).toEqual([]);
  });

  it("on other objects are nobody's business, and each object is looked at once", async () => {
    await using of = await Target.create({ Node__c: NODE, Other__c: { Name__c: { type: 'string' } } });
    await using destination = await of.open();
    of.sandbox.faults.add({ on: 'ingest', do: 'slow-job', polls: 1_000 });
    await leave(of, true, 'Other__c');
    of.sandbox.calls.reset();
    await destination.settle?.('Node__c');
    await destination.settle?.('Node__c');
    expect(ingest(of)).toEqual(['GET /jobs/ingest']);
    expect(of.waited).toBe(0);
  });
});
