/** `sluice accept`: takes live records as they are. State only: sent = desired, returned = live. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Sync } from '../config/model.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { openPlanFile } from '../plan/plan-file.ts';
import { plan, type PlanRequest } from '../plan/planner.ts';
import { apply } from './applier.ts';

export interface AcceptRequest extends Omit<PlanRequest, 'syncs' | 'out' | 'encrypt' | 'refresh' | 'accept' | 'allow' | 'retryRejected'> {
  readonly sync: Sync;
  /** As typed: the key, or a JSON array for a key of several fields. Empty: every held or drifted record. */
  readonly keys: readonly string[];
  readonly owner: string;
}

/** Returns how many records were accepted. A key that names no differing record is an error, and nothing is accepted then. */
export async function accept(context: Context, request: AcceptRequest): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-accept-'));
  try {
    const out = join(folder, 'plan.duckdb');
    const keys = request.keys.map((key) => keyJson(key));
    const wanted = keys.length === 0 ? {} : { keys };
    const document = await plan(context, {
      ...request,
      syncs: [request.sync],
      out,
      encrypt: false,
      refresh: 'all',
      accept: wanted,
      allow: [],
      retryRejected: true, // what was refused, or reverted, is taken as it is, too
    });
    const failed = document.syncs[0]?.error;
    if (failed !== null && failed !== undefined) throw new UserError(failed.message, { hint: failed.hint ?? undefined });
    const accepted = await acceptedKeys(context, out);
    const missing = keys.filter((key) => !accepted.includes(key));
    if (missing.length > 0) {
      throw new UserError(`${request.sync.name} has no differing record with key ${missing.join(', ')}`, {
        hint: 'See `sluice drift` for what differs.',
      });
    }
    if (accepted.length > 0) await apply(context, { ...request, planFile: out, adoptOnly: true, allow: [], syncs: [request.sync.name] });
    return accepted.length;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function keyJson(typed: string): string {
  if (!typed.startsWith('[')) return JSON.stringify([typed]);
  try {
    return JSON.stringify(JSON.parse(typed));
  } catch {
    return JSON.stringify([typed]); // a key that merely begins with a bracket
  }
}

async function acceptedKeys(context: Context, path: string): Promise<string[]> {
  await using file = await openPlanFile(context, path);
  const rows = await file.workspace.rows('SELECT key FROM plan.adoptions');
  return rows.map((row) => String(row['key']));
}
