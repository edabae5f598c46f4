/** A run that is killed while the org writes: what landed is found again, nothing is written twice, the rest is done. */
import { describe, expect, test } from 'vitest';

import { start } from '../support/child.ts';
import { accounts, orgProject, type OrgProject } from './org.ts';

const RECORDS = 900;
const OFF = { max: null, percent: null };
const TABLE = `CREATE TABLE account AS SELECT lpad(CAST(i AS VARCHAR), 4, '0') AS id, 'Name ' || i AS name, 'Team' AS plan, i AS seats FROM range(${RECORDS}) AS r(i)`;

interface Watched {
  readonly o: OrgProject;
  /** How often each record was written. */
  readonly writes: Map<string, number>;
}

async function watched(connection: Readonly<Record<string, unknown>>): Promise<Watched> {
  const guards = { creates: OFF, updates: OFF, deletes: OFF };
  const o = await orgProject({ warehouse: [TABLE], connection, sync: { guards, on_missing: 'delete' } });
  const writes = new Map<string, number>();
  o.sandbox.org.onWrite('Account', ({ External_Id__c: key }) => {
    writes.set(key ?? '', (writes.get(key ?? '') ?? 0) + 1);
    return {};
  });
  return { o, writes };
}

/** `node src/cli.ts apply`, killed when the org gets the request: before it does what was asked, or once it has. */
async function killedAt(
  { sandbox, p }: OrgProject,
  on: RegExp,
  when: 'before' | 'after',
  after: number,
  args: readonly string[] = ['apply', '--yes'],
): Promise<void> {
  const running = start(p.root, args);
  sandbox.faults.add({
    on,
    do: 'call',
    when,
    after,
    then: async () => {
      running.kill('SIGKILL');
      await running.ended;
    },
  });
  const ended = await running.ended;
  expect(ended.signal, ended.stderr).toBe('SIGKILL');
  sandbox.faults.clear();
}

async function expectDone({ o, writes }: Watched, plan: string): Promise<void> {
  // A dead process on this machine holds no lease.
  await o.p.apply();
  const live = accounts(o);
  expect(live).toHaveLength(RECORDS);
  expect(live.filter((record) => record['Plan__c'] !== plan)).toEqual([]);
  expect([...new Set(writes.values())], 'how often a record was written').toEqual([1]);
  expect(await o.p.summary(['--refresh', 'all'])).toEqual({ unchanged: RECORDS });
  writes.clear();
}

const BY_COLLECTIONS = /^(PATCH|POST) \/composite\/sobjects/;
const JOBS = { bulk_from: 100 };
const MOMENTS: readonly (readonly [string, Readonly<Record<string, unknown>>, RegExp, 'before' | 'after', number])[] = [
  ['before a call of collections is carried out', {}, BY_COLLECTIONS, 'before', 2],
  ['after one was, its reply unheard', {}, BY_COLLECTIONS, 'after', 2],
  ['before a job exists', JOBS, /^POST \/jobs\/ingest/, 'before', 0],
  ['after a job was opened', JOBS, /^POST \/jobs\/ingest/, 'after', 0],
  ['after its rows were uploaded', JOBS, /^PUT \/jobs\/ingest/, 'after', 0],
  ['after it was closed', JOBS, /^PATCH \/jobs\/ingest/, 'after', 0],
  ['while its results are fetched', JOBS, /^GET \/jobs\/ingest\/\w+\/successfulResults/, 'after', 0],
];

describe('killed', () => {
  test.each(MOMENTS)('%s', { timeout: 120_000 }, async (_name, connection, on, when, after) => {
    const w = await watched(connection);
    await using o = w.o;
    await killedAt(o, on, when, after);
    await expectDone(w, 'Team');
    await o.p.warehouse("UPDATE account SET plan = 'Scale'");
    await killedAt(o, on, when, after);
    await expectDone(w, 'Scale');
  });

  test('while a slow job runs: the next run waits for its end, and finds everything written', { timeout: 120_000 }, async () => {
    const w = await watched(JOBS);
    await using o = w.o;
    o.sandbox.faults.add({ on: 'ingest', do: 'slow-job', polls: 4 });
    const running = start(o.p.root, ['apply', '--yes']);
    o.sandbox.faults.add({ on: /^GET \/jobs\/ingest\/\w+$/, do: 'call', when: 'after', then: () => running.kill('SIGKILL') });
    expect((await running.ended).signal).toBe('SIGKILL');
    await expectDone(w, 'Team');
  });
});

const SAVED = ['apply', 'plan.duckdb', '--yes'];
const RESULTS = /^GET \/jobs\/ingest\/\w+\/successfulResults/;

describe('a saved plan goes on', () => {
  test('updates that landed unheard are its own, and no drift', { timeout: 120_000 }, async () => {
    const w = await watched(JOBS);
    await using o = w.o;
    await o.p.apply();
    await o.p.warehouse("UPDATE account SET plan = 'Scale'");
    await o.p.run(['plan', '--out', 'plan.duckdb']);
    w.writes.clear();
    await killedAt(o, RESULTS, 'before', 0, SAVED);
    const again = await o.p.run(SAVED);
    expect([again.code, again.stdout], again.stderr).toEqual([0, expect.stringContaining(`${RECORDS} already so`)]);
    await expectDone(w, 'Scale');
  });

  test('creates that landed unheard are held, and the next plan knows them for its own', { timeout: 120_000 }, async () => {
    const w = await watched(JOBS);
    await using o = w.o;
    await o.p.run(['plan', '--out', 'plan.duckdb']);
    await killedAt(o, RESULTS, 'before', 0, SAVED);
    expect((await o.p.run(SAVED)).stdout).toContain(`${RECORDS} held`);
    await expectDone(w, 'Team');
    await o.p.warehouse('DELETE FROM account');
    await o.p.warehouse("INSERT INTO account VALUES ('0000', 'Name 0', 'Team', 0)");
    expect(await o.p.summary(['--refresh', 'all'])).toEqual({ delete: RECORDS - 1, unchanged: 1 });
  });
});

test('Ctrl-C while a job runs: what it wrote is recorded', { timeout: 120_000 }, async () => {
  const w = await watched(JOBS);
  await using o = w.o;
  const running = start(o.p.root, ['apply', '--yes']);
  o.sandbox.faults.add({ on: RESULTS, do: 'call', when: 'before', then: () => running.kill('SIGINT') });
  const ended = await running.ended;
  expect([ended.code, ended.stdout], ended.stderr).toEqual([0, expect.stringContaining(`${RECORDS} applied`)]);
  await expectDone(w, 'Team');
});
