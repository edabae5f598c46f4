/**
 * A real project in a folder of its own: YAML documents, a warehouse and a CRM as DuckDB files, and the command line over
 * them. Commands run inside this process; `process: true` (or SLUICE_E2E=process for all of them) runs `node src/cli.ts`.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { stringify } from 'yaml';

import { main, type Overrides } from '../../src/cli.ts';
import { processContext } from '../../src/context.ts';
import type { ApplyDocument, PlanDocument, Summary, SyncApply, SyncPlan } from '../../src/plan/document.ts';
import { LocalState } from '../../src/state/local/local.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import { childEnv } from './compile-cache.ts';
import { onDatabase } from './database.ts';
import { editStore, readStore, seedStore, TEST_DESTINATIONS, testConnectionSchemas, type Values } from './test-destination/index.ts';

export type Cell = string | number | bigint | null;
/** `id, name, plan, seats` in the warehouse; `Id, Name, Plan, Seats` in the CRM, whose column `Notes` is nobody's business. */
export type Account = readonly [id: Cell, name: Cell, plan: Cell, seats: Cell];
type Yaml = Readonly<Record<string, unknown>>;

export const WAREHOUSE = 'CREATE TABLE account (id VARCHAR, name VARCHAR, plan VARCHAR, seats INTEGER)';
export const CRM = 'CREATE TABLE Account (Id VARCHAR UNIQUE, Name VARCHAR, Plan VARCHAR, Seats INTEGER, Notes VARCHAR)';

export interface Setup {
  /** Rows of the default table `account`. */
  readonly source?: readonly Account[];
  /** Records of the default object `Account`. Their notes say `note ID`. */
  readonly live?: readonly Account[];
  /** Statements that make the warehouse, instead of the default table. */
  readonly warehouse?: readonly string[];
  readonly crm?: readonly string[];
  /** Properties of the default sync `accounts`; several syncs when it is a list. */
  readonly sync?: Yaml | readonly Yaml[];
  readonly project?: Yaml;
  /** The CRM is the test-only destination with these options, instead of a DuckDB file. */
  readonly api?: Yaml | undefined;
  /** The CRM is this connection (kind and name left out), and nothing is made in it. */
  readonly connection?: Yaml | undefined;
  /** More connections. */
  readonly connections?: readonly Yaml[];
  readonly env?: Readonly<Record<string, string>>;
  readonly overrides?: Overrides;
  /** Every command is a process of its own. */
  readonly process?: boolean;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The one document on stdout of a `--json` command. */
  readonly json: unknown;
}

/** What state knows about a record. */
export interface StoredRecord {
  readonly sent: Readonly<Record<string, string | null>> | null;
  readonly returned: Readonly<Record<string, string | null>> | null;
  readonly origin: string;
  readonly left: boolean;
  readonly left_as: string | null;
  readonly pending: boolean;
  readonly verified: boolean;
}

/** The default sync with other properties: a property that is given replaces the default one. */
export function syncOf(own: Yaml = {}): Yaml {
  return {
    kind: 'Sync',
    name: 'accounts',
    source: { connection: 'warehouse', query: 'select * from account', key: 'id' },
    destination: { connection: 'crm', object: 'Account', key: 'Id' },
    fields: { Name: 'name', Plan: 'plan', Seats: 'seats' },
    ...own,
  };
}

/** The default mapping with the policies of one field: `fields({ Plan: { when: 'create' } })`. */
export function fields(policies: Readonly<Record<string, Yaml>>): { readonly fields: Yaml } {
  const columns: Readonly<Record<string, string>> = { Name: 'name', Plan: 'plan', Seats: 'seats' };
  return { fields: Object.fromEntries(Object.entries(columns).map(([field, column]) => [field, { column, ...policies[field] }])) };
}

