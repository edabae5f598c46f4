/** Limits on what a plan may do (DESIGN 9). All breaches are shown at once, with their numbers and the way to allow them. */
import { type Approval, type Guard, GUARD_NAMES, type GuardName, type Guards } from '../config/model.ts';
import { UserError } from '../errors.ts';
import { count, plural } from '../words.ts';
import { nearest } from '../nearest.ts';
import type { Blocked, GuardResult } from './document.ts';

/** `--allow deletes:account-health=1200`: lets one guard of one sync pass, up to `count`, for one run. */
export interface Allowance {
  readonly guard: string;
  readonly sync: string;
  readonly count: number;
  /** The approval in the project that says so; undefined: somebody typed it. */
  readonly approval?: { readonly file: string; readonly until: string } | undefined;
}

/** What the project's approvals allow on this day. */
export function approved(approvals: readonly Approval[], now: number): readonly Allowance[] {
  return approvals
    .filter(({ expiresAt }) => expiresAt >= now)
    .flatMap(({ sync, limits, expires, location }) =>
      limits.map(({ guard, limit }) => ({ guard, sync, count: limit, approval: { file: location.file, until: expires } })),
    );
}

export function parseAllowance(text: string): Allowance {
  const match = /^([a-z]+):([^=]+)=(\d+)$/.exec(text);
  const [, guard = '', sync = '', count = ''] = match ?? [];
  if (match === null) {
    throw new UserError(`--allow "${text}" is not of the form GUARD:SYNC=N`, { hint: 'For example: --allow deletes:account-health=1200' });
  }
  if (!GUARD_NAMES.some((name) => name === guard)) {
    const near = nearest(guard, GUARD_NAMES);
    throw new UserError(`--allow: there is no guard "${guard}"`, {
      hint: near === undefined ? `There are: ${GUARD_NAMES.join(', ')}.` : `Did you mean "${near}"?`,
    });
  }
  return { guard, sync, count: Number(count) };
}

/** Numbers that guards look at. `existing`: records in base, plus matched live ones. */
export type GuardCounts = Readonly<Record<GuardName, number>> & { readonly existing: number };

export function evaluateGuards(sync: string, guards: Guards, counts: GuardCounts, allowances: readonly Allowance[]): GuardResult[] {
  return GUARD_NAMES.map((guard) => {
    const limit = limitOf(guards[guard], counts.existing);
    const actual = counts[guard];
    const within = limit === null || actual <= limit;
    const allowance = within ? undefined : allowances.find((each) => each.guard === guard && each.sync === sync && actual <= each.count);
    const allowed = allowance !== undefined;
    const by = allowance?.approval;
    return {
      guard,
      limit,
      actual,
      existing: counts.existing,
      ok: within || allowed,
      allowed,
      ...(by === undefined ? {} : { approved_by: by }),
    };
  });
}

/** The number that must not be exceeded: `max`, or `percent` of the existing records once there are `min` of them. */
export function limitOf(guard: Guard, existing: number): number | null {
  const limits: number[] = [];
  if (guard.max !== undefined) limits.push(guard.max);
  if (guard.percent !== undefined && existing >= (guard.min ?? 0)) limits.push(Math.floor((existing * guard.percent) / 100));
  return limits.length === 0 ? null : Math.min(...limits);
}

/** How many records a destination may refuse before its run stops; null: any number. What is allowed counts as for a plan. */
export function rejectLimit(sync: string, guards: Guards, existing: number, allowances: readonly Allowance[]): number | null {
  const limit = limitOf(guards.rejects, existing);
  const allowed = allowances.filter((each) => each.guard === 'rejects' && each.sync === sync).map((each) => each.count);
  return limit === null ? null : Math.max(limit, ...allowed);
}

/** The sentence for each guard that trips. */
export function breaches(sync: string, results: readonly GuardResult[]): Blocked[] {
  return results
    .filter((result) => !result.ok)
    .map((result) => ({
      kind: 'guard' as const,
      message: `${result.guard}: ${count(result.actual)} of ${plural(result.existing, 'existing record')}, the limit is ${count(result.limit ?? 0)}`,
      hint: `To allow it for one run: --allow ${result.guard}:${sync}=${result.actual}`,
    }));
}
