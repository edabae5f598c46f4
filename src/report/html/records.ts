/** The records of a plan file as chunks of the page: each sync's changes, held records and rejects, in that order. */
import type { PlanDocument, SyncPlan } from '../../plan/document.ts';
import type { PlanFile } from '../../plan/plan-file.ts';
import { heldRecords, rejectedRecords } from '../../plan/plan-records.ts';
import { changesIn } from '../totals.ts';
import { Packer } from './chunks.ts';
import { changeRow, heldRow, rejectRow } from './row.ts';
import type { WireMeta, WireRow } from './wire.ts';

/** Records that a browser opens without trouble. Beyond it the page says how many it leaves out. */
const MOST_RECORDS = 200_000;

/** Whether keys and values of a sync stay out of the page. */
export type IsMasked = (sync: SyncPlan) => boolean;

/** Yields the chunks; returns what the page must know about them. */
export async function* recordChunks(file: PlanFile, isMasked: IsMasked, most = MOST_RECORDS): AsyncGenerator<string, WireMeta> {
  const { syncs } = file.document;
  const shares = sharesOf(syncs.map((sync) => recordsOf(sync)), most); // prettier-ignore
  const packer = new Packer();
  for (const [index, sync] of syncs.entries()) {
    const rows = rowsOf(file, sync, isMasked(sync));
    for (let left = shares[index] ?? 0; left > 0; left--) {
      const row = await rows.next();
      if (row.done === true) break;
      const chunk = await packer.add(index, row.value);
      if (chunk !== undefined) yield chunk;
    }
    await rows.return(undefined);
  }
  const last = await packer.flush();
  if (last !== undefined) yield last;
  return packer.meta(
    syncs.map((sync) => ({ name: sync.name, masked: isMasked(sync) })),
    leftOut(file.document, shares),
  );
}

async function* rowsOf(file: PlanFile, sync: SyncPlan, masked: boolean): AsyncGenerator<WireRow, void> {
  let number = 0;
  for await (const { samples } of file.records(sync.name)) for (const each of samples) yield changeRow(each, { masked, number: ++number });
  for await (const batch of heldRecords(file, sync.name)) for (const each of batch) yield heldRow(each, { masked, number: ++number });
  for await (const batch of rejectedRecords(file, sync.name)) for (const each of batch) yield rejectRow(each, { masked, number: ++number });
}

function recordsOf(sync: SyncPlan): number {
  const { held, rejected, known_rejected } = sync.summary;
  return changesIn(sync.summary) + held + rejected + known_rejected;
}

/** How many records each may show, so that a large sync does not shut out the small ones: what these leave over is shared. */
export function sharesOf(sizes: readonly number[], most: number): readonly number[] {
  const shares = sizes.map(() => 0);
  const bySize = [...sizes.entries()].sort(([, a], [, b]) => a - b);
  let left = most;
  for (const [place, [index, size]] of bySize.entries()) {
    shares[index] = Math.min(size, Math.floor(left / (bySize.length - place)));
    left -= shares[index] ?? 0;
  }
  return shares;
}

function leftOut({ syncs }: PlanDocument, shares: readonly number[]): number {
  return syncs.reduce((sum, sync, index) => sum + recordsOf(sync) - (shares[index] ?? 0), 0);
}
