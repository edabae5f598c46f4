/** A run that is killed at any instant: the next one does exactly the rest. Says which seed to repeat it with. */
import { readFile, rm } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type Ending, start } from '../support/child.ts';
import { copyOf } from '../support/copy.ts';
import { nonZero, type TestProject } from '../support/project.ts';
import { seeded } from '../support/seed.ts';
import { type Expected, tenThousand } from '../support/ten-thousand.ts';
import type { ApplyDocument, PlanDocument } from '../../src/plan/document.ts';

const KILLS = Number(process.env['SLUICE_KILLS'] ?? '50');
/** Two chains run side by side. */
const LANES = 2;

const { random } = seeded('kill');
const shared: { template: TestProject; expected: Expected; ms: number; instants: number; fold: number } = {} as never;

beforeAll(async () => {
  const { project: template, expected } = await tenThousand(random);
  await using calm = await copyOf(template);
  const log = template.file('instants');
  const whole = await start(calm.root, ['apply', 'plan.duckdb'], { log }).ended;
  expect(whole.code).toBe(5); // the rejects
  const names = (await readFile(log, 'utf8')).trimEnd().split('\n');
  const instants = names.length;
  // Nothing goes to a journal any more once the last run's outcomes are recorded: the rest is its fold.
  const fold = names.lastIndexOf('after datasync') + 1;
  await rm(log);
  Object.assign(shared, { template, expected, ms: whole.ms, instants, fold });
  await expectConverged(calm);
}, 120_000);

afterAll(async () => {
  await shared.template[Symbol.asyncDispose]();
});

test(`killed at ${KILLS} random moments: nothing is lost, nothing is written twice`, { timeout: 600_000 }, async () => {
  const count = { kills: 0 };
  await Promise.all(
    Array.from({ length: LANES }, async () => {
      while (count.kills < KILLS) await chain(count);
    }),
  );
  expect(count.kills).toBeGreaterThanOrEqual(KILLS);
});

/** One to eight runs, each killed, then one that is left alone. Saved and new plans take turns by chance. */
async function chain(count: { kills: number }): Promise<void> {
  await using p = await copyOf(shared.template);
  const story: string[] = [];
  const length = 1 + Math.floor(random() * 8);
  for (let turn = 0; turn < length && count.kills < KILLS; turn += 1) {
    const args = random() < 0.6 ? ['apply', 'plan.duckdb'] : ['apply', '--yes'];
    const ending = randomEnding();
    const ended = await start(p.root, args, ending).ended;
    story.push(`${args.join(' ')} ${JSON.stringify(ending)} -> ${ended.signal ?? `exit ${String(ended.code)}: ${ended.stderr}`}`);
    if (ended.signal === 'SIGKILL') count.kills += 1;
    else expect(ended.code, story.join('\n')).toBeOneOf([0, 4, 5]);
  }
  const last = await start(p.root, ['apply', '--yes', '--json']).ended;
  expect(last.code, [...story, last.stdout, last.stderr].join('\n')).toBeOneOf([0, 5]);
  await expectConverged(p, story);
}

function randomEnding(): Ending {
  if (random() < 0.5) return { afterMs: Math.floor(100 + random() * (shared.ms - 100)) };
  return { at: String(1 + Math.floor(random() * shared.instants)) };
}

/** Destination, state and the next plan are what they would be had nothing happened. */
async function expectConverged(p: TestProject, story: readonly string[] = []): Promise<void> {
  const { expected } = shared;
  const said = story.join('\n');
  for (const object of ['Account', 'Contact'] as const) expectSame(await p.live(object), expected.live[object], `${object}\n${said}`);
  for (const sync of ['accounts', 'contacts'] as const) {
    const records = Object.entries(await p.records(sync));
    expect(records.filter(([, record]) => record.pending).length, said).toBe(0);
    const sent = records
      .filter(([, record]) => !record.left)
      .map(([key, { sent: values }]) => [key, values?.['Name'], values?.['Plan'], values?.['Seats']]);
    expectSame(
      sent,
      Object.entries(expected.sent[sync])
        .map(([key, values]) => [key, ...values])
        .sort(byKey),
      `state of ${sync}\n${said}`,
    );
  }
  const plan = await start(p.root, ['plan', '--json']).ended;
  const { unchanged, ...rest } = nonZero((JSON.parse(plan.stdout) as PlanDocument).summary);
  expect(unchanged).toBeGreaterThan(0);
  expect(rest, said).toEqual({ known_rejected: expected.rejects });
}

