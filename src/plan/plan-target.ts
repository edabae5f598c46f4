/** Where a plan may be written: at a new path, or over an earlier plan. Never over a warehouse, a destination or a state file. */
import { stat } from 'node:fs/promises';

import { messageOf, UserError } from '../errors.ts';
import { Workspace } from '../workspace/workspace.ts';
import { isEncrypted } from './encryption.ts';

/** Throws a `UserError` when something else than a plan stands there. */
export async function checkPlanTarget(target: string): Promise<void> {
  const found = await stat(target).catch(() => undefined);
  if (found === undefined) return;
  if (found.isDirectory())
    throw new UserError(`the plan cannot be written to ${target}: it is a folder`, { hint: 'Name a file in it: --out plan.duckdb.' });
  if (!found.isFile()) throw new UserError(`the plan cannot be written to ${target}: it is no ordinary file`);
  if (found.size === 0 || (await isPlan(target))) return;
  throw new UserError(`the plan cannot be written to ${target}: that file exists and is no plan`, {
    hint: 'Only an earlier plan is overwritten. Choose another name, or move the file away.',
  });
}

async function isPlan(path: string): Promise<boolean> {
  try {
    if (await isEncrypted(path)) return true;
    await using workspace = await Workspace.open();
    await workspace.attach(path, 'plan', 'read');
    const tables = await workspace.count(
      "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'plan' AND table_name IN ('manifest', 'changes', 'adoptions', 'rejects', 'held', 'violations')",
    );
    return tables === 6;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw new UserError(`the plan cannot be written to ${path}: ${messageOf(error)}`, { hint: 'Choose another name.', cause: error });
  }
}