export async function project(setup: Setup = {}): Promise<TestProject> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'sluice-e2e-')));
  const made = new TestProject(root, setup);
  await made.write('syncs/project.yaml', { kind: 'Project', name: 'acme', state: { path: '../state.duckdb' }, ...setup.project });
  await made.write('syncs/connections.yaml', WAREHOUSE_CONNECTION, crmConnection(setup), ...(setup.connections ?? []));
  await made.sync(setup.sync ?? {});
  await made.warehouse(...(setup.warehouse ?? [WAREHOUSE]));
  if (setup.api === undefined && setup.connection === undefined) await made.crm(...(setup.crm ?? [CRM]));
  if (setup.source !== undefined) await made.source(...setup.source);
  if (setup.live !== undefined) await made.insert(...setup.live);
  return made;
}

const WAREHOUSE_CONNECTION: Yaml = { kind: 'Connection', name: 'warehouse', type: 'duckdb', path: '../warehouse.duckdb' };
const API_OBJECTS: Yaml = { Account: { fields: { Id: 'text', Name: 'text', Plan: 'text', Seats: 'integer', Notes: 'text' } } };

function crmConnection({ api, connection }: Setup): Yaml {
  if (connection !== undefined) return { kind: 'Connection', name: 'crm', ...connection };
  if (api === undefined) return { kind: 'Connection', name: 'crm', type: 'duckdb', path: '../crm.duckdb' };
  return { kind: 'Connection', name: 'crm', type: 'test', file: '../crm.json', objects: API_OBJECTS, ...api };
}

export class TestProject implements AsyncDisposable {
  readonly root: string;
  readonly #setup: Setup;

  constructor(root: string, setup: Setup) {
    this.root = root;
    this.#setup = setup;
  }

  file(name: string): string {
    return join(this.root, name);
  }

  // ---- the three sides

  /** Writes documents into one file of the project. */
  async write(name: string, ...documents: readonly Yaml[]): Promise<void> {
    await mkdir(dirname(this.file(name)), { recursive: true });
    await writeFile(this.file(name), documents.map((document) => stringify(document)).join('---\n'));
  }

  /** The project's syncs, from here on. */
  async sync(own: Yaml | readonly Yaml[]): Promise<void> {
    const syncs = Array.isArray(own) ? (own as readonly Yaml[]) : [own as Yaml];
    await this.write('syncs/syncs.yaml', ...syncs.map((each) => syncOf(each)));
  }

  async warehouse(...statements: readonly string[]): Promise<Record<string, unknown>[]> {
    return onDatabase(this.file('warehouse.duckdb'), ...statements);
  }

  async onFile(name: string, ...statements: readonly string[]): Promise<Record<string, unknown>[]> {
    return onDatabase(this.file(name), ...statements);
  }

  /** Somebody works in the CRM. */
  async crm(...statements: readonly string[]): Promise<Record<string, unknown>[]> {
    return onDatabase(this.file('crm.duckdb'), ...statements);
  }

  /** What the warehouse says from here on. */
  async source(...rows: readonly Account[]): Promise<void> {
    const insert = rows.length === 0 ? [] : [`INSERT INTO account VALUES ${rows.map((row) => tuple(row)).join(', ')}`];
    await this.warehouse('DELETE FROM account', ...insert);
  }

  /** Somebody works in the CRM that is the test-only destination: new values of each record, or null to delete it. */
  async edit(change: (values: Values) => Values | null): Promise<void> {
    await editStore(this.file('crm.json'), 'Account', change);
  }

  /** Write calls that the test-only destination got: action and keys. */
  async writes(): Promise<(readonly [string | undefined, string])[]> {
    const { calls } = await readStore(this.file('crm.json'));
    return calls
      .filter((call) => call.call === 'write')
      .map((call) => [call.action, (call.keys ?? []).map((key) => (JSON.parse(key) as string[]).join('/')).join(' ')]);
  }

