/**
 * Runs one Test document with the real planner: source, destination and state become files of a private folder. Base is
 * made by really applying it, so that nothing here needs to know what state looks like. No connection of the project is
 * opened, and none of its secrets is needed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { apply } from '../../apply/applier.ts';
import type { Connection, FieldMapping, Guards, Project, Sync, SyncTest } from '../../config/model.ts';
import { GUARD_NAMES } from '../../config/model.ts';
import type { Context } from '../../context.ts';
import { UserError } from '../../errors.ts';
import type { Registry } from '../../plan/ends.ts';
import { type PlanFile, openPlanFile } from '../../plan/plan-file.ts';
import { plan } from '../../plan/planner.ts';
import { openState } from '../../state/open.ts';
import { ident, literal } from '../../workspace/quote.ts';
import { Workspace } from '../../workspace/workspace.ts';
import type { Shell } from '../shell.ts';
import { expectedOf, type Given, type GivenRecord, givenOf, textOf } from './given.ts';
import { inferType } from './infer.ts';
import { columnDefinition, readSnapshot, type Snapshot } from './snapshot.ts';

const OBJECT = 'records';
const NO_GUARDS = Object.fromEntries(GUARD_NAMES.map((name) => [name, {}])) as unknown as Guards;

/** The plan of the test, open while `look` runs. Throws `UserError` when the sync cannot be planned with what is given. */
export async function inSandbox<T>(
  shell: Shell,
  project: Project,
  test: SyncTest,
  sync: Sync,
  look: (file: PlanFile) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  try {
    const siblings = project.tests.filter((each) => each.sync === sync.name);
    const snapshot = await readSnapshot(project.dir, sync.name);
    // What the planner says while it works is of no interest here.
    const context = { ...shell.context, emit: () => undefined };
    const sandbox = new Sandbox({
      context,
      registry: shell.registry,
      folder,
      given: givenOf(test),
      sync,
      snapshot,
      examples: examplesOf(siblings),
    });
    const path = await sandbox.run();
    await using file = await openPlanFile(shell.context, path);
    return await look(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Everything that the tests of a sync give: what types are inferred from. */
interface Examples {
  readonly rows: readonly GivenRecord[];
  readonly records: readonly GivenRecord[];
}

function examplesOf(tests: readonly SyncTest[]): Examples {
  const given = tests.map((test) => givenOf(test));
  const expected = tests.flatMap((test) =>
    Object.entries(expectedOf(test)).flatMap(([action, wanted]) => (RECORDS.has(action) && typeof wanted === 'object' ? wanted : [])),
  );
  return {
    rows: given.filter((each) => !each.isMapped).flatMap((each) => each.rows),
    records: [...given.flatMap((each) => [...each.base, ...each.adopted, ...each.live, ...(each.isMapped ? each.rows : [])]), ...expected],
  };
}

/** Expectations that are records, by field name. */
const RECORDS: ReadonlySet<string> = new Set(['create', 'update', 'clear', 'delete', 'unchanged']);

interface SandboxParts {
  readonly context: Context;
  readonly registry: Registry;
  readonly folder: string;
  readonly given: Given;
  readonly sync: Sync;
  readonly snapshot: Snapshot | undefined;
  readonly examples: Examples;
}

class Sandbox {
  readonly #context: Context;
  readonly #registry: Registry;
  readonly #folder: string;
  readonly #given: Given;
  readonly #sync: Sync;
  readonly #snapshot: Snapshot | undefined;
  readonly #examples: Examples;

  constructor(parts: SandboxParts) {
    this.#context = parts.context;
    this.#registry = parts.registry;
    this.#folder = parts.folder;
    this.#given = parts.given;
    this.#sync = parts.sync;
    this.#snapshot = parts.snapshot;
    this.#examples = parts.examples;
  }

  /** Returns the path of the plan. */
  async run(): Promise<string> {
    const { base, adopted, live, rows } = this.#given;
    await this.#destination(adopted);
    if (base.length + adopted.length > 0) await this.#applyBase([...base, ...adopted]);
    await this.#destination(live);
    const columns = this.#given.isMapped ? this.#fieldNames() : this.#columnNames();
    await this.#source(rows, columns, this.#given.isMapped ? this.#fieldType : this.#columnType);
    return this.#plan(this.#given.isMapped ? this.#plainSync() : this.#testedSync(), 'plan.duckdb');
  }

  async #applyBase(records: readonly GivenRecord[]): Promise<void> {
    await this.#source(records, this.#fieldNames(), this.#fieldType);
    const sync = this.#plainSync(alwaysWritten);
    const planFile = await this.#plan(sync, 'base.duckdb');
    const project = this.#project(sync);
    await using state = await openState(this.#context, project);
    const result = await apply(this.#context, {
      project,
      planFile,
      state,
      registry: this.#registry,
      adoptOnly: false,
      allow: [],
      owner: 'sluice test',
    });
    const [done] = result.syncs;
    if (done === undefined || done.rejected + done.unknown + done.not_attempted > 0 || done.status === 'failed') {
      const why = [...(done?.messages ?? []), ...(done?.rejects ?? []).map((each) => each.code)].join('; ');
      throw new UserError(`base and adopted cannot be written as they are given: ${why}`);
    }
  }

  async #plan(sync: Sync, name: string): Promise<string> {
    const out = join(this.#folder, name);
    const project = this.#project(sync);
    await using state = await openState(this.#context, project);
    const document = await plan(this.#context, {
      project,
      syncs: [sync],
      state,
      out,
      refresh: 'all',
      engine: 'local',
      encrypt: false,
      retryRejected: false,
      allow: [],
      registry: this.#registry,
      commit: null,
    });
    const error = document.syncs[0]?.error;
    if (error !== null && error !== undefined) throw new UserError(error.message, { hint: error.hint ?? undefined });
    return out;
  }

  /** The sync as configured, over the given rows. What is only for production is off. */
  #testedSync(): Sync {
    return this.#overRows({ fields: this.#sync.fields.map((field) => openly(field)), key: this.#sync.source.key });
  }

  /** Records stand for themselves: every field comes from the column of its own name. */
  #plainSync(change: (field: FieldMapping) => FieldMapping = (field) => field): Sync {
    const fields = this.#sync.fields.map((field) => change({ ...openly(field), from: { kind: 'column', column: field.field } }));
    return this.#overRows({ fields, key: this.#sync.destination.key });
  }

  #overRows({ fields, key }: { fields: readonly FieldMapping[]; key: readonly string[] }): Sync {
    const { source, destination, ...rest } = this.#sync;
    return {
      ...rest,
      source: { ...source, connection: 'source', query: 'SELECT * FROM given', lines: [this.#sync.location], key },
      destination: { ...destination, connection: 'destination', object: OBJECT },
      fields,
      guards: NO_GUARDS,
      checks: [],
      refresh: undefined,
      maxLiveReads: undefined,
    };
  }

  #project(sync: Sync): Project {
    const connection = (name: string): [string, Connection] => [
      name,
      { name, type: 'duckdb', options: { path: join(this.#folder, `${name}.duckdb`) }, location: sync.location },
    ];
    return {
      name: 'sluice-test',
      dir: this.#folder,
      environment: null,
      environments: [],
      vars: {},
      state: { type: 'local', path: join(this.#folder, 'state.duckdb') },
      guards: NO_GUARDS,
      connections: new Map([connection('source'), connection('destination')]),
      syncs: [sync],
      tests: [],
      secrets: [],
    };
  }

  #fieldNames(): readonly string[] {
    return unique([...this.#sync.destination.key, ...this.#sync.fields.map((field) => field.field)]);
  }

  /** Columns that the mapping names or the rows have; with a snapshot all that the query has. */
  #columnNames(): readonly string[] {
    const named = this.#sync.fields.flatMap((field) => (field.from.kind === 'column' ? [field.from.column] : []));
    const known = this.#snapshot?.source.columns.map((column) => column.name) ?? [];
    return unique([...known, ...this.#sync.source.key, ...this.#given.rows.flatMap((row) => Object.keys(row)), ...named]);
  }

  readonly #columnType = (name: string): string => {
    const known = this.#snapshot?.source.columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
    return known?.type ?? inferType(name, this.#examples.rows);
  };

  readonly #fieldType = (name: string): string => inferType(name, this.#examples.records);

  async #source(rows: readonly GivenRecord[], names: readonly string[], typeOf: (name: string) => string): Promise<void> {
    const columns = names.map((name) => ({ name, definition: `${ident(name)} ${typeOf(name)}` }));
    await this.#table('source', 'given', columns, rows);
  }

  async #destination(rows: readonly GivenRecord[]): Promise<void> {
    const names = unique([...this.#fieldNames(), ...rows.flatMap((row) => Object.keys(row))]);
    const columns = names.map((name) => {
      const field = this.#snapshot?.destination.fields.find((each) => each.name.toLowerCase() === name.toLowerCase());
      return { name, definition: field === undefined ? `${ident(name)} ${this.#fieldType(name)}` : columnDefinition(field) };
    });
    await this.#table('destination', OBJECT, columns, rows);
  }

  async #table(
    database: string,
    table: string,
    columns: readonly { name: string; definition: string }[],
    rows: readonly GivenRecord[],
  ): Promise<void> {
    await using workspace = await Workspace.open();
    await workspace.attach(join(this.#folder, `${database}.duckdb`), 'db', 'write');
    await workspace.run(`CREATE OR REPLACE TABLE db.${ident(table)} (${columns.map((column) => column.definition).join(', ')})`);
    for (const row of rows) {
      // The values of a Test document are configuration, as its queries are.
      const values = columns.map((column) => sqlText(textOf(row[nameIn(row, column.name)])));
      await workspace.run(`INSERT INTO db.${ident(table)} VALUES (${values.join(', ')})`);
    }
    await workspace.detach('db');
  }
}

/** Reports of a test show every value, and a reference is the other record's key, as the document has it. */
function openly({ reference: _reference, ...field }: FieldMapping): FieldMapping {
  return { ...field, sensitive: false };
}

/** Base holds what it is given, whatever the mapping would do to it. */
function alwaysWritten(field: FieldMapping): FieldMapping {
  return { ...field, when: 'always', onNull: 'clear', onDrift: 'overwrite' };
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Map(names.map((name) => [name.toLowerCase(), name])).values()];
}

/** The row's own spelling of a column: SQL does not mind case. */
function nameIn(row: GivenRecord, name: string): string {
  return Object.keys(row).find((key) => key.toLowerCase() === name.toLowerCase()) ?? name;
}

function sqlText(text: string | null): string {
  return text === null ? 'NULL' : literal(text);
}
