/** Where lives are lived: a project whose source, destination and state are in real systems, many syncs side by side. */
import { mkdtemp, realpath } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { loadProject, openState, processContext, type Project } from '../../src/index.ts';
import type { State } from '../../src/state/state.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import type { BigQueryServer } from '../support/bigquery/index.ts';
import { onPostgres } from '../support/postgres.ts';
import { TestProject, tuple } from '../support/project.ts';
import { salesforceCrm, type SalesforceCrm } from './crm-salesforce.ts';
import { type Crm, duckDbCrm, postgresCrm, type Rows } from './crm.ts';
import type { Combination, Ground } from './ground.ts';
import { type Known, readBase } from './known.ts';
import type { Edit, Policy, SourceRow } from './model.ts';
import type { Where } from './random.ts';

const OFF = { max: null, percent: null };
const GUARDS = { creates: OFF, deletes: OFF, clears: OFF, updates: OFF, nulls: OFF, rejects: OFF };
/** Waits are not what is tested. */
const QUICK = { context: { sleep: async (ms: number) => delay(Math.min(ms, 2)) } };

export class Arena implements AsyncDisposable {
  readonly p: TestProject;
  readonly #ground: Ground;
  readonly #of: Combination;
  readonly #crm: Crm | SalesforceCrm;
  readonly #url: string | undefined;
  readonly #count: number;

  private constructor(parts: { p: TestProject; ground: Ground; of: Combination; crm: Crm; url: string | undefined; count: number }) {
    this.p = parts.p;
    this.#ground = parts.ground;
    this.#of = parts.of;
    this.#crm = parts.crm;
    this.#url = parts.url;
    this.#count = parts.count;
  }

