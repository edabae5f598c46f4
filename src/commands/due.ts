/** `apply --due`: the syncs whose scheduled time has come since their last finished run. */
import { parseSchedule, type Schedule } from '../config/schedule.ts';
import type { Sync } from '../config/model.ts';
import { storedName } from '../plan/renames.ts';
import { table } from '../report/table.ts';
import type { State } from '../state/state.ts';
import { openProjectState, type OpenedProject } from './project.ts';
import type { Shell } from './shell.ts';

/** One sync, and why it is due or not. */
export interface Dueness {
  readonly sync: Sync;
  readonly due: boolean;
  /** `due since 2026-11-23 10:00, last run 2026-11-23 09:00`. */
  readonly why: string;
}

/**
 * Looks at each sync. A run counts from its start, because that is when it looked at the source, and only once it is
 * finished: one that was cut short leaves its sync due. A sync without a schedule is never due.
 */
export async function duenessOf(state: State, syncs: readonly Sync[], now: number): Promise<readonly Dueness[]> {
  const runs = Map.groupBy(
    (await state.runs()).filter((run) => run.status === 'finished'),
    (run) => run.sync,
  );
  const looked: Dueness[] = [];
  for (const sync of syncs) {
    const done = runs.get(await storedName(state, sync)) ?? [];
    looked.push({ sync, ...judge(scheduleOf(sync), Math.max(...done.map((run) => run.startedAt)), now) });
  }
  return looked;
}

function scheduleOf(sync: Sync): Schedule | undefined {
  const parsed = sync.schedule === undefined ? undefined : parseSchedule(sync.schedule);
  return parsed !== undefined && 'schedule' in parsed ? parsed.schedule : undefined;
}

/** `last` is when the last finished run began; -Infinity when there was none. */
function judge(schedule: Schedule | undefined, last: number, now: number): Omit<Dueness, 'sync'> {
  if (schedule === undefined) return { due: false, why: 'no schedule' };
  if (last === Number.NEGATIVE_INFINITY) return { due: true, why: 'due: it has never run' };
  const next = schedule.next(last);
  return next <= now
    ? { due: true, why: `due since ${minute(next)}, last run ${minute(last)}` }
    : { due: false, why: `next ${minute(next)}, last run ${minute(last)}` };
}

/** Schedules have no seconds, and neither has what is said of them. */
function minute(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}

/** The project with only those syncs that are due, after saying which are and why. */
export async function onlyDue(shell: Shell, opened: OpenedProject): Promise<OpenedProject> {
  const { now } = shell.context;
  await using state = await openProjectState(shell, opened.project);
  const looked = await duenessOf(state, opened.syncs, now());
  shell.tell(dueText(looked, now()));
  const due = looked.filter((each) => each.due).map((each) => each.sync);
  return { ...opened, syncs: due, named: true };
}

function dueText(looked: readonly Dueness[], now: number): string {
  const count = looked.filter((each) => each.due).length;
  const rows = looked.map(({ sync, why }) => [sync.name, sync.schedule ?? null, why]);
  const scheduled = looked.some((each) => each.sync.schedule !== undefined);
  const hint = scheduled ? '' : '\nNo sync has a schedule: write one, such as schedule: hourly.';
  return `${table(['sync', 'schedule', 'due'], rows, { empty: '-' })}\n${count} of ${looked.length} due at ${minute(now)} UTC.${hint}`;
}
