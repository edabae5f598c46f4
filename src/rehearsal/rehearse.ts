/**
 * One Test document, held to what the planner makes of it:
 *
 *  1. rows      become the query of a copy of the sync
 *  2. schema    from the snapshot, else from the mapping and the values
 *  3. bind      the mapping, as every plan does
 *  4. records   base and live in memory, as canonical text
 *  5. plan      the planner itself, unchanged
 *  6. compare   what happens with what is expected
 *
 * No connection of the project is opened, and none of its secrets is needed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { registerFunctions, SensitiveKey } from '../canonical/functions.ts';
import type { Project, Sync, SyncTest } from '../config/model.ts';
import type { Context } from '../context.ts';
import { InternalError, type Problem, UserError } from '../errors.ts';
import { type BoundSync, mapQuery } from '../plan/bind.ts';
import type { SyncPlan } from '../plan/document.ts';
import { bindEnds } from '../plan/ends.ts';
import { openPlanFile } from '../plan/plan-file.ts';
import { plan } from '../plan/planner.ts';
import type { Source } from '../sources/source.ts';
import { Workspace } from '../workspace/workspace.ts';
import type { Cell } from './cell.ts';
import { compare, type Difference } from './compare.ts';
import { type LiveRecord, openRows, RehearsedDestination, registryOf } from './ends.ts';
import { type Expected, type Given, type GivenRecord, keyCells, readExpected, readGiven } from './given.ts';
import { type Happening, readHappenings } from './outcome.ts';
import { readRecords, readWanted, readWritten } from './records.ts';
import { cellIn, mappedRows, queryRows, selectRows } from './rows.ts';
import { inferredSchema, savedSchema } from './schema.ts';
import { readSnapshot, type Snapshot } from './snapshot.ts';
import { type BaseRecord, RehearsedState } from './state.ts';

export interface TestResult {
  readonly test: SyncTest;
  readonly ms: number;
  /** Why the test could not be run: its document, or the sync itself. */
  readonly problems: readonly Problem[];
  readonly differences: readonly Difference[];
  /** What does not decide the test but is worth knowing: guards that this plan would trip. */
  readonly notes: readonly string[];
}

/** Whether the test is fulfilled. */
export function passed(result: TestResult): boolean {
  return result.problems.length === 0 && result.differences.length === 0;
}

/** Runs tests one after the other; results come as they are there. */
export async function* rehearse(context: Context, project: Project, tests: readonly SyncTest[]): AsyncGenerator<TestResult> {
  const quiet: Context = { ...context, emit: () => undefined }; // a test is no plan that anybody waits for
  await using workspace = await Workspace.open();
  registerFunctions(workspace.connection, undefined);
  await workspace.lock([project.dir]);
  for (const test of tests) {
    context.signal.throwIfAborted();
    const started = context.now();
    const outcome = await attempt(new Rehearsal({ context: quiet, project, test, workspace }));
    yield { test, ms: context.now() - started, ...outcome };
  }
}

