/** One sync of a plan, line by line. */
import { type GuardResult, type Blocked, type ChangeSample, type FieldChange, isStopped, type SyncPlan } from '../plan/document.ts';
import { changeLines, dueText } from './base-text.ts';
import type { Paint } from './colour.ts';
import { padEnd, padStart, visible, visibleLines } from './escape.ts';
import { count, fieldChange, keyText, plural, value } from './format.ts';
import { type LegendRow, legend } from './legend.ts';
import type { TextOptions } from './text.ts';

/** Shown of each kind of change. */
const SAMPLES = 3;
const SAMPLE_FIELDS = 6;
const EXAMPLES = 3;
/** Details wrap before this column. */
const WIDTH = 118;

export function syncLines(sync: SyncPlan, options: TextOptions): readonly string[] {
  const { paint } = options;
  if (sync.error !== null) return [...changeLines(sync, paint), ...errorLines(sync, paint)];
  if (isStopped(sync)) return [...changeLines(sync, paint), ...blockedLines(sync, paint)];
  const rows = legend(sync);
  return [
    ...changeLines(sync, paint),
    ...(rows.length === 0 ? [paint.dim(`    no changes, ${count(sync.summary.unchanged)} unchanged`)] : legendLines(rows, paint)),
    ...heldLines(sync),
    ...sampleLines(sync, options),
    ...sync.guards
      .filter((guard) => guard.allowed)
      .map((guard) => `    guard ${visible(guard.guard)}: ${count(guard.actual)} let through by ${allowedBy(guard)}`),
    ...sync.notes.map((note) => `    note: ${visible(note)}`),
    ...blockedLines(sync, paint),
  ];
}

function allowedBy({ approved_by: by }: GuardResult): string {
  return by === undefined ? '--allow' : `${visible(by.file)} (until ${visible(by.until)})`;
}

function errorLines(sync: SyncPlan, paint: Paint): readonly string[] {
  const { message = '', where = null, hint = null } = sync.error ?? {};
  const place = where === null ? '' : `${visible(where)}: `;
  const text = indent(`error: ${place}${visibleLines(message)}`, 4);
  return [paint.error(text), ...(hint === null ? [] : [indent(visibleLines(hint), 6)])];
}

function legendLines(rows: readonly LegendRow[], paint: Paint): readonly string[] {
  const labels = Math.max(6, ...rows.map((row) => row.label.length));
  const numbers = Math.max(...rows.map((row) => count(row.count).length)) + 2;
  return rows.flatMap((row) => {
    const head = `  ${row.symbol} ${padEnd(row.label, labels)}${padStart(count(row.count), numbers)}`;
    const details = wrap(row.details, head.length + 4);
    const painted = row.style === null ? head : paint[row.style](head);
    if (details.length === 0) return [painted];
    return details.map((line, index) => (index === 0 ? `${painted}    ${line}` : `${' '.repeat(head.length + 4)}${line}`));
  });
}

/** Items side by side, three spaces between them, as many as fit in a line; `null` starts a new line. */
function wrap(items: readonly (string | null)[], indentation: number): readonly string[] {
  const lines: string[] = [];
  let current: string | undefined;
  for (const item of items) {
    const joined = current === undefined ? (item ?? '') : `${current}   ${item ?? ''}`;
    if (item !== null && (current === undefined || indentation + joined.length <= WIDTH)) {
      current = joined;
      continue;
    }
    if (current !== undefined) lines.push(current);
    current = item ?? undefined;
  }
  return current === undefined ? lines : [...lines, current];
}

function heldLines(sync: SyncPlan): readonly string[] {
  if (sync.summary.held === 0) return [];
  const shown = sync.held.slice(0, EXAMPLES).map((example) => {
    const fields = example.fields.slice(0, SAMPLE_FIELDS).map((change) => fieldChange(change, 'update'));
    return `    = ${[keyText(example.key), visible(example.reason), ...fields].join('   ')}`;
  });
  const left = sync.summary.held - shown.length;
  const name = visible(sync.name);
  return [
    ...shown,
    ...(left > 0 ? [`    ... ${count(left)} more held`] : []),
    `    held until the data agrees. To keep what the destination has: sluice accept ${name} [KEY...]; to write the warehouse's value: on_drift: overwrite`,
  ];
}

