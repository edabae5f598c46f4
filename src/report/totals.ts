/** The last lines of a plan: what it comes to, and what it costs. */
import { addSummaries, isStopped, type PlanDocument, type Summary, type SyncPlan } from '../plan/document.ts';
import type { Paint } from './colour.ts';
import { visible } from './escape.ts';
import { bytes, count, plural } from './format.ts';

const NO_CHANGES = 'No changes.';
const ALL_AGREES = 'The destination matches the warehouse.';

/** Records that an apply would write. */
export function changesIn(summary: Summary): number {
  return summary.create + summary.update + summary.delete + summary.clear;
}

export function totals(document: PlanDocument, paint: Paint): string {
  const errors = document.syncs.filter((sync) => sync.error !== null).length;
  const blocked = document.syncs.filter((sync) => sync.error === null && sync.blocked.length > 0).length;
  const lines = [
    headline(document, errors, paint),
    ...(errors > 0 ? [paint.error(`${plural(errors, 'sync', 'syncs')} could not be planned.`)] : []),
    ...(blocked > 0 ? [paint.error(`${plural(blocked, 'sync', 'syncs')} blocked: ${namesOf(document.syncs)}`)] : []),
  ];
  return lines.filter((line) => line !== '').join('\n');
}

function namesOf(syncs: readonly SyncPlan[]): string {
  return syncs
    .filter((sync) => sync.error === null && sync.blocked.length > 0)
    .map((sync) => visible(sync.name))
    .join(', ');
}

function headline(document: PlanDocument, errors: number, paint: Paint): string {
  const summary = addSummaries(document.syncs.map((sync) => sync.summary));
  const counts = summaryText(summary);
  const cost = costText(document.syncs);
  if (counts.length > 0) return [`${paint.bold('Plan:')} ${counts.join(', ')}.`, ...cost].join(' ');
  if (errors > 0 || document.syncs.some((sync) => isStopped(sync))) return '';
  if (document.syncs.length === 0) return 'Nothing was planned.';
  const stateOnly = summary.adopt + summary.forget + summary.release;
  const state = stateOnly === 0 ? '' : ` ${plural(stateOnly, 'record')} to note in state; apply does that and writes nothing.`;
  // A query without rows says nothing about the destination, records that nobody looked at may differ, and skipped ones do.
  const isUnknown = summary.unverified > 0 || summary.skipped > 0 || document.syncs.some((sync) => sync.rows === 0);
  return [`${paint.ok(isUnknown ? NO_CHANGES : `${NO_CHANGES} ${ALL_AGREES}`)}${state}`, ...billedText(document.syncs)].join(' ');
}

/** `12 to create, 340 to update, 1 rejected`; empty when there is nothing to write or to look at. */
export function summaryText(summary: Summary): readonly string[] {
  const parts: readonly (readonly [number, string])[] = [
    [summary.create, 'to create'],
    [summary.update, 'to update'],
    [summary.clear, 'to clear'],
    [summary.delete, 'to delete'],
    [summary.held, 'held'],
    [summary.rejected, 'rejected'],
    [summary.known_rejected, 'rejected before'],
  ];
  return parts.filter(([value]) => value > 0).map(([value, words]) => `${count(value)} ${words}`);
}

/** `4 API calls of 84,213 left today.` per destination, and what the warehouse bills. */
export function costText(syncs: readonly SyncPlan[]): readonly string[] {
  const destinations = [...new Set(syncs.filter((sync) => sync.cost.api_calls !== null).map((sync) => sync.destination))];
  const calls = destinations.map((name) => callsText(name, syncs, destinations.length > 1));
  return [...calls, ...billedText(syncs)];
}

/** `10 MB billed by the warehouse.`: what making the plan has cost. */
function billedText(syncs: readonly SyncPlan[]): readonly string[] {
  const billed = syncs.reduce((sum, sync) => sum + (sync.cost.bytes_billed ?? 0), 0);
  return billed > 0 ? [`${bytes(billed)} billed by the warehouse.`] : [];
}

function callsText(destination: string, syncs: readonly SyncPlan[], naming: boolean): string {
  const own = syncs.filter((sync) => sync.destination === destination && sync.cost.api_calls !== null);
  const calls = own.reduce((sum, sync) => sum + (sync.cost.api_calls ?? 0), 0);
  const left = own.map((sync) => sync.cost.api_calls_left).filter((each) => each !== null);
  const where = naming ? ` to ${visible(destination)}` : '';
  return `${plural(calls, 'API call')}${where}${left.length === 0 ? '' : ` of ${count(Math.min(...left))} left today`}.`;
}