  /** The next commands find the CRM at another connection of the same type. */
  async connect(connection: Yaml): Promise<void> {
    await this.write('syncs/connections.yaml', WAREHOUSE_CONNECTION, crmConnection({ connection }), ...(this.#setup.connections ?? []));
  }

  /** The next commands find the test-only destination with other options. */
  async api(options: Yaml): Promise<void> {
    await this.write('syncs/connections.yaml', WAREHOUSE_CONNECTION, crmConnection({ api: options }));
  }

  /** Records that somebody made in the CRM. */
  async insert(...rows: readonly Account[]): Promise<void> {
    if (this.#setup.api !== undefined)
      return seedStore(
        this.file('crm.json'),
        'Account',
        rows.map((row) => recordOf(row)),
      );
    await this.crm(
      `INSERT INTO Account VALUES ${rows.map((row) => tuple([...row, row[0] === null ? 'nobody' : `note ${row[0]}`])).join(', ')}`,
    );
  }

  /** Every record of the destination as exact text, by key. */
  async live(object = 'Account'): Promise<(string | null)[][]> {
    if (this.#setup.api !== undefined) return apiRecords(this.file('crm.json'), object);
    const rows = await this.crm(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ${object} ORDER BY 1, 2`);
    return rows.map((row) => Object.values(row) as (string | null)[]);
  }

  /** What state knows of each record, by key. */
  async records(sync = 'accounts'): Promise<Record<string, StoredRecord>> {
    const context = processContext({ cwd: this.root, env: {}, emit: () => undefined, signal: new AbortController().signal });
    await using state = new LocalState(context, { path: this.file('state.duckdb'), project: 'acme', environment: null });
    await using workspace = await Workspace.open();
    const base = await state.attach(workspace, sync);
    const rows = await workspace.rows(
      `SELECT key, sent, returned, origin, left_at IS NOT NULL AS gone, left_as, pending IS NOT NULL AS pending, verified FROM ${base.records} AS r ORDER BY key`,
    );
    return Object.fromEntries(
      rows.map((row) => [
        (JSON.parse(String(row['key'])) as string[]).join('/'),
        {
          sent: parsed(row['sent']),
          returned: parsed(row['returned']),
          origin: String(row['origin']),
          left: row['gone'] === true,
          left_as: typeof row['left_as'] === 'string' ? row['left_as'] : null,
          pending: row['pending'] === true,
          verified: row['verified'] === true,
        },
      ]),
    );
  }

  /** `sent` of each record. */
  async sent(sync = 'accounts'): Promise<Record<string, StoredRecord['sent']>> {
    return Object.fromEntries(Object.entries(await this.records(sync)).map(([key, record]) => [key, record.sent]));
  }

  // ---- the command line

  async run(
    args: readonly string[],
    how: { readonly process?: boolean; readonly env?: Readonly<Record<string, string>>; readonly answer?: string } = {},
  ): Promise<Ran> {
    const env = { ...this.#setup.env, ...how.env };
    const isApi = this.#setup.api !== undefined || this.#setup.connection?.['type'] === 'test';
    const overrides = isApi ? { ...TEST_OVERRIDES, ...this.#setup.overrides } : this.#setup.overrides;
    const isolated =
      how.process ??
      this.#setup.process ??
      (process.env['SLUICE_E2E'] === 'process' && this.#setup.overrides === undefined && how.answer === undefined);
    if (isolated) return runProcess(isApi ? TEST_CLI : CLI, args, this.root, env);
    return runHere(args, this.root, env, overrides, how.answer);
  }

  /** The plan as a document, whatever the exit code: `code` says what it must be. */
  async plan(args: readonly string[] = [], code = 0): Promise<PlanDocument> {
    const ran = await this.run(['plan', '--json', ...args]);
    must(ran, code);
    return ran.json as PlanDocument;
  }

  /** The plan as people see it. */
  async planText(args: readonly string[] = [], code = 0): Promise<string> {
    const ran = await this.run(['plan', ...args]);
    must(ran, code);
    return ran.stdout;
  }

  /** Counts of the plan that are not zero. */
  async summary(args: readonly string[] = [], code = 0): Promise<Partial<Summary>> {
    return nonZero((await this.plan(args, code)).summary);
  }

  async apply(args: readonly string[] = [], code = 0): Promise<ApplyDocument> {
    const ran = await this.run(['apply', '--yes', '--json', ...args]);
    must(ran, code);
    return ran.json as ApplyDocument;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}

/** Counts that are not zero. */
export function nonZero<T extends object>(counts: T): Partial<T> {
  return Object.fromEntries(Object.entries(counts).filter(([, value]) => typeof value === 'number' && value !== 0)) as Partial<T>;
}

/** The plan of one sync. */
export function planOf(document: PlanDocument, name = 'accounts'): SyncPlan {
  return named(document.syncs, name);
}

/** What became of one sync. */
export function resultOf(document: ApplyDocument, name = 'accounts'): SyncApply {
  return named(document.syncs, name);
}

function named<T extends { readonly name: string }>(list: readonly T[], name: string): T {
  const found = list.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no sync ${name}`);
  return found;
}

/** Fails with everything the command said. */
export function must(ran: Ran, code: number): void {
  if (ran.code !== code) throw new Error(`exit code ${ran.code}, expected ${code}\n${ran.stdout}\n${ran.stderr}`);
}

/** A row as SQL. */
export function tuple(cells: readonly Cell[]): string {
  return `(${cells.map((cell) => (typeof cell === 'string' ? `'${cell.replaceAll("'", "''")}'` : cell === null ? 'NULL' : cell.toString())).join(', ')})`;
}

function parsed(value: unknown): StoredRecord['sent'] {
  return typeof value === 'string' ? (JSON.parse(value) as Record<string, string | null>) : null;
}

const ACCOUNT_FIELDS = ['Id', 'Name', 'Plan', 'Seats', 'Notes'];

function recordOf(row: Account): Values {
  const [id, name, plan, seats] = row.map((cell) => (cell === null ? null : String(cell)));
  return {
    Id: id ?? null,
    Name: name ?? null,
    Plan: plan ?? null,
    Seats: seats ?? null,
    Notes: id === null ? 'nobody' : `note ${id ?? ''}`,
  };
}

async function apiRecords(file: string, object: string): Promise<(string | null)[][]> {
  const { objects } = await readStore(file);
  const rows = (objects[object] ?? []).map(({ values }) => ACCOUNT_FIELDS.map((field) => values[field] ?? null));
  return rows.sort((a, b) => (a[0] ?? '').localeCompare(b[0] ?? ''));
}

const HOME = process.cwd();

async function runHere(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
  overrides: Overrides | undefined,
  answer: string | undefined,
): Promise<Ran> {
  const output = { stdout: '', stderr: '' };
  try {
    const code = await main(args, {
      ...overrides,
      cwd,
      env,
      host: {
        stdout: (text) => {
          output.stdout += text;
          return Promise.resolve();
        },
        stderr: (text) => void (output.stderr += text),
        ask: answer === undefined ? null : () => Promise.resolve(answer),
        isTTY: { stdout: false, stderr: false },
        makePrivate: () => undefined,
        ...overrides?.host,
      },
    });
    return { code, ...output, json: jsonOf(args, output.stdout) };
  } finally {
    process.chdir(HOME);
  }
}

export const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const TEST_CLI = fileURLToPath(new URL('test-destination/cli.ts', import.meta.url));
const TEST_OVERRIDES: Overrides = { registry: { destinations: TEST_DESTINATIONS }, connectionSchemas: testConnectionSchemas() };

/** A process that was killed has no exit code: 128 and its signal, as shells count it. */
const KILLED = 137;

async function runProcess(program: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>>): Promise<Ran> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: { ...childEnv(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (output.stderr += text));
  const code = await new Promise<number>((resolve, reject) => {
    child
      .on('error', reject)
      .on('close', (exit, signal) =>
        exit === null && signal !== 'SIGKILL' ? reject(new Error(`ended by ${signal ?? 'nobody'}`)) : resolve(exit ?? KILLED),
      );
  });
  return { code, ...output, json: jsonOf(args, output.stdout) };
}

function jsonOf(args: readonly string[], stdout: string): unknown {
  return args.includes('--json') && stdout !== '' ? JSON.parse(stdout) : undefined;
}
