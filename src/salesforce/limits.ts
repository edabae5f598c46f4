/** `/limits`: what the org may still use. */
import { EXIT, UserError } from '../errors.ts';
import type { ClientOptions } from './options.ts';
import type { Limit, Limits } from './request.ts';
import { allowance, grouped } from './usage.ts';

export type LimitsReply = Readonly<Record<string, { readonly Max?: number; readonly Remaining?: number } | undefined>>;

export function limitsOf(reply: LimitsReply): Limits {
  const read = (name: string): Limit | undefined => {
    const { Max: max, Remaining: remaining } = reply[name] ?? {};
    return typeof max === 'number' && typeof remaining === 'number' ? { max, remaining } : undefined;
  };
  return { daily: read('DailyApiRequests'), bulkBatches: read('DailyBulkApiBatches'), bulkQueries: read('DailyBulkV2QueryJobs') };
}

/** Throws `UserError` when the calls that this connection may use are used. */
export function describeLimits({ daily }: Limits, options: ClientOptions): string {
  if (daily === undefined) return 'the org does not say how many API calls are left';
  const used = daily.max - daily.remaining;
  const allowed = allowance(daily.max, options);
  const what = `${grouped(used)} of ${grouped(daily.max)} API calls of 24 hours are used; this connection stops at ${grouped(allowed)}`;
  if (used < allowed) return what;
  throw new UserError(what, {
    location: options.location,
    hint: `Wait until the calls of the last 24 hours are fewer, or raise \`api_budget\` (now ${options.budgetPercent}%).`,
    exitCode: EXIT.forbidden,
  });
}
