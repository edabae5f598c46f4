/** Holds a plan to what a Test document expects. Every difference is a line that a person can act on. */
import { isDeepStrictEqual } from 'node:util';

import type { Sync } from '../../config/model.ts';
import type { ChangeSample } from '../../plan/document.ts';
import type { PlanFile } from '../../plan/plan-file.ts';
import { keyText, plural, value } from '../../report/format.ts';
import { visible } from '../../report/escape.ts';
import { ACTIONS, type Expected, type ExpectedAction, type GivenRecord, type GivenValue, textOf } from './given.ts';

/** One record of the plan, under the word that a test uses for what happens to it. */
interface Happening {
  readonly key: readonly (string | null)[];
  /** What is written, by field. */
  readonly after: Readonly<Record<string, string | null>>;
  /** Code or reason, and fields, of what is rejected or held. */
  readonly code: string | null;
  readonly fields: readonly string[];
}
/** Unchanged is what is not in here. */
type Happened = Readonly<Record<Exclude<ExpectedAction, 'unchanged'>, readonly Happening[]>>;

/** Empty when the plan is as expected. */
export async function differences(file: PlanFile, sync: Sync, expected: Expected): Promise<readonly string[]> {
  const happened = await happenedIn(file);
  return ACTIONS.filter((action) => action !== 'unchanged' || expected.unchanged !== undefined).flatMap((action) =>
    compareAction(action, expected[action] ?? [], happened, sync),
  );
}

async function happenedIn(file: PlanFile): Promise<Happened> {
  const changes: ChangeSample[] = [];
  for await (const batch of file.records()) changes.push(...batch.samples);
  const of = (action: ChangeSample['action']): readonly Happening[] =>
    changes.filter((change) => change.action === action).map((change) => happeningOf(change));
  const rejects = await file.workspace.rows('SELECT key, code, field FROM plan.rejects ORDER BY key');
  const held = await file.workspace.rows('SELECT key, reason AS code, fields FROM plan.held ORDER BY key');
  const bare = (row: Readonly<Record<string, unknown>>): Happening => ({
    key: JSON.parse(String(row.key)) as (string | null)[],
    after: {},
    code: typeof row.code === 'string' ? row.code : null,
    fields: Array.isArray(row.fields) ? row.fields.map(String) : typeof row.field === 'string' ? [row.field] : [],
  });
  return {
    create: of('create'),
    update: of('update'),
    clear: of('clear'),
    delete: of('delete'),
    rejected: rejects.map(bare),
    held: held.map(bare),
  };
}

function happeningOf(change: ChangeSample): Happening {
  const after = Object.fromEntries(change.fields.map((field) => [field.field, field.after]));
  return { key: change.key, after, code: null, fields: Object.keys(after) };
}

function compareAction(action: ExpectedAction, wanted: Expected[ExpectedAction] & {}, happened: Happened, sync: Sync): readonly string[] {
  if (action === 'unchanged') return compareUnchanged(wanted, happened, sync);
  const found = happened[action];
  if (typeof wanted === 'number')
    return wanted === found.length ? [] : [`${action}: expected ${plural(wanted, 'record')}, the plan has ${found.length}${listOf(found)}`];
  const missing = wanted.flatMap((record) => {
    const match = found.find((each) => sameKey(each.key, keyOf(record, sync)) && fits(each, record));
    return match === undefined
      ? [`${action}: expected ${keyText(keyOf(record, sync))}, ${insteadOf(record, happened, sync)}`]
      : compareRecord(action, record, match, sync);
  });
  const strangers = found.filter((each) => !wanted.some((record) => sameKey(each.key, keyOf(record, sync))));
  return [...missing, ...strangers.map((each) => `${action}: the plan also has ${describe(each)}`)];
}

/** Unchanged is what nothing else happens to. */
function compareUnchanged(wanted: Expected[ExpectedAction] & {}, happened: Happened, sync: Sync): readonly string[] {
  if (typeof wanted === 'number') return [];
  return wanted.flatMap((record) => {
    const instead = whatHappens(keyOf(record, sync), happened);
    return instead === undefined ? [] : [`unchanged: expected ${keyText(keyOf(record, sync))}, the plan has ${instead}`];
  });
}

