/** What moved in the destinations, for people. */
import type { FieldChange, PlanDocument, SyncPlan } from '../plan/document.ts';
import type { Paint } from './colour.ts';
import { visible, visibleLines } from './escape.ts';
import { count, fieldChange, keyText, plural } from './format.ts';

const EXAMPLES = 10;

/** With a line end at the end. */
export function renderDrift(document: PlanDocument, paint: Paint): string {
  const blocks = document.syncs.flatMap((sync) => syncLines(sync, paint));
  const moved = document.summary.drift + document.summary.conflict;
  const failed = document.syncs.filter((sync) => sync.error !== null).length;
  const total =
    moved === 0
      ? failed === 0
        ? 'No drift.'
        : 'No drift in what could be read.'
      : `Drift: ${plural(moved, 'record')}, ${count(document.summary.conflict)} of them in conflict with the warehouse.`;
  const unread = failed === 0 ? [] : [paint.error(`${plural(failed, 'sync', 'syncs')} could not be read.`)];
  return `${[...blocks, moved === 0 && failed === 0 ? paint.ok(total) : total, ...unread].join('\n')}\n`;
}

function syncLines(sync: SyncPlan, paint: Paint): readonly string[] {
  const heading = `${paint.bold(visible(sync.name))}   ${visible(`${sync.destination}.${sync.object}`)}`;
  if (sync.error !== null) return [heading, paint.error(`  error: ${visibleLines(sync.error.message)}`)];
  const { drift, conflict } = sync.summary;
  if (drift + conflict === 0) return [];
  const fields = Object.entries(sync.drift_fields).map(([field, number]) => `${visible(field)} ${count(number)}`);
  const examples = exampleLines(sync);
  const left = drift + conflict - examples.length;
  return [
    `${heading}   ${paint.dim(`${plural(sync.live_read, 'record')} read`)}`,
    paint.warn(`  ! drift ${count(drift)}, conflict ${count(conflict)}`) + (fields.length === 0 ? '' : `    ${fields.join('   ')}`),
    ...examples,
    ...(left > 0
      ? [
          `    ... ${count(left)} more: sluice plan ${visible(sync.name)} --refresh all --out plan.duckdb, then sluice show plan.duckdb --records, or --sql 'from held' for those that are held`,
        ]
      : []),
    '',
  ];
}

/** Held records, and those whose drift the next apply overwrites. The arrow leads to what the warehouse says. */
function exampleLines(sync: SyncPlan): readonly string[] {
  const moved = (fields: readonly FieldChange[]): readonly FieldChange[] =>
    fields.filter((field) => field.case === 'drift' || field.case === 'conflict');
  const written = sync.samples.filter((sample) => moved(sample.fields).length > 0 || sample.reason === 'gone');
  const lines = [
    ...sync.held.map((held) => [`= ${keyText(held.key)}`, 'held', ...held.fields.map((field) => fieldChange(field, 'update'))]),
    ...written.map((sample) => [
      `! ${keyText(sample.key)}`,
      'will be overwritten',
      ...moved(sample.fields).map((field) => fieldChange(field, 'update')),
    ]),
  ];
  return lines.slice(0, EXAMPLES).map((parts) => `    ${parts.join('   ')}`);
}