const byKey = (a: readonly unknown[], b: readonly unknown[]): number => (String(a[0]) < String(b[0]) ? -1 : 1);

/** Says which rows differ, not that ten thousand rows do. */
function expectSame(actual: readonly (readonly unknown[])[], wanted: readonly (readonly unknown[])[], what: string): void {
  const [have, want] = [actual, wanted].map((rows) => rows.map((row) => JSON.stringify(row)));
  const [haveSet, wantSet] = [new Set(have), new Set(want)];
  expect(
    {
      extra: have?.filter((row) => !wantSet.has(row)).slice(0, 5),
      missing: want?.filter((row) => !haveSet.has(row)).slice(0, 5),
      rows: have?.length,
    },
    what,
  ).toEqual({ extra: [], missing: [], rows: want?.length });
}

test('killed while the journal is folded into the state file', { timeout: 120_000 }, async () => {
  for (const share of [0.1, 0.5, 0.9]) {
    await using p = await copyOf(shared.template);
    const at = String(Math.round(shared.fold + share * (shared.instants - shared.fold)));
    expect((await start(p.root, ['apply', 'plan.duckdb'], { at }).ended).signal, at).toBe('SIGKILL');
    expect((await start(p.root, ['apply', '--yes'], {}).ended).code, at).toBeOneOf([0, 5]);
    await expectConverged(p, [`killed at instant ${at}`]);
  }
});

describe('asked to stop', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s: the batch in flight is finished and recorded, the lease is free, the same plan goes on',
    async (signal) => {
      await using p = await copyOf(shared.template);
      const stopped = await start(p.root, ['apply', 'plan.duckdb', '--json'], { at: '4 before COMMIT', signal }).ended;
      expect(stopped.code).toBe(5);
      expect(stopped.stderr).toContain('finishing the batch in flight; press Ctrl-C again to stop at once');
      const first = JSON.parse(stopped.stdout) as ApplyDocument;
      expect(first.summary).toMatchObject({ unknown: 0, held: 0, rejected: 0 });
      expect(first.summary.applied).toBeGreaterThan(0);
      expect(first.summary.applied + first.summary.not_attempted).toBe(shared.expected.changes);
      expect(first.syncs.flatMap((sync) => sync.messages)).toContain('stopped on request');
      for (const sync of ['accounts', 'contacts'])
        expect(Object.values(await p.records(sync)).filter((record) => record.pending)).toEqual([]);

      const resumed = await start(p.root, ['apply', 'plan.duckdb', '--json']).ended;
      expect(resumed.code, resumed.stderr).toBe(5);
      const second = JSON.parse(resumed.stdout) as ApplyDocument;
      expect(first.summary.applied + second.summary.applied).toBe(shared.expected.changes);
      expect(second.summary).toMatchObject({ unknown: 0, held: 0, rejected: 0, not_attempted: 0 });
      await expectConverged(p);
    },
  );

  test('during planning: nothing is written, and the command says so with its exit code', async () => {
    await using p = await copyOf(shared.template);
    const before = await p.live();
    const stopped = await start(p.root, ['apply', '--yes'], { at: '8 before CREATE', signal: 'SIGINT' }).ended;
    expect(stopped.code, stopped.stderr).toBe(130);
    expect(stopped.stdout).toBe('');
    expectSame(await p.live(), before, 'destination');
  });
});