function compareRecord(action: ExpectedAction, record: GivenRecord, match: Happening, sync: Sync): readonly string[] {
  if (action !== 'create' && action !== 'update') return [];
  const values = Object.entries(record).filter(([name]) => !sync.destination.key.includes(name));
  const wrong = values.flatMap(([field, wanted]) => {
    if (!Object.hasOwn(match.after, field))
      return textOf(wanted) === null ? [] : [`${visible(field)}: expected ${value(textOf(wanted))}, it is not written`];
    const is = match.after[field] ?? null;
    return sameValue(is, wanted) ? [] : [`${visible(field)}: expected ${value(textOf(wanted))}, the plan has ${value(is)}`];
  });
  const more = action === 'update' ? Object.keys(match.after).filter((field) => !values.some(([name]) => name === field)) : [];
  const extra = more.map((field) => `${visible(field)}: is written, too (${value(match.after[field] ?? null)})`);
  return [...wrong, ...extra].map((line) => `${action} ${keyText(match.key)}: ${line}`);
}

/** Held and rejected records name their key, and maybe why and where. */
function fits(happening: Happening, record: GivenRecord): boolean {
  const code = textOf(record.code) ?? textOf(record.reason);
  const field = textOf(record.field);
  if (!Object.hasOwn(record, 'key')) return true;
  return (code === null || code === happening.code) && (field === null || happening.fields.includes(field));
}

function insteadOf(record: GivenRecord, happened: Happened, sync: Sync): string {
  return `the plan has ${whatHappens(keyOf(record, sync), happened) ?? 'nothing for it'}`;
}

function whatHappens(key: readonly (string | null)[], happened: Happened): string | undefined {
  const actions = ACTIONS.filter((action) => action !== 'unchanged');
  const action = actions.find((each) => happened[each].some((happening) => sameKey(happening.key, key)));
  const happening = action === undefined ? undefined : happened[action].find((each) => sameKey(each.key, key));
  return action === undefined || happening === undefined ? undefined : `${action} ${describe(happening)}`;
}

function describe({ key, after, code, fields }: Happening): string {
  const values = Object.entries(after).map(([field, text]) => `${visible(field)}: ${value(text)}`);
  const why = code === null ? [] : [[code, ...fields].map((text) => visible(text)).join(' ')];
  const details = [...values, ...why];
  return `${keyText(key)}${details.length === 0 ? '' : ` (${details.join(', ')})`}`;
}

function listOf(found: readonly Happening[]): string {
  return found.length === 0
    ? ''
    : `: ${found
        .slice(0, 5)
        .map((each) => keyText(each.key))
        .join(', ')}`;
}

/** Held and rejected name their key as such; other records by the key fields. */
function keyOf(record: GivenRecord, sync: Sync): readonly (string | null)[] {
  if (!Object.hasOwn(record, 'key')) return sync.destination.key.map((field) => textOf(record[field]));
  const key = record.key ?? null;
  return Array.isArray(key) ? key.map((part) => textOf(part as GivenValue)) : [textOf(key)];
}

function sameKey(a: readonly (string | null)[], b: readonly (string | null)[]): boolean {
  return a.length === b.length && a.every((part, index) => sameValue(part, b[index] ?? null));
}

/** A plan holds canonical values, a test what its author wrote: 1250.00 is 1250, and JSON is compared as data. */
function sameValue(is: string | null, wanted: GivenValue): boolean {
  const text = textOf(wanted);
  if (is === text || is === null || text === null) return is === text;
  if (isDecimal(is) && isDecimal(text)) return plainDecimal(is) === plainDecimal(text);
  return typeof wanted === 'object' && isDeepStrictEqual(parsed(is), parsed(text));
}

function isDecimal(text: string): boolean {
  return /^-?(0|[1-9]\d*)\.\d+$|^-?[1-9]\d*$|^0$/.test(text);
}

function plainDecimal(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text, (_, part: unknown) => (typeof part === 'number' || typeof part === 'boolean' ? String(part) : part)) as unknown;
  } catch {
    // No JSON: compared as the text it is.
    return text;
  }
}
