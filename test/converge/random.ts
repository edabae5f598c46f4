/** Random lives of a sync, and what befalls the runs. */
import fc from 'fast-check';

import { BAD, type Edit, FIELDS, type Policy, type SourceRow } from './model.ts';

export interface Turn {
  readonly rows: readonly SourceRow[];
  readonly edits: readonly Edit[];
}

export interface Life {
  readonly policy: Policy;
  readonly turns: readonly Turn[];
}

/** What befalls the first run of a turn. `nth`: at which of the statements it could strike. */
export type Fate =
  | { readonly kind: 'limit'; readonly limit: number }
  | { readonly kind: 'cut'; readonly where: Where; readonly when: 'before' | 'during' | 'after'; readonly nth: number }
  | { readonly kind: 'restart'; readonly where: Where; readonly how: 'fast' | 'crash'; readonly nth: number }
  | { readonly kind: 'lease lost'; readonly nth: number }
  | OrgFate
  | JobFate
  | { readonly kind: 'two at once' }
  | { readonly kind: 'killed'; readonly afterMs: number };

/** Something goes wrong in a Salesforce org, `times` times, once `after` such requests of a kind have passed. */
export interface OrgFate {
  readonly kind: 'fault';
  readonly on: 'session' | 'reads' | 'writes';
  readonly do:
    | 'status'
    | 'cut-before'
    | 'cut-after'
    | 'lock'
    | 'cpu-limit'
    | 'expire-session'
    | 'html'
    | 'shuffle'
    | 'slow-job'
    | 'unprocessed'
    | 'fail-job';
  readonly after: number;
  readonly times: number;
  readonly status?: number;
  readonly rows?: number;
}

/** Something goes wrong in BigQuery, `times` times, once `after` requests of the kind have passed. */
export interface JobFate {
  readonly kind: 'bigquery';
  readonly on: 'jobs' | 'tables' | 'uploads' | 'results';
  readonly do: 'status' | 'cut-before' | 'cut-after' | 'slow-job' | 'cancel-job' | 'fail-job';
  readonly after: number;
  readonly times: number;
  readonly status?: number;
}

/** A fate that strikes at a statement on its way to a server. */
export type LineFate = Extract<Fate, { readonly nth: number }>;

/** Where fates come from. */
export type FateOf = 'in process' | 'processes' | 'org' | 'bigquery';

export type Where = 'source' | 'destination' | 'state';

/** Turns that are drawn; how many of them are lived is drawn for all lives of a project together. */
const TURNS = 3;

const IDS = ['a', 'b', 'c', 'd', 'e'] as const;
const value = fc.oneof({ arbitrary: fc.constantFrom('x', 'y', null), weight: 12 }, { arbitrary: fc.constant(BAD), weight: 1 });

const policies: fc.Arbitrary<Policy> = fc.record({
  mode: fc.constantFrom('upsert', 'upsert', 'upsert', 'update', 'create'),
  onMissing: fc.constantFrom('keep', 'clear', 'delete'),
  onDrift: fc.constantFrom('overwrite', 'keep'),
  when: fc.constantFrom('always', 'always', 'create', 'empty'),
  onNull: fc.constantFrom('clear', 'skip'),
  deleteAdopted: fc.boolean(),
});
const rows: fc.Arbitrary<SourceRow[]> = fc.array(
  fc.record({
    id: fc.oneof({ arbitrary: fc.constantFrom(...IDS), weight: 12 }, { arbitrary: fc.constant(null), weight: 1 }),
    Name: value,
    Plan: value,
  }),
  { maxLength: 5 },
);
const edits: fc.Arbitrary<Edit[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('set' as const),
      id: fc.constantFrom(...IDS),
      field: fc.constantFrom(...FIELDS),
      value: fc.constantFrom('x', 'y', 'hand', null),
    }),
    fc.record({ kind: fc.constantFrom('delete' as const, 'insert' as const), id: fc.constantFrom(...IDS) }),
  ),
  { maxLength: 3 },
);

/** A bad value is another one in every turn: a reject is known only while its row stays as it is. */
function named(turn: Turn, number: number): Turn {
  const name = (text: string | null): string | null => (text === BAD ? `${BAD}${number}` : text);
  return { ...turn, rows: turn.rows.map((row) => ({ ...row, Name: name(row.Name), Plan: name(row.Plan) })) };
}

export function lives(count: number): fc.Arbitrary<Life[]> {
  const turns = fc
    .array(fc.record({ rows, edits }), { minLength: TURNS, maxLength: TURNS })
    .map((list) => list.map((turn, index) => named(turn, index)));
  return fc.array(fc.record({ policy: policies, turns }), { minLength: count, maxLength: count });
}

