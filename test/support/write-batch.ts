/** A write batch from changes written out in a test: what the core makes of a plan's tables. */
import { writeBatch } from '../../src/destinations/batch.ts';
import type { WriteBatch, WriteChange } from '../../src/destinations/destination.ts';
import type { Workspace } from '../../src/workspace/workspace.ts';

export interface WrittenOut extends Pick<WriteBatch, 'object' | 'action' | 'key' | 'fields'> {
  /** A field that `before` leaves out was not read, one that `after` leaves out is written as null. */
  readonly changes: readonly WriteChange[];
}

const made = { batches: 0 };

/** The batch over a temporary table of the workspace. */
export async function batchOf(workspace: Workspace, { changes, ...shape }: WrittenOut): Promise<WriteBatch> {
  made.batches += 1;
  const table = `written_out_${made.batches}`;
  const each = (prefix: string, type: string, list: readonly unknown[]): string[] => list.map((_, index) => `${prefix}${index} ${type}`);
  const columns = [
    'pos INTEGER',
    'seq BIGINT',
    'remote_id VARCHAR',
    ...each('k', 'VARCHAR', shape.key),
    ...shape.fields.flatMap((_, index) => [`a${index} VARCHAR`, `b${index} VARCHAR`, `h${index} BOOLEAN`]),
  ];
  await workspace.run(`CREATE TEMP TABLE ${table} (${columns.join(', ')})`);
  await append(workspace, table, shape, changes);
  return writeBatch({ ...shape, workspace, size: changes.length, relation: `temp.main.${table}` });
}

async function append(
  workspace: Workspace,
  table: string,
  shape: Omit<WrittenOut, 'changes'>,
  changes: readonly WriteChange[],
): Promise<void> {
  const appender = await workspace.connection.createAppender(table, 'main', 'temp');
  const put = (text: string | null | undefined): void => {
    if (text === null || text === undefined) appender.appendNull();
    else appender.appendVarchar(text);
  };
  for (const [position, change] of changes.entries()) {
    appender.appendInteger(position);
    appender.appendBigInt(BigInt(change.seq));
    put(change.remoteId);
    shape.key.forEach((_, index) => put(change.key[index]));
    for (const { field } of shape.fields) {
      put(change.after?.[field]);
      put(change.before?.[field]);
      appender.appendBoolean(change.before?.[field] !== undefined);
    }
    appender.endRow();
  }
  appender.closeSync();
}
