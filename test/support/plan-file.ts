/** A small plan: its file and the workspace in which it is attached, as a state backend gets them. */
import { join } from 'node:path';

import { PLAN_TABLES } from '../../src/plan/plan-tables.ts';
import type { PlannedChanges } from '../../src/state/state.ts';
import { Workspace } from '../../src/workspace/workspace.ts';

export interface ChangeRow {
  sync: string;
  seq: number;
  pass?: number;
  action: 'create' | 'update' | 'clear' | 'delete';
  key: string;
  key_hash: string;
  remote_id?: string | null;
  fields: readonly string[];
  before?: string | null;
  after?: string | null;
  sent?: string | null;
  returned?: string | null;
  row_hash?: string | null;
  partial?: boolean;
  live_hash?: string | null;
  origin: 'created' | 'adopted';
}

export interface AdoptionRow {
  sync: string;
  kind: 'adopt' | 'rehash' | 'left' | 'forget' | 'hold' | 'settle';
  key: string;
  key_hash: string;
  remote_id?: string | null;
  sent?: string | null;
  returned?: string | null;
  row_hash?: string | null;
  live_hash?: string | null;
  origin?: 'created' | 'adopted';
  verified?: boolean;
}

export interface PlanRejectRow {
  sync: string;
  key: string | null;
  row_hash: string | null;
  code: string;
  message: string;
  field?: string | null;
  known?: boolean;
}

export interface PlanRows {
  readonly changes?: readonly ChangeRow[];
  readonly adoptions?: readonly AdoptionRow[];
  readonly rejects?: readonly PlanRejectRow[];
}

export type TestPlan = PlannedChanges & AsyncDisposable;

/** Writes a plan of these rows. It is gone when it is disposed. */
export async function makePlan(rows: PlanRows): Promise<TestPlan> {
  const workspace = await Workspace.open();
  const file = join(workspace.folder, 'plan.duckdb');
  await workspace.attach(file, 'plan', 'write');
  for (const table of PLAN_TABLES) await workspace.run(table);
  for (const [table, data] of Object.entries(rows) as [string, readonly object[]][])
    if (data.length > 0) await fill(workspace, table, data);
  await workspace.detach('plan');
  return attached(workspace, file);
}

/** A plan that exists already. Its file stays. */
export async function openPlan(file: string): Promise<TestPlan> {
  return attached(await Workspace.open(), file);
}

async function attached(workspace: Workspace, file: string): Promise<TestPlan> {
  await workspace.attach(file, 'plan', 'read');
  return { workspace, file, [Symbol.asyncDispose]: () => workspace[Symbol.asyncDispose]() };
}

async function fill(workspace: Workspace, table: string, rows: readonly object[]): Promise<void> {
  const columns = await workspace.columns(`SELECT * FROM plan.${table}`);
  const structure = `[{${columns.map((column) => `"${column.name}": "${column.type}"`).join(', ')}}]`.replaceAll(
    '"VARCHAR[]"',
    '["VARCHAR"]',
  );
  await workspace.run(`INSERT INTO plan.${table} SELECT unnest(r) FROM (SELECT unnest(from_json($data, $structure)) AS r)`, {
    data: JSON.stringify(rows),
    structure,
  });
}
