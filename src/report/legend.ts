/** The counted lines of a sync: one row per kind of change that the plan holds. */
import type { SyncPlan, Transition } from '../plan/document.ts';
import type { Paint } from './colour.ts';
import { visible } from './escape.ts';
import { brief, count } from './format.ts';
import { rejectLines } from './reject-text.ts';
import { changesIn } from './totals.ts';

export interface LegendRow {
  readonly symbol: string;
  readonly label: string;
  readonly count: number;
  readonly style: keyof Paint | null;
  /** Shown behind the number; `null` starts a new line. */
  readonly details: readonly (string | null)[];
}

const FIELDS = 12;
const TRANSITIONS = 3;

/** Rows with something to say, in the order of DESIGN 8. */
export function legend(sync: SyncPlan): readonly LegendRow[] {
  const { summary } = sync;
  const rejected = summary.rejected + summary.known_rejected;
  const rows: readonly LegendRow[] = [
    row('+', 'create', summary.create, 'create'),
    row('~', 'update', summary.update, 'update', fieldDetails(sync.fields, sync.transitions)),
    row('~', 'clear', summary.clear, 'update', ['the mapped fields become null']),
    row('!', 'takeover', summary.takeover, 'warn', ['had values that Sluice did not write']),
    row('!', 'drift', summary.drift, 'warn', [...fieldDetails(sync.drift_fields, {}), ...driftFate(sync)]),
    row('!', 'conflict', summary.conflict, 'warn', ['both sides changed', ...driftFate(sync)]),
    row('-', 'delete', summary.delete, 'delete'),
    row('=', 'held', summary.held, 'warn', ['left alone']),
    row(
      'x',
      'reject',
      rejected,
      'error',
      rejectLines(sync.rejects).flatMap((line) => [line, null]),
    ),
    row('.', 'adopt', summary.adopt, null, ['already as they should be; state only, nothing is written']),
    row('.', 'forget', summary.forget, null, ['gone on both sides; state only']),
    row('.', 'release', summary.release, null, ['no longer managed; the destination keeps its values']),
    row('.', 'skipped', summary.skipped, null, ['differ, but mode, when or on_null says not to write']),
  ];
  return [...rows, ...releasedFields(sync)].filter((each) => each.count > 0);
}

function row(symbol: string, label: string, value: number, style: LegendRow['style'], details: LegendRow['details'] = []): LegendRow {
  return { symbol, label, count: value, style, details };
}

function releasedFields(sync: SyncPlan): readonly LegendRow[] {
  const names = sync.released_fields.map((field) => visible(field));
  return names.length === 0 ? [] : [row('.', 'fields', names.length, null, [`released: ${names.join(', ')}`])];
}

/** `Tier__c 291 (SMB -> Enterprise 187, Enterprise -> SMB 104)`, most frequent first. */
function fieldDetails(
  fields: Readonly<Record<string, number>>,
  transitions: Readonly<Record<string, readonly Transition[]>>,
): readonly string[] {
  const entries = Object.entries(fields).filter(([, number]) => number > 0);
  const shown = entries.slice(0, FIELDS).map(([field, number]) => {
    const frequent = Object.hasOwn(transitions, field) ? transitionText(transitions[field]) : '';
    return `${visible(field)} ${count(number)}${frequent === '' ? '' : ` (${frequent})`}`;
  });
  return entries.length > shown.length ? [...shown, `... ${count(entries.length - shown.length)} more fields`] : shown;
}

/** The most frequent changes of value. Only what repeats: a field whose values all differ says nothing here, its samples do. */
export function transitionText(transitions: readonly Transition[] = []): string {
  const repeated = transitions.filter((each) => each.count > 1).slice(0, TRANSITIONS);
  return repeated.map((each) => `${brief(each.before)} -> ${brief(each.after)} ${count(each.count)}`).join(', ');
}

function driftFate(sync: SyncPlan): readonly string[] {
  const { held, drift, conflict } = sync.summary;
  if (held === 0) return ['will be overwritten'];
  if (changesIn(sync.summary) === 0) return ['held'];
  return [held < drift + conflict ? 'some held, the others will be overwritten' : 'held or overwritten, as on_drift says'];
}
