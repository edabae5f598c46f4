/** What a Test document gives and expects, record by record, with its places. The document has passed its schema. */
import type { Sync, SyncTest } from '../config/model.ts';
import { type Location, type Problem, UserError } from '../errors.ts';
import { plural } from '../words.ts';
import { type Cell, cellOf, NULL_CELL } from './cell.ts';

export interface GivenRecord {
  readonly cells: ReadonlyMap<string, Cell>;
  readonly at: Location;
  /** Where a value stands. */
  readonly atField: (name: string) => Location;
}

export interface Given {
  /** `rows` come out of the query, `mapped` records out of the mapping. */
  readonly form: 'rows' | 'mapped';
  readonly at: Location;
  readonly rows: readonly GivenRecord[];
  readonly base: readonly GivenRecord[];
  readonly adopted: readonly GivenRecord[];
  readonly live: readonly GivenRecord[];
}

export const ACTIONS = ['create', 'update', 'delete', 'clear', 'held', 'rejected', 'unchanged'] as const;
export type Action = (typeof ACTIONS)[number];

/** One record that is expected under an action. */
export interface ExpectedRecord {
  /** The key's parts as they were written. */
  readonly key: readonly Cell[];
  /** Values by field, without the key. */
  readonly values: ReadonlyMap<string, Cell>;
  /** Reason of a held record, code of a rejected one; null when it does not matter. */
  readonly why: string | null;
  /** A field that is held or at fault; null when it does not matter. */
  readonly field: string | null;
  readonly at: Location;
  readonly atField: (name: string) => Location;
}

export type Expectation =
  | { readonly at: Location; readonly count: number; readonly records: null }
  | { readonly at: Location; readonly count: null; readonly records: readonly ExpectedRecord[] };

export interface Expected {
  /** An action that is expected not to happen has an empty list; `unchanged` is null when it is not looked at. */
  readonly actions: Readonly<Record<Exclude<Action, 'unchanged'>, Expectation>> & { readonly unchanged: Expectation | null };
  /** Names of the checks that are expected to be violated. */
  readonly violates: readonly string[];
  readonly at: Location;
}

type Tree = Readonly<Record<string, unknown>>;

export function readGiven(test: SyncTest): Given {
  const form = memberOf(test.document['given'], 'mapped') === undefined ? 'rows' : 'mapped';
  const [base, adopted] = [recordsAt(test, 'given', 'base'), recordsAt(test, 'given', 'adopted')];
  const live = memberOf(test.document['given'], 'live') === undefined ? [...base, ...adopted] : recordsAt(test, 'given', 'live');
  return { form, at: test.at('given', form), rows: recordsAt(test, 'given', form), base, adopted, live };
}

/** Throws `UserError` for records that cannot be told apart, or whose values nothing looks at. */
export function readExpected(test: SyncTest, sync: Sync): Expected {
  const problems: Problem[] = [];
  const expectation = (action: Action): Expectation => expectationOf(test, sync, action, problems);
  const unchanged = memberOf(test.document['expect'], 'unchanged') === undefined ? null : expectation('unchanged');
  const actions = {
    create: expectation('create'),
    update: expectation('update'),
    delete: expectation('delete'),
    clear: expectation('clear'),
    held: expectation('held'),
    rejected: expectation('rejected'),
    unchanged,
  };
  if (problems.length > 0) throw UserError.of(problems);
  const violates = memberOf(test.document['expect'], 'violates') as readonly string[] | undefined;
  return { actions, violates: violates ?? [], at: test.at('expect') };
}

/** The key of a given record; a part that is missing is reported. */
export function keyCells(record: GivenRecord, sync: Sync, what: string, problems: Problem[]): readonly Cell[] {
  const missing = sync.destination.key.filter((field) => (record.cells.get(field)?.text ?? null) === null);
  if (missing.length > 0) {
    problems.push({
      message: `${what}: the record has no ${missing.join(', ')}`,
      location: record.at,
      hint: 'A record is known by its key.',
    });
  }
  return sync.destination.key.map((field) => record.cells.get(field) ?? NULL_CELL);
}

function expectationOf(test: SyncTest, sync: Sync, action: Action, problems: Problem[]): Expectation {
  const at = test.at('expect', action);
  const value = memberOf(test.document['expect'], action);
  if (typeof value === 'string') return { at, count: Number(value), records: null };
  const read = action === 'held' || action === 'rejected' ? keyedRecord : fieldRecord;
  const records = recordsAt(test, 'expect', action).map((record, index) => read({ test, sync, action, record, index, problems }));
  return { at, count: null, records };
}

interface Reading {
  readonly test: SyncTest;
  readonly sync: Sync;
  readonly action: Action;
  readonly record: GivenRecord;
  readonly index: number;
  readonly problems: Problem[];
}

/** A record by field names, its key among them. */
function fieldRecord({ sync, action, record, problems }: Reading): ExpectedRecord {
  const key = keyCells(record, sync, `expect.${action}`, problems);
  const values = new Map([...record.cells].filter(([name]) => !sync.destination.key.includes(name)));
  if (action !== 'create' && action !== 'update') {
    for (const name of values.keys()) {
      const message = `expect.${action}: only the key is compared, so ${name} proves nothing`;
      problems.push({ message, location: record.atField(name), hint: `Write only ${sync.destination.key.join(', ')}.` });
    }
  }
  return { key, values, why: null, field: null, at: record.at, atField: record.atField };
}

/** A held or rejected record: `key`, and maybe why and where. */
function keyedRecord({ test, sync, action, record, index, problems }: Reading): ExpectedRecord {
  const key = keyParts(test, action, index);
  const parts = sync.destination.key.length;
  if (key.length !== parts) {
    const message = `expect.${action}: the key has ${plural(key.length, 'part')}, the sync's key has ${parts}: ${sync.destination.key.join(', ')}`;
    problems.push({ message, location: record.atField('key') });
  }
  const text = (name: string): string | null => record.cells.get(name)?.text ?? null;
  return { key, values: new Map(), why: text('reason') ?? text('code'), field: text('field'), at: record.at, atField: record.atField };
}

function keyParts(test: SyncTest, action: Action, index: number): readonly Cell[] {
  const of = (tree: unknown): unknown => memberOf((memberOf(memberOf(tree, 'expect'), action) as readonly unknown[])[index], 'key');
  const [exact, plain] = [of(test.document), of(test.plain)];
  return Array.isArray(exact)
    ? exact.map((part: unknown, part_) => cellOf(part, (plain as readonly unknown[])[part_]))
    : [cellOf(exact, plain)];
}

function recordsAt(test: SyncTest, part: 'given' | 'expect', list: string): readonly GivenRecord[] {
  const exact = memberOf(memberOf(test.document, part), list);
  const plain = memberOf(memberOf(test.plain, part), list) as readonly unknown[] | undefined;
  if (!Array.isArray(exact)) return [];
  return exact.map((record: unknown, index) => ({
    cells: new Map(Object.entries(record as Tree).map(([name, value]) => [name, cellOf(value, memberOf(plain?.[index], name))] as const)),
    at: test.at(part, list, index),
    atField: (name) => test.at(part, list, index, name),
  }));
}

function memberOf(tree: unknown, name: string): unknown {
  return typeof tree === 'object' && tree !== null && Object.hasOwn(tree, name) ? (tree as Tree)[name] : undefined;
}
