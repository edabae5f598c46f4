/** The org's API calls of the last 24 hours, and how many of them we may use. */
import { EXIT, UserError } from '../errors.ts';
import type { ClientOptions } from './options.ts';
import type { Usage } from './request.ts';

/** From `Sforce-Limit-Info: api-usage=18/15000, per-app-api-usage=...`. */
export function usageOf(headers: Readonly<Record<string, string>>): Usage | undefined {
  const found = /(?:^|[\s,;])api-usage=(\d+)\/(\d+)/.exec(headers['sforce-limit-info'] ?? '');
  return found === null ? undefined : { used: Number(found[1]), max: Number(found[2]) };
}

/** Throws `UserError` when one more call would go over the share that the connection may use. */
export function checkBudget(usage: Usage | undefined, options: ClientOptions): void {
  if (usage === undefined || usage.used + 1 <= allowance(usage.max, options)) return;
  const { name, location, budgetPercent } = options;
  const why = `${grouped(usage.used)} of ${grouped(usage.max)} API calls of today are used, the limit of this connection is ${budgetPercent}%`;
  throw new UserError(`${name}: stopped: ${why}`, {
    location,
    hint: 'Run the same command later, when the calls of the last 24 hours are fewer, or raise `api_budget`.',
    exitCode: EXIT.forbidden,
  });
}

/** Calls that anybody may have made in 24 hours before we stop. */
export function allowance(max: number, { budgetPercent }: Pick<ClientOptions, 'budgetPercent'>): number {
  return Math.floor((max * budgetPercent) / 100);
}

/** `15,000` */
export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
