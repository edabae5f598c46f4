/** Live records in the workspace, for as few API calls as they need: by key, page by page, or by Bulk API 2.0. */
import type { Workspace } from '../../workspace/workspace.ts';
import type { LiveRelation, ReadRequest } from '../destination.ts';
import { loadByBulk, ROWS_PER_FILE } from './bulk-query.ts';
import type { Describer } from './describer.ts';
import { createLive } from './load.ts';
import { countRecords, type Live, loadQueries, type Org, QUERIES_PER_CALL } from './query.ts';
import { type BoundRead, bindRead, relationOf } from './select.ts';
import { fitsAddress, inQueries, keyLiterals } from './soql.ts';

/** Records that one API call reads by key: some 500 keys of ordinary length in each of its queries. */
export const KEYS_PER_CALL = 2_500;
/** Up to so many keys, nobody asks whether reading everything would cost less. */
const FEW_KEYS = 20_000;
/** Up to so many records are read page by page: an answer comes at once, and a job takes its time. */
const FEW_RECORDS = 20_000;
/** Making a job and looking at it. */
const JOB_CALLS = 8;
/** An API call takes about as long as a job needs for so many records: all of an object are read for some only if it is worth it. */
const RECORDS_PER_CALL = 20_000;
/** Keys that are taken out of the workspace at once. */
const KEY_PAGE = 5_000;

/** Reads into one workspace. What was read in full is not read again until something is written. */
export class Reader {
  readonly #org: Org;
  readonly #describer: Describer;
  readonly #workspace: Workspace;
  /** Tables with all records of an object, by what was asked for. */
  readonly #whole = new Map<string, string>();
  readonly #tables: string[] = [];

  constructor(org: Org, describer: Describer, workspace: Workspace) {
    this.#org = org;
    this.#describer = describer;
    this.#workspace = workspace;
  }

  /** Before something is written: what was read is looked at no more, and a run of many batches would pile it up. */
  async forget(): Promise<void> {
    this.#whole.clear();
    for (const table of this.#tables.splice(0)) await this.#workspace.run(`DROP TABLE IF EXISTS ${table}`);
  }

  /** Records in the bin, and those that were merged into others, are none. */
  async read(request: ReadRequest): Promise<LiveRelation> {
    const bound = await bindRead(this.#describer, request);
    const name = `${bound.soql} ${bound.key.name}`;
    const known = this.#whole.get(name);
    if (request.keys === undefined) {
      const table = known ?? (await this.#readAll(bound));
      this.#whole.set(name, table);
      return relationOf(bound, table);
    }
    const wanted = await this.#wanted(request.keys);
    if (known !== undefined) return relationOf(bound, known, wanted.table);
    const table = (await this.#isWorthAll(bound, wanted.count)) ? await this.#readAll(bound) : await this.#readByKey(bound, wanted.table);
    return relationOf(bound, table, wanted.table);
  }

  /** The keys, numbered. */
  async #wanted(keys: string): Promise<{ readonly table: string; readonly count: number }> {
    const table = await this.#freeName('wanted');
    await this.#workspace.run(
      `CREATE TEMP TABLE ${table} AS SELECT row_number() OVER () AS n, k0 FROM (SELECT DISTINCT k0 FROM ${keys} AS r WHERE k0 IS NOT NULL)`,
    );
    return { table, count: await this.#workspace.count(`SELECT count(*) FROM ${table}`) };
  }

  async #isWorthAll(bound: BoundRead, keys: number): Promise<boolean> {
    if (keys <= FEW_KEYS || bound.hasTypeOf) return false;
    const records = await countRecords(this.#org, bound.object);
    const saved = keys / KEYS_PER_CALL - (JOB_CALLS + records / ROWS_PER_FILE);
    return saved > 0 && records <= saved * RECORDS_PER_CALL;
  }

  async #readByKey(bound: BoundRead, wanted: string): Promise<string> {
    const live = await this.#newLive(bound);
    const queries = inQueries({ select: bound.soql, field: bound.key.name }, this.#literals(bound, wanted));
    let group: string[] = [];
    for await (const soql of queries) {
      group.push(soql);
      if (group.length < QUERIES_PER_CALL) continue;
      await loadQueries(this.#org, live, group);
      group = [];
    }
    if (group.length > 0) await loadQueries(this.#org, live, group);
    return live.table;
  }

  async *#literals({ key }: BoundRead, wanted: string): AsyncGenerator<string> {
    for (let first = 1; ; first += KEY_PAGE) {
      const rows = await this.#workspace.rows(`SELECT k0 FROM ${wanted} WHERE n BETWEEN ${first} AND ${first + KEY_PAGE - 1} ORDER BY n`);
      for (const { k0 } of rows) yield* keyLiterals(key.sfType, String(k0));
      if (rows.length < KEY_PAGE) return;
    }
  }

  /** Bulk knows no TYPEOF; its query needs no address, which a long list of fields does not fit into. */
  async #readAll(bound: BoundRead): Promise<string> {
    const live = await this.#newLive(bound);
    const isFew = bound.hasTypeOf || (fitsAddress(bound.soql) && (await countRecords(this.#org, bound.object)) <= FEW_RECORDS);
    if (isFew || !(await loadByBulk(this.#org, live))) await loadQueries(this.#org, live, [bound.soql]);
    return live.table;
  }

  async #newLive(bound: BoundRead): Promise<Live> {
    const table = await this.#freeName('live');
    await createLive(this.#workspace, bound, table);
    return { workspace: this.#workspace, bound, table };
  }

  /** A name that no other reader of this workspace uses. */
  async #freeName(prefix: string): Promise<string> {
    await this.#workspace.run('CREATE TEMP SEQUENCE IF NOT EXISTS live_tables');
    const name = `${prefix}_${await this.#workspace.count(`SELECT nextval('live_tables')`)}`;
    this.#tables.push(name);
    return name;
  }
}

/** Calls that reading so many records by key costs, about. */
export function callsToRead(keys: number): number {
  return Math.ceil(keys / KEYS_PER_CALL);
}
