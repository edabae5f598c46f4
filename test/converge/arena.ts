/** Where lives are lived: a project whose source, destination and state are in DuckDB or Postgres, many syncs side by side. */
import { mkdtemp, realpath } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { loadProject, openState, processContext, type Project } from '../../src/index.ts';
import type { State } from '../../src/state/state.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import { onDatabase } from '../support/database.ts';
import { onPostgres, type Postgres, startPostgres } from '../support/postgres.ts';
import { TestProject, tuple } from '../support/project.ts';
import { tcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { BAD, type BaseRow, type Policy, type SourceRow } from './model.ts';
import type { Where } from './random.ts';

export interface Combination {
  readonly source: 'duckdb' | 'postgres';
  readonly destination: 'duckdb' | 'postgres';
  /** `beside`: in the source's database, where the warehouse compares. */
  readonly state: 'local' | 'postgres' | 'beside';
}

/** One server for all, and a bad line to it from each side. */
export interface Ground extends AsyncDisposable {
  readonly server: Postgres;
  readonly lines: Readonly<Record<Where, TcpProxy>>;
}

export async function ground(): Promise<Ground> {
  const server = await startPostgres();
  const [source, destination, state] = [await tcpProxy(server.port), await tcpProxy(server.port), await tcpProxy(server.port)];
  return {
    server,
    lines: { source, destination, state },
    [Symbol.asyncDispose]: async () => {
      for (const line of [source, destination, state]) await line[Symbol.asyncDispose]();
      await server.stop();
    },
  };
}

const OFF = { max: null, percent: null };
const GUARDS = { creates: OFF, deletes: OFF, clears: OFF, updates: OFF, nulls: OFF, rejects: OFF };
/** Waits are not what is tested. */
const QUICK = { context: { sleep: async (ms: number) => delay(Math.min(ms, 2)) } };

export class Arena implements AsyncDisposable {
  readonly p: TestProject;
  readonly #ground: Ground;
  readonly #of: Combination;
  readonly #url: string;
  readonly #count: number;

  private constructor(parts: { p: TestProject; ground: Ground; of: Combination; url: string; count: number }) {
    this.p = parts.p;
    this.#ground = parts.ground;
    this.#of = parts.of;
    this.#url = parts.url;
    this.#count = parts.count;
  }

  static async make(on: Ground, of: Combination, policies: readonly Policy[]): Promise<Arena> {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'sluice-converge-')));
    const p = new TestProject(root, { overrides: QUICK });
    const arena = new Arena({ p, ground: on, of, url: await on.server.createDatabase(), count: policies.length });
    await arena.#write(policies);
    const check = `CHECK ("Name" NOT LIKE '${BAD}%' AND "Plan" NOT LIKE '${BAD}%')`;
    const tables = (sql: (index: number) => string): string[] => policies.map((_, index) => sql(index));
    await onPostgres(arena.#url, 'CREATE SCHEMA src; CREATE SCHEMA dst; CREATE SCHEMA ledger');
    await arena.source(...tables((index) => `CREATE TABLE ${arena.#s(index)} (id varchar, name varchar, plan varchar)`));
    const unique = of.destination === 'postgres' ? 'UNIQUE' : '';
    await arena.destination(...tables((index) => `CREATE TABLE ${arena.#d(index)} ("Id" varchar ${unique}, "Name" varchar, "Plan" varchar, "Notes" varchar, ${check})`)); // prettier-ignore
    return arena;
  }

  /** Lines that runs of this arena use. */
  get lines(): readonly Where[] {
    const { source, destination, state } = this.#of;
    return [...(source === 'postgres' ? (['source'] as const) : []), ...(destination === 'postgres' ? (['destination'] as const) : []), ...(state === 'postgres' ? (['state'] as const) : [])]; // prettier-ignore
  }

  get isShared(): boolean {
    return this.#of.state !== 'local';
  }

  // ---- the two ends

  #s(index: number): string {
    return this.#of.source === 'postgres' ? `src.s${index}` : `s${index}`;
  }

  #d(index: number): string {
    return this.#of.destination === 'postgres' ? `dst.d${index}` : `d${index}`;
  }

  async source(...statements: readonly string[]): Promise<void> {
    if (this.#of.source === 'duckdb') await this.p.warehouse(...statements);
    else await onPostgres(this.#url, statements.join(';\n'));
  }

  async destination(...statements: readonly string[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
    if (this.#of.destination === 'duckdb') return onDatabase(this.p.file('crm.duckdb'), ...statements);
    const all = statements.join(';\n');
    return all === '' ? [] : onPostgres(this.#url, all);
  }

  /** What every warehouse table holds from here on. */
  async rows(all: readonly (readonly SourceRow[])[]): Promise<void> {
    await this.source(
      ...all.flatMap((rows, index) => {
        const values = rows.map((row) => tuple([row.id, row.Name, row.Plan])).join(', ');
        return [`DELETE FROM ${this.#s(index)}`, ...(rows.length === 0 ? [] : [`INSERT INTO ${this.#s(index)} VALUES ${values}`])];
      }),
    );
  }

  async edits(all: readonly (readonly (readonly [verb: string, rest: string])[])[]): Promise<void> {
    const statements = all.flatMap((edits, index) => edits.map(([verb, rest]) => `${verb} ${this.#d(index)} ${rest}`));
    if (statements.length > 0) await this.destination(...statements);
  }

  /** Every record of every object. */
  async live(): Promise<unknown[][][]> {
    const one = (index: number): string => `SELECT ${index} AS n, "Id", "Name", "Plan", "Notes" FROM ${this.#d(index)}`;
    const rows = await this.destination(
      `${Array.from({ length: this.#count }, (_, index) => one(index)).join(' UNION ALL ')} ORDER BY 1, 2`,
    );
    const all = Array.from({ length: this.#count }, (): unknown[][] => []);
    for (const { n, ...values } of rows) all[Number(n)]?.push(Object.values(values));
    return all;
  }

  // ---- state

  /** What state remembers of each sync, and what it does not know. */
  async base(): Promise<Known[]> {
    return this.#onState(async (state) => {
      await using workspace = await Workspace.open();
      const all = [];
      for (let index = 0; index < this.#count; index += 1) all.push(await readBase(workspace, state, `sync${index}`));
      return all;
    });
  }

  /** A person ends leases of runs that died. Returns how many there were. */
  async unlock(syncs: readonly string[] = this.syncs): Promise<number> {
    return this.#onState(async (state) => {
      let ended = 0;
      for (const sync of syncs) {
        const holder = await state.holder(sync);
        if (holder === undefined) continue;
        await state.unlock(sync, holder.generation);
        ended += 1;
      }
      return ended;
    });
  }

  get syncs(): readonly string[] {
    return Array.from({ length: this.#count }, (_, index) => `sync${index}`);
  }

  async #onState<T>(work: (state: State) => Promise<T>): Promise<T> {
    const context = processContext({ cwd: this.p.root, env: {}, emit: () => undefined, signal: new AbortController().signal });
    const project: Project = await loadProject(context, { dir: 'syncs', secrets: 'all' });
    await using state = await openState(context, project);
    return await work(state);
  }

  // ---- the project

  async #write(policies: readonly Policy[]): Promise<void> {
    const { source, destination, state } = this.#of;
    const { lines } = this.#ground;
    const end = (kind: string, name: string, line: Where): Record<string, unknown> =>
      kind === 'duckdb'
        ? { type: 'duckdb', path: `../${name}.duckdb` }
        : { type: 'postgres', url: lines[line].through(this.#url), tls: 'disable' };
    const connections = [
      { kind: 'Connection', name: 'warehouse', ...end(source, 'warehouse', 'source') },
      { kind: 'Connection', name: 'crm', ...end(destination, 'crm', 'destination') },
      ...(state === 'postgres' ? [{ kind: 'Connection', name: 'ledger', ...end('postgres', '', 'state') }] : []),
    ];
    const home =
      state === 'local' ? { path: '../state.duckdb' } : { connection: state === 'postgres' ? 'ledger' : 'warehouse', schema: 'ledger' };
    await this.p.write('syncs/project.yaml', { kind: 'Project', name: 'acme', state: home });
    await this.p.write('syncs/connections.yaml', ...connections);
    await this.p.sync(policies.map((policy, index) => this.#sync(policy, index)));
  }

  #sync(policy: Policy, index: number): Record<string, unknown> {
    return {
      name: `sync${index}`,
      source: { connection: 'warehouse', query: `select * from ${this.#s(index)}`, key: 'id' },
      destination: { connection: 'crm', object: this.#d(index), key: 'Id' },
      mode: policy.mode,
      on_missing: policy.onMissing,
      on_drift: policy.onDrift,
      ...(policy.onMissing === 'delete' ? { delete_adopted: policy.deleteAdopted } : {}),
      fields: { Name: 'name', Plan: { column: 'plan', when: policy.when, on_null: policy.onNull } },
      guards: GUARDS,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.p[Symbol.asyncDispose]();
    const name = new URL(this.#url).pathname.slice(1);
    await onPostgres(this.#ground.server.url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  }
}

/** State of one sync: the records that it knows, and how many of them are on their way. */
interface Known {
  readonly base: Readonly<Record<string, BaseRow>>;
  readonly pending: number;
}

async function readBase(workspace: Workspace, state: State, sync: string): Promise<Known> {
  const { records } = await state.attach(workspace, sync);
  const rows = await workspace.rows(`SELECT key, sent, left_at IS NOT NULL AS gone, pending IS NOT NULL AS pending FROM ${records} AS r`);
  const known = rows.filter((row) => typeof row['sent'] === 'string');
  const base = known.map((row): [string, BaseRow] => [
    (JSON.parse(String(row['key'])) as string[])[0] ?? '',
    { sent: JSON.parse(String(row['sent'])) as BaseRow['sent'], left: row['gone'] === true },
  ]);
  return { base: Object.fromEntries(base), pending: rows.filter((row) => row['pending'] === true).length };
}
