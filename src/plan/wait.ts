/** Whether what a sync waits for has happened. */
import type { Sync } from '../config/model.ts';
import type { Context } from '../context.ts';
import { whyWait } from '../dbt/run-results.ts';
import type { Blocked } from './document.ts';

/** The plan is made all the same, for people to see; it may not be applied. */
export async function waitingFor(context: Context, sync: Sync): Promise<readonly Blocked[]> {
  if (sync.source.waitFor === undefined) return [];
  const trouble = await whyWait(sync.source.waitFor, context.now());
  return trouble === undefined ? [] : [{ kind: 'dependency', message: trouble.problem, hint: trouble.hint }];
}
