/** Write batches over a relation of the workspace: made, cut into parts, and read as objects where a destination wants them. */
import type { WriteBatch, WriteChange } from './destination.ts';

/** A batch without its way to read the changes as objects. */
export type BatchShape = Omit<WriteBatch, 'changes'>;

/** A batch whose changes stand in `shape.relation`. */
export function writeBatch(shape: BatchShape): WriteBatch {
  return { ...shape, changes: () => readChanges(shape) };
}

/** The changes at the positions `from`, `from + 1`, ..., as a batch of its own. */
export function partOf(batch: WriteBatch, from: number, size: number): WriteBatch {
  const relation = `(SELECT * REPLACE (CAST(pos - ${from} AS INTEGER) AS pos) FROM ${batch.relation} WHERE pos BETWEEN ${from} AND ${from + size - 1})`;
  return writeBatch({ ...batch, size, relation });
}

/** The changes at these positions (ascending), as a batch of its own. */
export async function selectionOf(batch: WriteBatch, positions: readonly number[]): Promise<WriteBatch> {
  const table = await selectionTable(batch, positions);
  const relation = `(SELECT b.* REPLACE (p.place AS pos) FROM ${batch.relation} AS b JOIN ${table} AS p ON p.pos = b.pos)`;
  return writeBatch({ ...batch, size: positions.length, relation });
}

/** One table for each depth: a selection of a batch goes before another one of the same batch is made. */
async function selectionTable(batch: WriteBatch, positions: readonly number[]): Promise<string> {
  const table = `temp.main.batch_selection_${batch.relation.split('batch_selection_').length - 1}`;
  await batch.workspace.run(
    `CREATE OR REPLACE TEMP TABLE ${table} AS SELECT pos, CAST(row_number() OVER (ORDER BY pos) - 1 AS INTEGER) AS place FROM (SELECT unnest(CAST(from_json($positions, '["INTEGER"]') AS INTEGER[])) AS pos)`,
    { positions: JSON.stringify(positions) },
  );
  return table;
}

interface ChangeRow {
  readonly seq: number;
  readonly remote_id: string | null;
  readonly k: readonly string[];
  readonly a: readonly (string | null)[];
  readonly b: readonly (string | null)[];
  readonly h: readonly boolean[];
}

/** One JSON text for all of them: an order of magnitude cheaper to bring into JavaScript than cell by cell. */
async function readChanges(batch: BatchShape): Promise<WriteChange[]> {
  const list = (prefix: string, count: number): string =>
    `[${Array.from({ length: count }, (_, index) => `${prefix}${index}`).join(', ')}]`;
  const fields = batch.fields.length;
  const row = await batch.workspace.row(
    `SELECT CAST(to_json(list(c ORDER BY c.pos)) AS VARCHAR) AS page FROM (
       SELECT pos, seq, remote_id, ${list('k', batch.key.length)} AS k, ${list('a', fields)} AS a, ${list('b', fields)} AS b, ${list('h', fields)} AS h
       FROM ${batch.relation} AS r) AS c`,
  );
  const rows = typeof row['page'] === 'string' ? (JSON.parse(row['page']) as ChangeRow[]) : [];
  return rows.map((change) => changeOf(batch, change));
}

function changeOf({ action, fields }: BatchShape, row: ChangeRow): WriteChange {
  const values = (texts: readonly (string | null)[], known: (index: number) => boolean): Record<string, string | null> =>
    Object.fromEntries(fields.flatMap(({ field }, index) => (known(index) ? [[field, texts[index] ?? null]] : [])));
  return {
    seq: row.seq,
    key: row.k,
    remoteId: row.remote_id ?? undefined,
    before: action === 'create' ? null : values(row.b, (index) => row.h[index] === true),
    after: action === 'delete' ? null : values(row.a, () => true),
  };
}
