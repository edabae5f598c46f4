/** Results of Test documents, for people: a line for each, and below it what is not as expected. */
import type { Problem } from '../errors.ts';
import type { Difference, FieldDifference } from '../rehearsal/compare.ts';
import type { Action } from '../rehearsal/given.ts';
import type { Happening } from '../rehearsal/outcome.ts';
import type { TestResult } from '../rehearsal/rehearse.ts';
import type { Paint } from './colour.ts';
import { cutPair, displayWidth, padEnd, visible, visibleLines } from './escape.ts';
import { count, duration, keyText, plural, value } from './format.ts';
import { whereOf } from './json.ts';

/** Room for the dots on both sides of a value that is cut. */
const LONGEST = 54;
const KEYS = 5;

/** With a line end at the end. */
export function renderTest(result: TestResult, paint: Paint): string {
  const { test, ms, problems, differences, notes } = result;
  const good = problems.length === 0 && differences.length === 0;
  const mark = good ? paint.ok('ok     ') : paint.error('not ok ');
  const head = `${mark} ${visible(test.sync)}: ${visible(test.name)}   ${paint.dim(duration(ms))}`;
  const place = good ? [] : [`        ${paint.dim(whereOf(test.location) ?? '')}`];
  const details = [
    ...problems.flatMap((problem) => problemLines(problem, paint)),
    ...differences.flatMap((each) => differenceLines(each, paint)),
  ];
  const remarks = notes.map((note) => paint.dim(`note: ${visible(note)}`));
  return `${[head, ...place, ...[...details, ...remarks].map((line) => `        ${line}`)].join('\n')}\n`;
}

/** `3 passed, 1 failed in 420 ms.` */
export function renderTestTotals(totals: { readonly passed: number; readonly failed: number; readonly ms: number }, paint: Paint): string {
  const { passed, failed, ms } = totals;
  if (passed + failed === 0) return 'There are no Test documents for these syncs.\n';
  const text = [
    ...(passed > 0 || failed === 0 ? [`${count(passed)} passed`] : []),
    ...(failed > 0 ? [`${count(failed)} failed`] : []),
  ].join(', ');
  return `${failed === 0 ? paint.ok(text) : paint.error(text)} in ${duration(ms)}.\n`;
}

/** A difference as one sentence, without its fields. */
export function differenceSentence(difference: Difference): string {
  switch (difference.kind) {
    case 'count':
      return `${difference.action}: expected ${plural(difference.expected, 'record')}, got ${count(difference.got)}${keyList(difference.keys)}`;
    case 'missing':
      return `${difference.action} ${keyText(difference.key)}: expected, but ${insteadText(difference)}`;
    case 'unexpected':
      return `${difference.action} ${keyText(difference.key)}: ${strangerText(difference.happening)}`;
    case 'different':
      return `${difference.action} ${keyText(difference.key)}: not as expected`;
    case 'check':
      return checkSentence(difference);
  }
}

function problemLines({ message, location, hint }: Problem, paint: Paint): readonly string[] {
  const where = whereOf(location);
  const text = where === null ? message : `${where}: ${message}`;
  return [
    ...visibleLines(text)
      .split('\n')
      .map((line) => paint.error(line)),
    ...(hint === undefined
      ? []
      : visibleLines(hint)
          .split('\n')
          .map((line) => `  ${line}`)),
  ];
}

function differenceLines(difference: Difference, paint: Paint): readonly string[] {
  const head = `${differenceSentence(difference)}   ${paint.dim(whereOf(difference.at) ?? '')}`.trimEnd();
  if (difference.kind === 'different') return [head, ...fieldLines(difference.fields, paint)];
  if (difference.kind === 'unexpected' && difference.happening !== null) return [head, ...happeningLines(difference.happening)];
  if (difference.kind === 'check') return [head, ...difference.examples.map((example) => `    ${visible(example)}`)];
  return [head];
}

