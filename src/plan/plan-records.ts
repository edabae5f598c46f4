/** Records of a plan file that are no changes: held ones and rejects, all of them, in batches. */
import type { HeldExample } from './document.ts';
import type { PlanFile } from './plan-file.ts';
import { HELD_COLUMNS, heldOf } from './summary.ts';

export interface RejectedRecord {
  /** A part that is null is what is wrong with it. */
  readonly key: readonly (string | null)[];
  readonly code: string;
  readonly message: string;
  readonly field: string | null;
  readonly known: boolean;
}

export async function* heldRecords(file: PlanFile, sync: string): AsyncGenerator<readonly HeldExample[]> {
  const rows = file.workspace.stream(`SELECT ${HELD_COLUMNS} FROM plan.held WHERE sync = $sync ORDER BY key`, { sync });
  for await (const batch of rows) yield batch.map((row) => heldOf(row));
}

export async function* rejectedRecords(file: PlanFile, sync: string): AsyncGenerator<readonly RejectedRecord[]> {
  const rows = file.workspace.stream(
    `SELECT key, code, message, field, known FROM plan.rejects WHERE sync = $sync ORDER BY code, field, key`,
    { sync },
  );
  for await (const batch of rows) {
    yield batch.map((row) => ({
      key: JSON.parse(String(row['key'])) as (string | null)[],
      code: String(row['code']),
      message: String(row['message']),
      field: typeof row['field'] === 'string' ? row['field'] : null,
      known: row['known'] === true,
    }));
  }
}