async function attempt(rehearsal: Rehearsal): Promise<Omit<TestResult, 'test' | 'ms'>> {
  try {
    return { problems: [], ...(await rehearsal.run()) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { problems: error.problems, differences: [], notes: [] };
  }
}

class Rehearsal {
  readonly #context: Context;
  readonly #project: Project;
  readonly #test: SyncTest;
  /** Where values are looked at before the plan, and after it. */
  readonly #workspace: Workspace;
  readonly #sync: Sync;
  readonly #key: SensitiveKey;

  constructor(parts: { context: Context; project: Project; test: SyncTest; workspace: Workspace }) {
    const sync = parts.project.syncs.find((each) => each.name === parts.test.sync);
    if (sync === undefined) throw new InternalError(`the test "${parts.test.name}" passed validation without its sync`);
    const passphrase = parts.context.randomHex(16); // sensitive values of a test need no secret of the project
    this.#context = parts.context;
    this.#project = { ...parts.project, state: { type: 'local', path: '', key: passphrase } };
    this.#test = parts.test;
    this.#workspace = parts.workspace;
    this.#sync = sync;
    this.#key = new SensitiveKey(passphrase);
  }

  async run(): Promise<Pick<TestResult, 'differences' | 'notes'>> {
    const given = readGiven(this.#test);
    const expected = readExpected(this.#test, this.#sync);
    const snapshot = await readSnapshot(this.#project.dir, this.#sync.name);
    const sync = await this.#syncOverRows(given, snapshot);
    await using source = await openRows(this.#context, this.#project, sync);
    await source.attach(this.#workspace);
    const bound = await this.#bind({ sync, source, given, expected, snapshot });
    const problems: Problem[] = [];
    const world = await this.#world(bound, given, (problem) => problems.push(problem));
    const wanted = await readWanted(this.#workspace, bound, expected, (problem) => problems.push(problem));
    if (problems.length > 0) throw UserError.of(problems);
    const { planned, happenings } = await this.#plan(bound, source.engine, world);
    if (planned.error !== null)
      throw new UserError(planned.error.message, { hint: planned.error.hint ?? undefined, location: placeOf(planned.error.where) });
    const written = happenings.flatMap(({ values }) => [...values].map(([field, text]) => ({ field, text })));
    const canonical = await readWritten(this.#workspace, bound, written);
    const differences = compare({
      wanted,
      happenings,
      records: [...world.base, ...world.live, ...world.desired].map((record) => record.key).filter((key) => !key.includes(null)),
      isSame: (field, got, value) => canonical(field, got) === value.canonical,
      isSensitive: (field) => bound.fields.some((each) => each.name === field && each.sensitive),
    });
    return { differences: [...differences, ...checkDifferences(planned, expected)], notes: notesOf(planned) };
  }

  // ---- 1. rows

  /** The sync as configured, over the given rows. What limits a run is off: a test is not one. */
  async #syncOverRows(given: Given, snapshot: Snapshot | undefined): Promise<Sync> {
    const sync = this.#sync;
    const input = { sync, given, snapshot, tests: this.#project.tests };
    const rows = given.form === 'rows' ? await queryRows(this.#workspace, input) : await mappedRows(this.#workspace, input);
    const query = { query: selectRows(rows), lines: [given.at] };
    if (given.form === 'rows') return { ...sync, maxLiveReads: undefined, source: { ...sync.source, ...query } };
    const fields = sync.fields.map((field) => ({ ...field, from: { kind: 'column' as const, column: field.field } }));
    return { ...sync, maxLiveReads: undefined, fields, source: { ...sync.source, ...query, key: sync.destination.key } };
  }

  // ---- 2. and 3. schema and mapping

  async #bind(input: { sync: Sync; source: Source; given: Given; expected: Expected; snapshot: Snapshot | undefined }): Promise<BoundSync> {
    const { sync, source, given, expected, snapshot } = input;
    try {
      const columns = await source.describe({ sql: sync.source.query, lines: sync.source.lines, sync: sync.name });
      const mapped = mapQuery(sync, columns, source.dialect);
      const types = new Map((await source.describe(mapped.query)).map((column) => [column.name, column.type]));
      const columnOf = (field: string): string | null => {
        const key = sync.destination.key.indexOf(field);
        const type = types.get(mapped.columns.get(field) ?? (key < 0 ? '' : `k${key}`));
        return type === undefined || type === '"NULL"' ? null : type;
      };
      const cellsOf = (field: string): readonly Cell[] => cellsOfField(sync, field, given, expected);
      const schema =
        snapshot === undefined ? await inferredSchema(this.#workspace, sync, { columnOf, cellsOf }) : savedSchema(sync, snapshot);
      const destination = new RehearsedDestination({ schema, sync, live: [] });
      return await bindEnds(sync, { source, destination, [Symbol.asyncDispose]: async () => undefined });
    } catch (error) {
      throw withAdvice(error, sync, snapshot);
    }
  }

  // ---- 4. records

  async #world(bound: BoundSync, given: Given, report: (problem: Problem) => void): Promise<World> {
    const read = async (records: readonly GivenRecord[], tell = report): Promise<readonly LiveRecord[]> =>
      readRecords(this.#workspace, bound, records, tell);
    const problems: Problem[] = [];
    for (const record of given.base) keyCells(record, bound.sync, 'given.base', problems);
    for (const record of given.adopted) keyCells(record, bound.sync, 'given.adopted', problems);
    // A live record may well have no key, but not by accident. What base and adopted say has been looked at.
    const own = given.live.filter((record) => !given.base.includes(record) && !given.adopted.includes(record));
    for (const record of own.filter((each) => bound.sync.destination.key.some((field) => !each.cells.has(field)))) {
      const hint = `Write ${bound.sync.destination.key.join(', ')}; null for a record without a key.`;
      problems.push({ message: 'given.live: the record has no key', location: record.at, hint });
    }
    problems.forEach((problem) => {
      report(problem);
    });
    const base = (await read(given.base)).map((record): BaseRecord => ({ ...record, origin: 'created' }));
    const adopted = (await read(given.adopted)).map((record): BaseRecord => ({ ...record, origin: 'adopted' }));
    return {
      base: [...base, ...adopted],
      live: await read(given.live),
      desired: await read(keysOfRows(bound.sync, given), () => undefined),
    }; // a row without a readable key is the planner's to reject
  }

  // ---- 5. plan

  async #plan(bound: BoundSync, engine: string, world: World): Promise<{ planned: SyncPlan; happenings: readonly Happening[] }> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-test-'));
    try {
      const out = join(folder, 'plan.duckdb');
      const { sync, schema } = bound;
      await using state = new RehearsedState({ bound, records: world.base, engine, key: this.#key });
      const document = await plan(this.#context, {
        project: this.#project,
        syncs: [sync],
        engine: 'local',
        out,
        encrypt: false,
        retryRejected: false,
        allow: [],
        registry: registryOf(this.#project, sync, () => new RehearsedDestination({ schema, sync, live: world.live })),
        state,
        commit: null,
      });
      const [planned] = document.syncs;
      if (planned === undefined) throw new InternalError('a plan of one sync has none');
      await using file = await openPlanFile(this.#context, out);
      return { planned, happenings: await readHappenings(file, sync.name, this.#key) };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

interface World {
  readonly base: readonly BaseRecord[];
  readonly live: readonly LiveRecord[];
  /** Only the keys. */
  readonly desired: readonly LiveRecord[];
}

/** The keys of the rows, under the names of the fields they become. */
function keysOfRows(sync: Sync, given: Given): readonly GivenRecord[] {
  return given.rows.map((row) => ({
    ...row,
    cells: new Map(sync.destination.key.map((field, index) => [field, cellIn(row, sync.source.key[index] ?? '')] as const)),
    atField: () => row.at,
  }));
}

/** Everything that the test says of a field, but what feeds it. */
function cellsOfField(sync: Sync, field: string, given: Given, expected: Expected): readonly Cell[] {
  const position = sync.destination.key.indexOf(field);
  const records = [...given.base, ...given.adopted, ...given.live].flatMap((record) => record.cells.get(field) ?? []);
  const wanted = Object.values(expected.actions).flatMap((expectation) => expectation?.records ?? []);
  return [...records, ...wanted.flatMap((record) => (position < 0 ? (record.values.get(field) ?? []) : (record.key[position] ?? [])))];
}

function withAdvice(error: unknown, sync: Sync, snapshot: Snapshot | undefined): unknown {
  if (!(error instanceof UserError)) return error;
  const save = `sluice describe ${sync.name} --save`;
  const advice =
    snapshot === undefined
      ? `A test without a snapshot knows only the columns that its rows give, null ones too, typed as they are written; \`${save}\` keeps the real ones.`
      : `Types come from ${snapshot.path}; \`${save}\` brings it up to date.`;
  return UserError.of(
    error.problems.map((problem, index) =>
      index > 0 ? problem : { ...problem, hint: [problem.hint, advice].filter((part) => part !== undefined).join(' ') },
    ),
  );
}

// ---- 6. compare

function checkDifferences(planned: SyncPlan, expected: Expected): readonly Difference[] {
  const known = planned.checks.map((check) => check.name);
  const violated = planned.checks.filter((check) => !check.ok);
  const unexpected = violated.filter((check) => !expected.violates.includes(check.name));
  const absent = expected.violates.filter((name) => violated.every((check) => check.name !== name));
  return [
    ...unexpected.map((check): Difference => ({
      kind: 'check',
      name: check.name,
      violated: true,
      examples: check.examples,
      known,
      at: expected.at,
    })),
    ...absent.map((name): Difference => ({ kind: 'check', name, violated: false, examples: [], known, at: expected.at })),
  ];
}

/** Guards are about how many records a run may touch; a test has a handful. */
function notesOf(planned: SyncPlan): readonly string[] {
  return planned.blocked.filter((blocked) => blocked.kind !== 'check').map((blocked) => blocked.message);
}

function placeOf(where: string | null): Problem['location'] {
  const [, file, line, column] = /^(.*):(\d+):(\d+)$/.exec(where ?? '') ?? [];
  return file === undefined ? undefined : { file, line: Number(line), column: Number(column) };
}