function sampleLines(sync: SyncPlan, options: TextOptions): readonly string[] {
  const shown = ACTIONS.flatMap((action) => sync.samples.filter((sample) => sample.action === action).slice(0, SAMPLES));
  const { create, update, delete: deletes, clear } = sync.summary;
  const left = create + update + deletes + clear - shown.length;
  const all =
    options.planFile === undefined
      ? `${options.command ?? 'sluice plan'} --out plan.duckdb, then sluice show plan.duckdb --records`
      : `sluice show ${options.planFile} --records`;
  return [
    ...shown.map((sample) => `    ${sampleLine(sample, options.paint)}`),
    ...(left > 0 ? [`    ... ${count(left)} more: ${all}`] : []),
  ];
}

const ACTIONS = ['create', 'update', 'clear', 'delete'] as const;
const SYMBOLS = { create: '+', update: '~', delete: '-', clear: '~' } as const;
const STYLES = { create: 'create', update: 'update', delete: 'delete', clear: 'update' } as const;

/** `~ 001A  "Umbrella"   Tier__c: "SMB" -> "Enterprise"`; with every field, nulls of new records included, when `all`. */
export function sampleLine(sample: ChangeSample, paint: Paint, all = false): string {
  const changes = all ? writtenFields(sample) : writtenFields(sample).filter((change) => sample.action !== 'create' || !isNull(change));
  const shown = changes.slice(0, all ? undefined : SAMPLE_FIELDS);
  // A new record shows its name among its fields already.
  const named = sample.label === null || (sample.action === 'create' && shown.some((change) => change.after === sample.label));
  const more = changes.length > shown.length ? [`... ${plural(changes.length - shown.length, 'more field')}`] : [];
  const reason = REASONS.get(sample.reason);
  const head = `${paint[STYLES[sample.action]](SYMBOLS[sample.action])} ${keyText(sample.key)}${named ? '' : `  ${value(sample.label)}`}`;
  const notes = [reason, dueText(sample)].filter((note) => note !== undefined);
  return [head, ...shown.map((change) => fieldChange(change, sample.action)), ...more, ...notes].join('   ');
}

function writtenFields(sample: ChangeSample): readonly FieldChange[] {
  return sample.action === 'delete' ? [] : sample.fields;
}

function isNull(change: FieldChange): boolean {
  return change.after === null && !change.sensitive && !change.after_apply;
}

/** Reasons that surprise, so they are said. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['gone', '(deleted outside, will be created again)'],
  ['drift', '(drift, will be overwritten)'],
  ['conflict', '(conflict, will be overwritten)'],
  ['takeover', '(takeover)'],
]);

/** Why a sync may not be applied: every breach, with the way to allow it. */
function blockedLines(sync: SyncPlan, paint: Paint): readonly string[] {
  if (sync.blocked.length === 0) return [];
  return [
    paint.error(`  BLOCKED: ${visible(sync.name)} will not be applied`),
    ...sync.blocked.flatMap((block) => blockLines(block, sync, paint)),
  ];
}

function blockLines(block: Blocked, sync: SyncPlan, paint: Paint): readonly string[] {
  const examples = block.kind === 'check' ? checkExamples(block, sync) : [];
  return [
    paint.error(indent(`${block.kind}: ${visibleLines(block.message)}`, 4)),
    ...examples.map((example) => `      ${visible(example)}`),
    ...(block.hint === null ? [] : [indent(visibleLines(block.hint), 6)]),
  ];
}

/** Rows that the failed check returned; the message names the check. */
function checkExamples(block: Blocked, sync: SyncPlan): readonly string[] {
  const failed = sync.checks.filter((check) => !check.ok);
  const named = failed.filter((check) => failed.length === 1 || block.message.includes(check.name));
  return named.flatMap((check) => check.examples).slice(0, EXAMPLES);
}

function indent(text: string, spaces: number): string {
  return text.replace(/^/gm, ' '.repeat(spaces));
}
