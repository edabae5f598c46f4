/** What a plan says of the project it was compared with: `plan --base`. */
import type { Attribution, ChangeCounts, ChangeSample, PlanDocument, PropertyChange, SyncChange, SyncPlan } from '../plan/document.ts';
import type { Paint } from './colour.ts';
import { visible } from './escape.ts';
import { count, plural } from './format.ts';

/** Changed properties shown of a sync. */
const PROPERTIES = 6;
/** Longer values, and those of several lines, are not shown. */
const SHORT = 40;

/** `+12 ~291 -3`; `nothing` when nothing is written. Cleared records are updates of a kind. */
export function countsText({ create, update, clear, delete: deletes }: ChangeCounts): string {
  const parts: readonly (readonly [string, number])[] = [['+', create], ['~', update + clear], ['-', deletes]]; // prettier-ignore
  const shown = parts.filter(([, number]) => number > 0).map(([symbol, number]) => `${symbol}${count(number)}`);
  return shown.length === 0 ? 'nothing' : shown.join(' ');
}

/** `this branch: +12 ~291; already pending: ~49; no longer made: ~2`. */
export function attributionText({ branch, pending, withdrawn }: Attribution, whose = 'this branch'): string {
  const gone = countsText(withdrawn);
  return [`${whose}: ${countsText(branch)}`, `already pending: ${countsText(pending)}`, ...(gone === 'nothing' ? [] : [`no longer made: ${gone}`])].join('; '); // prettier-ignore
}

/** Of all syncs whose changes could be told apart; undefined where there are none. */
export function totalAttribution({ syncs }: PlanDocument): Attribution | undefined {
  const found = syncs.flatMap(({ attribution }) => attribution ?? []);
  if (found.length === 0) return undefined;
  const sum = (of: (each: Attribution) => ChangeCounts): ChangeCounts => ({
    create: total(found, (each) => of(each).create),
    update: total(found, (each) => of(each).update),
    delete: total(found, (each) => of(each).delete),
    clear: total(found, (each) => of(each).clear),
  });
  return { branch: sum((each) => each.branch), pending: sum((each) => each.pending), withdrawn: sum((each) => each.withdrawn), fields: {} };
}

function total(found: readonly Attribution[], of: (each: Attribution) => number): number {
  return found.reduce((sum, each) => sum + of(each), 0);
}

/** Under the heading of a sync: what the branch changed about it, and what its changes are due to. */
export function changeLines({ change, attribution }: SyncPlan, paint: Paint): readonly string[] {
  if (change === undefined) return [];
  const { kind, from, properties } = change;
  const title = { added: 'new on this branch', modified: 'changed on this branch', renamed: `renamed from ${visible(from ?? '')}`, unchanged: '' }[kind]; // prettier-ignore
  const shown = properties.slice(0, PROPERTIES).map((property) => `      ${paint.dim(visible(propertyText(property)))}`);
  const left = properties.length - shown.length;
  return [
    ...(title === '' ? [] : [`    ${title}${properties.length === 0 ? '' : ':'}`]),
    ...shown,
    ...(left > 0 ? [`      ... ${count(left)} more`] : []),
    ...(attribution === null || attribution === undefined ? [] : [`    ${paint.bold(attributionText(attribution))}`]),
  ];
}

/** `fields.Tier__c.column tier -> level   syncs/accounts.yaml:14:10`. */
export function propertyText(change: PropertyChange): string {
  const { of, name, property, where } = change;
  const whose = of === 'sync' ? '' : of === 'connection' ? ` of connection ${name}` : ' of the project';
  return `${property}${whose} ${transition(change)}   ${where}`;
}

function transition({ before, after, secret }: PropertyChange): string {
  if (secret) return '(secret) changed';
  if (before === null) return isShort(after) ? `added: ${after}` : 'added';
  if (after === null) return isShort(before) ? `removed, was ${before}` : 'removed';
  return isShort(before) && isShort(after) ? `${before} -> ${after}` : 'changed';
}

function isShort(value: string | null): value is string {
  return value !== null && value !== '' && value.length <= SHORT && !value.includes('\n');
}

/** What a branch changed about a sync, a sentence for each property; empty for a sync that does not differ. */
export function changeReasons({ kind, from, properties }: SyncChange): readonly string[] {
  if (kind === 'unchanged') return [];
  const first = kind === 'added' ? ['new'] : kind === 'renamed' ? [`renamed from ${from ?? ''}`] : [];
  return [...first, ...properties.map((property) => propertyText(property))];
}

/** At the end of a change: `(already pending)`, or which of its fields are due to the branch when not all are. */
export function dueText({ due_to: due, fields, action }: ChangeSample): string | undefined {
  if (due === 'pending') return '(already pending)';
  const own = fields.filter((field) => field.due_to === 'branch');
  if (due === undefined || action === 'delete' || own.length === 0 || own.length === fields.length) return undefined;
  return `(due to this branch: ${own.map(({ field }) => visible(field)).join(', ')})`;
}

/** Before the totals: what was compared, and which syncs are gone. */
export function baseLines(document: PlanDocument, paint: Paint): readonly string[] {
  const { base, syncs } = document;
  if (base === undefined) return [];
  const at = `${visible(base.ref)} (merge base ${base.commit.slice(0, 7)})`;
  const dirty = base.dirty ? ' Changes that are not committed are in this plan.' : '';
  if (base.status === 'invalid') return [paint.error(visible(base.why ?? '')) + dirty];
  const changed = syncs.filter(({ change }) => change !== undefined && change.kind !== 'unchanged').length;
  const others = base.unchanged === 0 ? '' : `, ${count(base.unchanged)} unchanged`;
  const removed = base.removed.map(
    ({ name, records, where }) =>
      `  - ${visible(name)} is removed: releases ${plural(records, 'record')}, deletes none   ${paint.dim(visible(where))}`,
  );
  const sum = syncs.length > 1 ? totalAttribution(document) : undefined;
  return [
    `Compared with ${at}: ${changed === 0 ? 'no sync of this plan differs' : `${plural(changed, 'sync')} of this plan ${changed === 1 ? 'differs' : 'differ'}`}${others}.${dirty}`,
    ...removed,
    ...(sum === undefined ? [] : [paint.bold(`${attributionText(sum, 'This branch')}.`)]),
  ];
}
