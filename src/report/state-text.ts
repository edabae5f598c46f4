/** State for people. */
import type { LeaseHolder, SyncState } from '../state/state.ts';
import { visible } from './escape.ts';
import { count, keyText, plural, time, value } from './format.ts';
import { table } from './table.ts';

/** What is known about one record. Sensitive values are sealed text already. */
export interface StoredRecord {
  readonly key: readonly string[];
  readonly sent: Readonly<Record<string, string | null>> | null;
  readonly returned: Readonly<Record<string, string | null>> | null;
  readonly verified: boolean;
  readonly origin: string | null;
  readonly remote_id: string | null;
  readonly left_at: string | null;
  readonly run_id: string | null;
  /** Sent, and its outcome is not known. */
  readonly pending: boolean;
}

export function renderHeads(description: string, heads: readonly SyncState[], holders: readonly (LeaseHolder | undefined)[]): string {
  if (heads.length === 0) return `${visible(description)} is empty.\n`;
  const rows = heads.map((head, index) => [
    head.sync,
    count(head.records),
    String(head.serial),
    head.destination,
    head.lastRun === null ? null : `${head.lastRun.runId} ${head.lastRun.status}`,
    leaseText(holders[index]),
  ]);
  return `${table(['sync', 'records', 'serial', 'destination', 'last run', 'lease'], rows, { right: new Set([1, 2]) })}\n`;
}

export function renderHead(head: SyncState, holder: LeaseHolder | undefined): string {
  const lines = [
    `${visible(head.sync)}: ${plural(head.records, 'record')}, serial ${head.serial}`,
    `  destination  ${visible(head.destination)}`,
    `  fields       ${head.fields.map((field) => visible(field)).join(', ')}`,
    ...(head.lastRun === null ? [] : [`  last run     ${visible(head.lastRun.runId)} ${head.lastRun.status}`]),
    ...(holder === undefined ? [] : [`  lease        ${leaseText(holder) ?? ''}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function leaseText(holder: LeaseHolder | undefined): string | null {
  if (holder === undefined) return null;
  return visible(`${holder.owner} since ${time(holder.since)}, until ${time(holder.expiresAt)}, generation ${holder.generation}`);
}

export function renderRecord(record: StoredRecord): string {
  const notes = [
    record.origin,
    record.verified ? 'verified' : 'not verified',
    ...(record.remote_id === null ? [] : [`id ${record.remote_id}`]),
    ...(record.left_at === null ? [] : [`left the source ${record.left_at}`]),
    ...(record.pending ? ['sent, outcome unknown'] : []),
    ...(record.run_id === null ? [] : [`run ${record.run_id}`]),
  ].filter((note) => note !== null);
  const fields = Object.entries(record.sent ?? {}).map(([field, sent]) => {
    const returned = record.returned ?? {};
    const made = Object.hasOwn(returned, field) ? `, the destination made it ${value(returned[field] ?? null)}` : '';
    return `    ${visible(field)}: ${value(sent)}${made}`;
  });
  return `${[`  ${keyText(record.key)}: ${visible(notes.join(', '))}`, ...fields].join('\n')}\n`;
}
