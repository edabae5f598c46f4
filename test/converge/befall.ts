/** Runs, and what befalls them. */
import type { Kind } from '../../src/sandbox/salesforce/calls.ts';
import { start } from '../support/child.ts';
import type { Ran } from '../support/project.ts';
import type { Arena } from './arena.ts';
import type { Ground } from './ground.ts';
import type { Fate, JobFate, LineFate, OrgFate } from './random.ts';

/** What befell the runs so far. */
export type Counts = Record<string, number>;

export async function apply(arena: Arena, ...args: readonly string[]): Promise<Ran> {
  return arena.p.run(['apply', '--yes', '--json', ...args]);
}

const WRITE = /INSERT INTO|UPDATE |MERGE |DELETE FROM/;

/** The first run of a turn, and its fate. A fate that cannot befall these systems, or comes too late, counts as none. */
export async function befall(on: Ground, arena: Arena, fate: Fate, counts: Counts): Promise<Ran[]> {
  switch (fate.kind) {
    case 'limit':
      count(counts, 'limited');
      return [await apply(arena, '--limit', String(fate.limit))];
    case 'two at once':
      count(counts, 'two at once');
      return Promise.all([child(arena), child(arena)]);
    case 'killed': {
      const ran = await child(arena, fate.afterMs);
      if (ran.code === -1) count(counts, 'killed');
      return [ran];
    }
    case 'fault':
      return [await inOrg(arena, fate, counts)];
    case 'bigquery':
      return [await inBigQuery(arena, fate, counts)];
    default:
      return [await onLine(on, arena, fate, counts)];
  }
}

async function onLine(on: Ground, arena: Arena, fate: LineFate, counts: Counts): Promise<Ran> {
  const where = fate.kind === 'lease lost' ? 'destination' : fate.where;
  const usable = arena.lines.includes(where) && (fate.kind !== 'lease lost' || arena.isShared);
  if (!usable) return apply(arena);
  const line = on.lines[where];
  if (line === undefined) return apply(arena);
  const before = line.cuts;
  const at = where === 'source' ? { match: /SELECT|COPY/ } : { match: /COMMIT/, armedBy: WRITE };
  const pause = pauseOf(on, arena, fate);
  await line.cut({ ...at, when: fate.kind === 'cut' ? fate.when : 'before', nth: fate.nth, ...(pause === undefined ? {} : { pause }) });
  const ran = await apply(arena);
  if (line.cuts > before) count(counts, nameOf(fate));
  return ran;
}

const KINDS = {
  session: ['login', 'identity', 'describe'],
  reads: ['query', 'composite', 'bulk-query'],
  writes: ['collections', 'ingest'],
} as const satisfies Record<OrgFate['on'], readonly Kind[]>;

/** Something goes wrong in the org. One fault for each time, so that those left over show how often it struck. */
async function inOrg(arena: Arena, fate: OrgFate, counts: Counts): Promise<Ran> {
  const faults = arena.sandbox?.faults;
  if (faults === undefined) return apply(arena);
  const { kind: _, on, times, ...fault } = fate;
  const kinds = KINDS[on];
  for (const kind of kinds) for (let time = 0; time < times; time += 1) faults.add({ ...fault, on: kind });
  const ran = await apply(arena);
  if (faults.pending.length < kinds.length * times) count(counts, `${fate.do} (${on})`);
  return ran;
}

const REQUESTS: Readonly<Record<JobFate['on'], RegExp>> = {
  jobs: /^POST \/projects\/[^/]+\/jobs/,
  tables: /^(GET|POST|PATCH|DELETE) \/projects\/[^/]+\/datasets\//,
  uploads: /^POST \/upload\//,
  results: /^GET \/projects\/[^/]+\/(queries|jobs)\//,
};

async function inBigQuery(arena: Arena, { kind: _, on, ...fault }: JobFate, counts: Counts): Promise<Ran> {
  const faults = arena.bigquery?.faults;
  if (faults === undefined) return apply(arena);
  for (let time = 0; time < fault.times; time += 1) faults.add({ ...fault, on: REQUESTS[on], times: 1 });
  const ran = await apply(arena);
  if (faults.pending.length < fault.times) count(counts, `${fault.do} (${on})`);
  return ran;
}

/** What happens while the statement waits; undefined: the connection is cut instead. */
function pauseOf(on: Ground, arena: Arena, fate: LineFate): (() => Promise<void>) | undefined {
  if (fate.kind === 'restart') return async () => on.server?.restart(fate.how);
  if (fate.kind === 'cut') return undefined;
  return async () => {
    await arena.unlock();
  };
}

function nameOf(fate: LineFate): string {
  if (fate.kind === 'cut') return `cut ${fate.when} (${fate.where})`;
  return fate.kind === 'restart' ? `restart (${fate.how})` : fate.kind;
}

/** `node src/cli.ts apply`: a process of its own, that may be killed. */
async function child(arena: Arena, afterMs?: number): Promise<Ran> {
  const ended = await start(arena.p.root, ['apply', '--yes', '--json'], afterMs === undefined ? {} : { afterMs }).ended;
  return {
    code: ended.code ?? -1,
    stdout: ended.stdout,
    stderr: ended.stderr,
    json: ended.stdout === '' ? undefined : JSON.parse(ended.stdout),
  };
}

export function count(counts: Counts, what: string, times = 1): void {
  if (times > 0) counts[what] = (counts[what] ?? 0) + times;
}
