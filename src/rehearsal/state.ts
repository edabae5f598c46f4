/** State of a test: the given base, in memory. Only what a plan reads; nothing can be written. */
import type { SensitiveKey } from '../canonical/functions.ts';
import { InternalError } from '../errors.ts';
import { type BoundSync, keyHash, keyJson, keyValue } from '../plan/bind.ts';
import { hashId, lineageOf } from '../plan/identity.ts';
import type { BaseRelations, State, SyncState } from '../state/state.ts';
import { duckdbDialect } from '../sql/duckdb.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { IDENTITY } from './ends.ts';
import { sqlText } from './rows.ts';

/** A record that was written before: canonical text of its key and of the fields it has. */
export interface BaseRecord {
  readonly key: readonly (string | null)[];
  readonly values: ReadonlyMap<string, string | null>;
  readonly origin: 'created' | 'adopted';
}

export class RehearsedState implements State {
  readonly description = 'the test';
  readonly #bound: BoundSync;
  readonly #records: readonly BaseRecord[];
  readonly #engine: string;
  readonly #key: SensitiveKey;

  constructor(input: { bound: BoundSync; records: readonly BaseRecord[]; engine: string; key: SensitiveKey }) {
    this.#bound = input.bound;
    this.#records = input.records;
    this.#engine = input.engine;
    this.#key = input.key;
  }

  async head(sync: string): Promise<SyncState | undefined> {
    if (this.#records.length === 0) return undefined;
    const bound = this.#bound;
    return {
      sync,
      lineage: lineageOf(bound.sync),
      serial: 1,
      hashId: hashId(bound, this.#engine, this.#key),
      destination: IDENTITY,
      fields: bound.fields.map((field) => field.name),
      records: this.#records.length,
      lastRun: null,
    };
  }

  /** No record has a row hash: every one of them is looked at. */
  async attach(workspace: Workspace): Promise<BaseRelations> {
    const parts = this.#bound.key.map((key) => keyValue(this.#bound, key, { sql: `k${key.index}`, type: 'VARCHAR' }));
    const types = this.#bound.key.map((key) => key.type);
    const select = `SELECT ${keyHash(parts, duckdbDialect.rowHash)} AS key_hash, CAST(NULL AS UBIGINT) AS row_hash, CAST(NULL AS UBIGINT) AS live_hash,
      ${keyJson(types, parts)} AS key, CAST(sent AS VARCHAR) AS sent, CAST(NULL AS VARCHAR) AS returned, true AS verified, CAST(origin AS VARCHAR) AS origin,
      CAST(NULL AS VARCHAR) AS remote_id, CAST(NULL AS TIMESTAMP) AS left_at, CAST(NULL AS VARCHAR) AS left_as, 'given' AS run_id, CAST(NULL AS VARCHAR) AS pending
      FROM (${this.#given()}) AS base`;
    await workspace.run(`CREATE TEMP TABLE given_base AS ${select}`);
    await workspace.run(
      'CREATE TEMP TABLE given_rejects (key VARCHAR, row_hash UBIGINT, code VARCHAR, message VARCHAR, next_try TIMESTAMP, run_id VARCHAR)',
    );
    return { records: 'temp.main.given_base', rejects: 'temp.main.given_rejects', count: this.#records.length };
  }

  #given(): string {
    const names = [...this.#bound.key.map((key) => `k${key.index}`), 'sent', 'origin'];
    const tuples = this.#records.map(
      ({ key, values, origin }) => `(${[...key, this.#sent(values), origin].map((text) => sqlText(text)).join(', ')})`,
    );
    const none = `(${names.map(() => 'NULL').join(', ')})`;
    const casts = names.map((name) => `CAST(t.${name} AS VARCHAR) AS ${name}`).join(', '); // a column of nulls has no type of its own
    return `SELECT ${casts} FROM (VALUES ${tuples.length === 0 ? none : tuples.join(', ')}) AS t(${names.join(', ')})${tuples.length === 0 ? ' WHERE false' : ''}`;
  }

  #sent(values: ReadonlyMap<string, string | null>): string {
    const members = this.#bound.fields.flatMap((field) => {
      if (!values.has(field.name)) return []; // never written
      const text = values.get(field.name) ?? null;
      return [[field.name, text !== null && field.sensitive ? this.#key.mac(text) : text] as const];
    });
    return JSON.stringify(Object.fromEntries(members));
  }

  /** A test knows no other sync, so nothing was renamed. */
  async heads(): Promise<readonly SyncState[]> {
    return [];
  }

  async acquire(): Promise<never> {
    throw unused();
  }
  async holder(): Promise<never> {
    throw unused();
  }
  async unlock(): Promise<never> {
    throw unused();
  }
  async begin(): Promise<never> {
    throw unused();
  }
  async runs(): Promise<never> {
    throw unused();
  }
  async runRecords(): Promise<never> {
    throw unused();
  }
  async move(): Promise<never> {
    throw unused();
  }
  async remove(): Promise<never> {
    throw unused();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Lives in the workspace.
  }
}

function unused(): InternalError {
  return new InternalError('a test only plans');
}
