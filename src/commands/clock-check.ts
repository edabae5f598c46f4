/** Whether another system's clock agrees with this machine's. */
import type { Context, TellsTime } from '../context.ts';
import { UserError } from '../errors.ts';

/** More than this, in milliseconds, and reports and leases mislead. */
const TOLERANCE = 30_000;

/** What to ask for the time; undefined where the system cannot tell it. */
export function tellsTime(system: object): TellsTime | undefined {
  return 'clock' in system && typeof system.clock === 'function' ? (system as TellsTime) : undefined;
}

/** How far the clocks are apart, as a sentence. Throws `UserError` when that is too far. */
export async function compareClocks(context: Context, system: TellsTime): Promise<string> {
  const before = context.now();
  const theirs = await system.clock();
  const after = context.now();
  const ahead = theirs - (before + after) / 2;
  // Somewhere on the way there and back: closer than that nobody can tell.
  if (Math.abs(ahead) <= TOLERANCE + (after - before) / 2) return `agrees with this machine's to ${seconds(ahead)}`;
  throw new UserError(`its clock is ${seconds(ahead)} ${ahead > 0 ? 'ahead of' : 'behind'} this machine's`, {
    hint: 'Let both keep time by the network (NTP).',
  });
}

function seconds(ms: number): string {
  const whole = Math.ceil(Math.abs(ms) / 1000);
  return whole === 1 ? '1 second' : `${whole} seconds`;
}