const where = fc.constantFrom<Where>('source', 'destination', 'destination', 'state');
const nth = fc.integer({ min: 1, max: 5 });
const FAULTS: readonly fc.Arbitrary<Fate>[] = [
  fc.record({
    kind: fc.constant('cut' as const),
    where,
    when: fc.constantFrom('before' as const, 'during' as const, 'after' as const),
    nth,
  }),
  fc.record({
    kind: fc.constant('cut' as const),
    where,
    when: fc.constantFrom('before' as const, 'during' as const, 'after' as const),
    nth,
  }),
  fc.record({ kind: fc.constant('restart' as const), where, how: fc.constantFrom('fast' as const, 'crash' as const), nth }),
  fc.record({ kind: fc.constant('lease lost' as const), nth }),
  fc.record({ kind: fc.constant('limit' as const), limit: fc.integer({ min: 1, max: 12 }) }),
];
/** Processes of their own cost a hundred times as much as a broken connection. */
const PROCESSES: readonly fc.Arbitrary<Fate>[] = [
  fc.constant({ kind: 'two at once' as const }),
  fc.record({ kind: fc.constant('killed' as const), afterMs: fc.integer({ min: 300, max: 2_500 }) }),
];

const org = (on: readonly OrgFate['on'][], does: readonly OrgFate['do'][], more: object = {}): fc.Arbitrary<Fate> =>
  fc.record({
    kind: fc.constant('fault' as const),
    on: fc.constantFrom(...on),
    do: fc.constantFrom(...does),
    after: fc.constantFrom(0, 0, 1, 2),
    times: fc.constantFrom(1, 1, 1, 2, 9),
    ...more,
  });
const ROWS = { rows: fc.integer({ min: 0, max: 2 }) };
/** A lost reply and a refusal in the middle of the writes are what hurts most. */
const ORG: readonly fc.Arbitrary<Fate>[] = [
  org(['writes'], ['cut-after', 'cut-after', 'cut-before']),
  org(['writes'], ['lock'], ROWS),
  // A record that is too much even alone is a reject, which the model does not know.
  org(['writes'], ['cpu-limit'], { rows: fc.integer({ min: 1, max: 2 }) }),
  org(['writes'], ['shuffle', 'slow-job', 'unprocessed', 'fail-job'], ROWS),
  org(['session', 'reads', 'writes', 'writes'], ['status'], { status: fc.constantFrom(429, 500, 503) }),
  org(['session', 'reads', 'writes', 'writes'], ['expire-session', 'cut-before', 'cut-after', 'html']),
  fc.record({ kind: fc.constant('limit' as const), limit: fc.integer({ min: 1, max: 12 }) }),
];
const inBigQuery = (on: readonly JobFate['on'][], does: readonly JobFate['do'][], more: object = {}): fc.Arbitrary<Fate> =>
  fc.record({
    kind: fc.constant('bigquery' as const),
    on: fc.constantFrom(...on),
    do: fc.constantFrom(...does),
    after: fc.integer({ min: 0, max: 6 }),
    times: fc.constantFrom(1, 1, 2, 9),
    ...more,
  });
/** A job that ran although its reply got lost is what hurts most. */
const BIGQUERY: readonly fc.Arbitrary<Fate>[] = [
  inBigQuery(['jobs', 'tables', 'uploads', 'results'], ['cut-after', 'cut-after', 'cut-before']),
  inBigQuery(['jobs', 'uploads'], ['slow-job', 'cancel-job', 'fail-job']),
  inBigQuery(['jobs', 'tables', 'uploads', 'results'], ['status'], { status: fc.constantFrom(429, 500, 503) }),
  fc.record({ kind: fc.constant('limit' as const), limit: fc.integer({ min: 1, max: 12 }) }),
];
const FATES = { 'in process': FAULTS, processes: PROCESSES, org: ORG, bigquery: BIGQUERY } as const satisfies Record<
  FateOf,
  readonly fc.Arbitrary<Fate>[]
>;

/** A turn that is lived. `wavers`: the source changes its mind after the first run. */
export interface Fated {
  readonly fate: Fate;
  readonly wavers: boolean;
}

/** One for each turn that is lived: one to three. */
export function fates(kind: FateOf): fc.Arbitrary<Fated[]> {
  const one = fc.record({ fate: fc.oneof(...FATES[kind]), wavers: fc.boolean() });
  return fc.constantFrom(1, 1, 1, 2, TURNS).chain((turns) => fc.array(one, { minLength: turns, maxLength: turns }));
}

/**
 * The rows before the source changed its mind: other values in the same records, and only where it makes no difference in the
 * end, because the sync takes what comes.
 */
export function before({ rows: later }: Turn, { mode, onDrift, when }: Policy): readonly SourceRow[] {
  if (mode !== 'upsert' || onDrift !== 'overwrite' || when !== 'always') return later;
  const other = new Map<string | null, string>([['x', 'y'], ['y', 'x']]); // prettier-ignore
  return later.map((row) => {
    const [Name, Plan] = [other.get(row.Name), other.get(row.Plan)];
    return Name === undefined || Plan === undefined ? row : { ...row, Name, Plan };
  });
}