  static async make(on: Ground, of: Combination, policies: readonly Policy[]): Promise<Arena> {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'sluice-converge-')));
    const p = new TestProject(root, { overrides: QUICK, env: on.bigquery?.env ?? {} });
    const url = await on.server?.createDatabase();
    if (url !== undefined) await onPostgres(url, 'CREATE SCHEMA src; CREATE SCHEMA dst; CREATE SCHEMA ledger');
    const arena = new Arena({ p, ground: on, of, crm: await crmOf(on, of, p, url), url, count: policies.length });
    await arena.#write(policies);
    if (of.source === 'bigquery') await arena.source(`CREATE SCHEMA ${arena.#dataset}`, `CREATE SCHEMA ${arena.#dataset}_ledger`);
    const text = of.source === 'bigquery' ? 'string' : 'varchar';
    await arena.source(...policies.map((_, index) => `CREATE TABLE ${arena.#s(index)} (id ${text}, name ${text}, plan ${text})`));
    await arena.#crm.make(policies.length);
    return arena;
  }

  get crm(): Crm {
    return this.#crm;
  }

  /** The org, where the destination is one. */
  get sandbox(): SalesforceCrm['sandbox'] | undefined {
    return 'sandbox' in this.#crm ? this.#crm.sandbox : undefined;
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
    if (this.#of.source === 'bigquery') return `${this.#dataset}.s${index}`;
    return this.#of.source === 'postgres' ? `src.s${index}` : `s${index}`;
  }

  async source(...statements: readonly string[]): Promise<void> {
    if (this.#of.source === 'duckdb') await this.p.warehouse(...statements);
    else if (this.#of.source === 'bigquery') await this.bigquery?.sql(statements.join(';\n'));
    else await onPostgres(this.#database, statements.join(';\n'));
  }

  /** The warehouse of this arena, which shares its server with the others. */
  get bigquery(): BigQueryServer | undefined {
    return this.#ground.bigquery;
  }

  get #dataset(): string {
    return basename(this.p.root).replaceAll(/\W/g, '_');
  }

  get #database(): string {
    if (this.#url === undefined) throw new Error('there is no server');
    return this.#url;
  }

  /** What every warehouse table holds from here on. */
  async rows(all: readonly (readonly SourceRow[])[]): Promise<void> {
    await this.source(
      ...all.flatMap((rows, index) => {
        const values = rows.map((row) => tuple([row.id, row.Name, row.Plan])).join(', ');
        return [
          `DELETE FROM ${this.#s(index)} WHERE true`,
          ...(rows.length === 0 ? [] : [`INSERT INTO ${this.#s(index)} VALUES ${values}`]),
        ];
      }),
    );
  }

  async edits(all: readonly (readonly Edit[])[]): Promise<void> {
    await this.#crm.edit(all);
  }

  /** Every record of every object. */
  async live(): Promise<readonly Rows[]> {
    return this.#crm.live();
  }

  // ---- state

  /** What state remembers of each sync, and what it does not know. */
  async base(): Promise<Known[]> {
    return this.#onState(async (state) => {
      await using workspace = await Workspace.open();
      const all = [];
      for (let index = 0; index < this.#count; index += 1)
        all.push(await readBase(workspace, state, { sync: `sync${index}`, crm: this.#crm }));
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
    const context = processContext({
      cwd: this.p.root,
      env: this.bigquery?.env ?? {},
      emit: () => undefined,
      signal: new AbortController().signal,
    });
    const project: Project = await loadProject(context, { dir: 'syncs', secrets: 'all' });
    await using state = await openState(context, project);
    return await work(state);
  }

  // ---- the project

  async #write(policies: readonly Policy[]): Promise<void> {
    const { source, state } = this.#of;
    const throughLine = (where: Where): Record<string, unknown> => ({
      type: 'postgres',
      url: this.#ground.lines[where]?.through(this.#database),
      tls: 'disable',
    });
    const warehouse = {
      duckdb: () => ({ type: 'duckdb', path: '../warehouse.duckdb' }),
      postgres: () => throughLine('source'),
      bigquery: () => ({ type: 'bigquery', project: this.bigquery?.project }),
    }[source]();
    const connections = [
      { kind: 'Connection', name: 'warehouse', ...warehouse },
      { kind: 'Connection', name: 'crm', ...this.#crm.connection },
      ...(state === 'postgres' ? [{ kind: 'Connection', name: 'ledger', ...throughLine('state') }] : []),
    ];
    const home =
      state === 'local'
        ? { path: '../state.duckdb' }
        : source === 'bigquery'
          ? { connection: 'warehouse', dataset: `${this.#dataset}_ledger` }
          : { connection: state === 'postgres' ? 'ledger' : 'warehouse', schema: 'ledger' };
    await this.p.write('syncs/project.yaml', { kind: 'Project', name: 'acme', state: home });
    await this.p.write('syncs/connections.yaml', ...connections);
    await this.p.sync(policies.map((policy, index) => this.#sync(policy, index)));
  }

  #sync(policy: Policy, index: number): Record<string, unknown> {
    return {
      name: `sync${index}`,
      source: { connection: 'warehouse', query: `select * from ${this.#s(index)}`, key: 'id' },
      destination: { connection: 'crm', object: this.#crm.object(index), key: this.#crm.field('Id'), ...this.#crm.options },
      // What was moved by hand has to be seen, also where looking at everything costs calls.
      refresh: 'all',
      mode: policy.mode,
      on_missing: policy.onMissing,
      on_drift: policy.onDrift,
      ...(policy.onMissing === 'delete' ? { delete_adopted: policy.deleteAdopted } : {}),
      fields: {
        [this.#crm.field('Name')]: 'name',
        [this.#crm.field('Plan')]: { column: 'plan', when: policy.when, on_null: policy.onNull },
      },
      guards: GUARDS,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.p[Symbol.asyncDispose]();
    await this.#crm[Symbol.asyncDispose]();
    const { server } = this.#ground;
    if (server === undefined) return;
    const name = new URL(this.#database).pathname.slice(1);
    await onPostgres(server.url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  }
}

async function crmOf(on: Ground, of: Combination, p: TestProject, url: string | undefined): Promise<Crm> {
  if (of.destination === 'salesforce') return salesforceCrm(of.options ?? {});
  if (of.destination === 'duckdb') return duckDbCrm(p.file('crm.duckdb'));
  if (url === undefined) throw new Error('there is no server');
  return postgresCrm(url, on.lines.destination?.through(url) ?? url);
}
