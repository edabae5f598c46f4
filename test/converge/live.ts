/** Lives, lived: after each turn the destination is what the model says and state knows it; in the end nothing is left to do. */
import fc from 'fast-check';
import { expect } from 'vitest';

import type { ApplyDocument } from '../../src/plan/document.ts';
import { nonZero, type Ran } from '../support/project.ts';
import { seeded } from '../support/seed.ts';
import { Arena } from './arena.ts';
import { apply, befall, count, type Counts } from './befall.ts';
import { type Combination, type Ground, ground } from './ground.ts';
import { baseRows, edited, liveRows, type Policy, turned, type World } from './model.ts';
import { before, type Fate, type Fated, fates, type FateOf, type Life, lives } from './random.ts';

/** Sequences of runs in all: `npm run soak` asks for many more. */
const SEQUENCES = Number(process.env['SLUICE_CONVERGE_RUNS'] ?? '500');
/** Runs of one turn, at most: more means that it does not converge. */
const ATTEMPTS = 6;

export interface Share {
  readonly name: string;
  /** Of all sequences. */
  readonly share: number;
  readonly combinations: readonly Combination[];
  readonly fates: FateOf;
  /** Lives side by side in one project. */
  readonly syncs: number;
}

/** Lives the sequences of this share, and says what befell them. */
export async function live(share: Share): Promise<void> {
  await using on = await ground(share.combinations);
  const counts: Counts = {};
  const projects = Math.max(share.combinations.length, Math.ceil((SEQUENCES * share.share) / share.syncs));
  const sequence = { next: 0 };
  try {
    await fc.assert(
      fc.asyncProperty(lives(share.syncs), fates(share.fates), async (all, fated) => {
        const of = share.combinations[sequence.next % share.combinations.length];
        sequence.next += 1;
        if (of === undefined) throw new Error('a share has combinations');
        await liveTogether(on, of, all, fated, counts);
      }),
      { numRuns: projects, seed: seeded(share.name).seed, endOnFailure: true },
    );
    expect(counts['turns of a sequence'] ?? 0).toBeGreaterThanOrEqual(sequence.next * share.syncs);
  } finally {
    const said = Object.entries(counts).map(([what, times]) => `${what} ${times}`);
    process.stdout.write(`${share.name}: ${sequence.next * share.syncs} sequences; ${said.sort().join(', ')}\n`);
  }
}

async function liveTogether(on: Ground, of: Combination, all: readonly Life[], fated: readonly Fated[], counts: Counts): Promise<void> {
  const arena = await Arena.make(on, of, all.map((each) => each.policy)); // prettier-ignore
  await using _disposed = arena;
  const worlds = all.map((): World => ({ live: new Map(), base: new Map() }));
  const story = [JSON.stringify(of)];
  for (const [turn, { fate, wavers }] of fated.entries()) {
    const now = all.map((life) => life.turns[turn] ?? { rows: [], edits: [] });
    const rows = now.map((each) => each.rows);
    await arena.rows(wavers ? now.map((each, index) => before(each, policyAt(all, index))) : rows);
    await arena.edits(now.map(({ edits }, index) => edited(worldAt(worlds, index), edits)));
    for (const [index, { policy }] of all.entries()) turned(worldAt(worlds, index), policy, rows[index] ?? []);
    const first = await begin(on, arena, fate, { counts, story });
    if (wavers) await arena.rows(rows);
    if (wavers || first.length > 1 || !first.every((ran) => isDone(ran))) await untilDone(arena, { counts, story });
    await expectConverged(arena, worlds, all, [`turn ${turn}`, ...story].join('\n'));
    count(counts, 'turns of a sequence', all.length);
  }
  await expectNothingLeft(arena, story.join('\n'));
}

function policyAt(all: readonly Life[], index: number): Policy {
  const life = all[index];
  if (life === undefined) throw new Error('every life has a policy');
  return life.policy;
}

function worldAt(worlds: readonly World[], index: number): World {
  const world = worlds[index];
  if (world === undefined) throw new Error('every life has a world');
  return world;
}

// ---- runs, and what befalls them

/** What was done so far: numbers for the end, words for an error. */
interface Told {
  readonly counts: Counts;
  readonly story: string[];
}

/** The first run of a turn, and what befalls it. */
async function begin(on: Ground, arena: Arena, fate: Fate, { counts, story }: Told): Promise<Ran[]> {
  const first = await befall(on, arena, fate, counts);
  for (const line of Object.values(on.lines)) await line.pass();
  arena.sandbox?.faults.clear();
  arena.bigquery?.faults.clear();
  story.push(`${JSON.stringify(fate)} -> ${first.map((ran) => `exit ${ran.code} ${ran.stderr}`).join(' and ')}`);
  return first;
}

async function untilDone(arena: Arena, { counts, story }: Told): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const ran = await apply(arena);
    count(counts, 'runs again');
    story.push(`again -> exit ${ran.code} ${ran.stderr}`);
    if (isDone(ran)) return;
    if (ran.code === 1) count(counts, 'leases ended by hand', await arena.unlock());
  }
  throw new Error(`it does not converge:\n${story.join('\n')}`);
}

/** Every change has its outcome: there is no reason to run again. */
function isDone(ran: Ran): boolean {
  if (ran.code !== 0 && ran.code !== 5) return false;
  const { summary, syncs } = ran.json as ApplyDocument;
  return summary.unknown === 0 && summary.not_attempted === 0 && syncs.every((sync) => !sync.limited);
}

// ---- what has to be

async function expectConverged(arena: Arena, worlds: readonly World[], all: readonly Life[], story: string): Promise<void> {
  const lived = await arena.live();
  const known = await arena.base();
  for (const [index, world] of worlds.entries()) {
    const said = `sync ${index}, ${story}\n${JSON.stringify(all[index])}`;
    expect(lived[index], said).toEqual(liveRows(world, (text) => arena.crm.stored(text)));
    expect(known[index], said).toEqual({ base: baseRows(world), pending: 0 });
  }
}

async function expectNothingLeft(arena: Arena, story: string): Promise<void> {
  const {
    unchanged: _u,
    held: _h,
    drift: _d,
    conflict: _c,
    skipped: _s,
    known_rejected: _k,
    ...rest
  } = nonZero((await arena.p.plan()).summary);
  expect(rest, `plan again, ${story}`).toEqual({});
}