function checkSentence({ name, violated, known }: Difference & { kind: 'check' }): string {
  if (violated) return `check "${visible(name)}": violated, and not expected to be`;
  const there = known.includes(name);
  const others = known.length === 0 ? 'none' : known.map((each) => `"${visible(each)}"`).join(', ');
  return `check "${visible(name)}": expected to be violated, but ${there ? 'it is not' : `the sync has no such check; it has ${others}`}`;
}

// ---- records

const VERBS: Readonly<Record<Exclude<Action, 'unchanged'>, string>> = {
  create: 'is created',
  update: 'is updated',
  delete: 'is deleted',
  clear: 'is cleared',
  held: 'is held',
  rejected: 'is rejected',
};

function insteadText({ instead, known, repeated }: Difference & { kind: 'missing' }): string {
  if (instead !== null) return `it ${VERBS[instead.action]}${reasonText(instead)}`;
  if (!known) return 'the test gives no record with this key';
  return repeated ? 'it is listed twice' : 'nothing happens to it';
}

function strangerText(happening: Happening | null): string {
  return happening === null ? 'not in the list, but nothing happens to it' : `not expected${reasonText(happening)}`;
}

/** ` (drift: Phone)`, ` (STRING_TOO_LONG: Name)`; of a change, the fields that are written. */
function reasonText({ action, why, fields, message }: Happening): string {
  const names = fields.map((field) => visible(field)).join(', ');
  if (action === 'rejected') return ` (${visible(why ?? '')}${names === '' ? '' : ` ${names}`}: ${visible(message ?? '')})`;
  if (action === 'held') return ` (${visible(why ?? '')}${names === '' ? '' : `: ${names}`})`;
  return action === 'update' ? ` (${names})` : '';
}

function keyList(keys: readonly (readonly (string | null)[])[]): string {
  if (keys.length === 0) return '';
  const shown = keys.slice(0, KEYS).map((key) => (key.length === 1 ? keyText(key) : `[${keyText(key)}]`));
  return `: ${shown.join(', ')}${keys.length > KEYS ? `, ... ${count(keys.length - KEYS)} more` : ''}`;
}

// ---- values

/** What an unexpected change writes. */
function happeningLines(happening: Happening): readonly string[] {
  if (happening.action !== 'create' && happening.action !== 'update') return [];
  const all =
    happening.action === 'create' ? [...happening.values].filter(([, text]) => text !== null).map(([field]) => field) : happening.fields;
  const names = all.map((field) => visible(field));
  const width = Math.max(0, ...names.map((name) => displayWidth(name)));
  return all.map((field, index) => `    ${padEnd(names[index] ?? '', width)}   ${shownValue(happening, field)}`);
}

function shownValue(happening: Happening, field: string): string {
  return happening.sensitive.has(field) ? '(sensitive)' : value(happening.values.get(field) ?? null);
}

/** `Tier__c   expected "SMB"   got "Enterprise"`, in columns. */
function fieldLines(fields: readonly FieldDifference[], paint: Paint): readonly string[] {
  const rows = fields.map((field) => ({ name: visible(field.field), ...sides(field) }));
  const width = (select: (row: (typeof rows)[number]) => string): number => Math.max(0, ...rows.map((row) => displayWidth(select(row))));
  const [name, expected] = [width((row) => row.name), width((row) => row.expected)];
  return rows.map((row) => `    ${padEnd(row.name, name)}   ${paint.ok(padEnd(row.expected, expected))}   ${paint.error(row.got)}`);
}

function sides({ expected, got, sensitive }: FieldDifference): { readonly expected: string; readonly got: string } {
  if (expected === undefined) return { expected: 'not expected', got: `got ${sensitive ? '(sensitive)' : value(got ?? null)}` };
  if (got === undefined) return { expected: `expected ${sensitive ? '(sensitive)' : value(expected)}`, got: 'not written' };
  if (sensitive) return { expected: 'expected (sensitive)', got: 'got another value' };
  const [wanted, actual] = expected === null || got === null ? [expected, got] : cutPair(expected, got, LONGEST);
  return { expected: `expected ${value(wanted)}`, got: `got ${value(actual)}` };
}
