/** Live records in the workspace: all of them by one COPY, or those of some keys by several. */
import { canonicalText, canonicalValue, valueOfText } from '../../canonical/canonical.ts';
import type { Column } from '../../canonical/types.ts';
import type { PgClient } from '../../postgres/client.ts';
import { loadRows } from '../../postgres/load.ts';
import { ident } from '../../workspace/quote.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { LiveRelation, ReadRequest } from '../destination.ts';
import { describeTable, type Table, type TableColumn } from './describe.ts';
import { liveValue } from './live-sql.ts';
import { columnOf, isNatural, live, type Parent, parentOf, tableName } from './table-sql.ts';
import { hasKey } from './types.ts';

/** Keys looked up by one statement. */
const PAGE = 20_000;
/** One lookup costs about as much as reading this many rows in a row. */
const ROWS_PER_LOOKUP = 8;

/** A request bound to its table. */
interface BoundRead {
  readonly table: Table;
  readonly keys: readonly TableColumn[];
  readonly fields: readonly BoundField[];
}

interface BoundField {
  readonly column: TableColumn;
  /** Set where the field stores something else than its parent's key. */
  readonly parent: Parent | undefined;
}

/** Reads into one workspace. What was read in full is not read again until something is written. */
export class Reader {
  readonly #workspace: Workspace;
  readonly #whole = new Map<string, string>();

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  forget(): void {
    this.#whole.clear();
  }

  /** Runs inside a transaction: one snapshot. */
  async read(client: PgClient, request: ReadRequest): Promise<LiveRelation> {
    const { keys: _keys, ...shape } = request;
    const name = JSON.stringify(shape);
    const bound = await bindRead(client, request);
    const known = this.#whole.get(name);
    if (request.keys === undefined) {
      const table = known ?? (await this.#load(client, bound, `${tableName(bound.table)} AS t`));
      this.#whole.set(name, table);
      return relation(bound, table);
    }
    const wanted = await this.#wanted(bound, request.keys);
    const count = await this.#workspace.count(`SELECT count(*) FROM ${wanted}`);
    if (known !== undefined) return relation(bound, known, wanted);
    if (isWorthAll(bound.table, count)) return relation(bound, await this.#load(client, bound, `${tableName(bound.table)} AS t`), wanted);
    return relation(bound, await this.#readPages(client, bound, wanted, count));
  }

  /** The keys asked for, once each, that are values of their field's type: nothing else can be a live key. */
  async #wanted({ keys }: BoundRead, relationOfKeys: string): Promise<string> {
    const texts = keys.map(({ type }, index) => {
      const value = canonicalValue(type, { sql: `k.k${index}`, type: 'VARCHAR' });
      return `${canonicalText(type, value)} AS k${index}`;
    });
    const usable = keys.map((key, index) => `k${index} IS NOT NULL AND NOT contains(k${index}, chr(0))${inRange(key, `k${index}`)}`);
    const table = await this.#freeName('live_keys');
    await this.#workspace.run(`
      CREATE TEMP TABLE ${table} AS SELECT row_number() OVER () - 1 AS n, * FROM (
        SELECT DISTINCT ${texts.join(', ')} FROM ${relationOfKeys} AS k) WHERE ${usable.join(' AND ')}`);
    return table;
  }

  async #readPages(client: PgClient, bound: BoundRead, wanted: string, count: number): Promise<string> {
    const names = bound.keys.map((_, index) => `k${index}`);
    const settings = names.map((name) => `CAST(current_setting('sluice.${name}') AS text[])`);
    const condition = bound.keys.map((key, index) => hasKey(key, live(key), `k.k${index}`)).join(' AND ');
    const from = `unnest(${settings.join(', ')}) AS k (${names.join(', ')}) JOIN ${tableName(bound.table)} AS t ON ${condition}`;
    const table = await this.#emptyTable(bound);
    for (let first = 0; first < count; first += PAGE) {
      await this.#sendKeys(client, names, `SELECT * FROM ${wanted} WHERE n BETWEEN ${first} AND ${first + PAGE - 1} ORDER BY n`);
      const page = await this.#load(client, bound, from);
      await this.#workspace.run(`INSERT INTO ${table} SELECT * FROM ${page}`);
      await this.#workspace.run(`DROP TABLE ${page}`);
    }
    return table;
  }

  /** COPY takes no parameters and a read-only transaction no temporary table; a setting of the transaction's own holds the keys. */
  async #sendKeys(client: PgClient, names: readonly string[], page: string): Promise<void> {
    const quoted = (name: string): string => `'"' || replace(replace(${name}, '\\', '\\\\'), '"', '\\"') || '"'`;
    const arrays = names.map((name) => `'{' || string_agg(${quoted(name)}, ',' ORDER BY n) || '}' AS ${name}`);
    const row = await this.#workspace.row(`SELECT ${arrays.join(', ')} FROM (${page})`);
    for (const name of names) await client.run(`SELECT set_config('sluice.${name}', $1, true)`, [String(row[name])]);
  }

  async #emptyTable(bound: BoundRead): Promise<string> {
    const table = await this.#freeName('live');
    await this.#workspace.run(`CREATE TEMP TABLE ${table} (${loadedColumns(bound).map(({ name, type }) => `${ident(name)} ${type}`).join(', ')})`); // prettier-ignore
    return table;
  }

  async #load(client: PgClient, bound: BoundRead, from: string): Promise<string> {
    const table = await this.#freeName('live');
    const joins = bound.fields.map(({ column, parent }, index) => {
      if (parent === undefined) return '';
      const alias = `p${index}`;
      return ` LEFT JOIN ${tableName(parent.table)} AS ${alias} ON ${alias}.${ident(parent.target.name)} = ${live(column)}`;
    });
    const select = `SELECT ${loaded(bound).map(({ name, sql }) => `${sql} AS ${name}`).join(', ')} FROM ${from}${joins.join('')}`; // prettier-ignore
    await loadRows(client, this.#workspace, { select, columns: loadedColumns(bound), table });
    return table;
  }

  /** A name that no other reader of this workspace uses. */
  async #freeName(prefix: string): Promise<string> {
    await this.#workspace.run('CREATE TEMP SEQUENCE IF NOT EXISTS live_tables');
    return `${prefix}_${await this.#workspace.count(`SELECT nextval('live_tables')`)}`;
  }
}

async function bindRead(client: PgClient, request: ReadRequest): Promise<BoundRead> {
  const rows = async (sql: string, params?: readonly string[]) => client.rows(sql, params);
  const table = await describeTable(rows, request.object);
  const fields: BoundField[] = [];
  for (const { field, reference } of request.fields) {
    const parent = reference === undefined ? undefined : await parentOf(rows, table, field, reference);
    fields.push({ column: columnOf(table, field), parent: parent === undefined || isNatural(parent) ? undefined : parent });
  }
  return { table, keys: request.key.map((name) => columnOf(table, name)), fields };
}

interface LoadedColumn extends Column {
  readonly sql: string;
}

/** What Postgres is asked for: `k<i>`, `f<i>`, and of a reference what is stored, `s<i>`. */
function loaded({ keys, fields }: BoundRead): readonly LoadedColumn[] {
  return [
    ...keys.map((key, index) => ({ name: `k${index}`, ...liveValue(key, live(key)) })),
    ...fields.flatMap(({ column, parent }, index) => {
      if (parent === undefined) return [{ name: `f${index}`, ...liveValue(column, live(column)) }];
      return [
        { name: `f${index}`, ...liveValue(parent.key, `p${index}.${ident(parent.key.name)}`) },
        { name: `s${index}`, sql: `CAST(${live(column)} AS text)`, type: 'VARCHAR' },
      ];
    }),
  ];
}

function loadedColumns(bound: BoundRead): readonly Column[] {
  return loaded(bound).map(({ name, type }) => ({ name, type }));
}

/** A lookup for each key, or everything in one go. */
function isWorthAll(table: Table, count: number): boolean {
  if (count <= PAGE) return false;
  return table.estimatedRows === undefined || count * ROWS_PER_LOOKUP > table.estimatedRows;
}

/** Days that DuckDB knows and Postgres does not. */
function inRange({ type }: TableColumn, text: string): string {
  if (type.kind === 'date') return ` AND (isinf(CAST(${text} AS DATE)) OR CAST(${text} AS DATE) BETWEEN DATE '4713-11-24 (BC)' AND DATE '5874897-12-31')`; // prettier-ignore
  if (type.kind === 'timestamp') return ` AND (isinf(CAST(${text} AS TIMESTAMP)) OR CAST(${text} AS TIMESTAMP) >= TIMESTAMP '4713-11-25 (BC) 00:00:00')`; // prettier-ignore
  return '';
}

/** The loaded rows as `k<i>`, `f<i>`, `remote_id`; of these, only those whose key is `wanted`. */
function relation(bound: BoundRead, table: string, wanted?: string): LiveRelation {
  const typeOf = new Map(loadedColumns(bound).map(({ name, type }) => [name, type]));
  const raw = (name: string): { sql: string; type: string } => ({ sql: `l.${name}`, type: typeOf.get(name) ?? 'VARCHAR' });
  const fields = bound.fields.map(({ parent }, index) => {
    if (parent === undefined) return { sql: `l.f${index}`, type: raw(`f${index}`).type };
    const key = canonicalText(parent.key.type, canonicalValue(parent.key.type, raw(`f${index}`)));
    return { sql: `CASE WHEN l.s${index} IS NOT NULL THEN coalesce(${key}, '#' || l.s${index}) END`, type: 'VARCHAR' };
  });
  const select = [
    ...bound.keys.map((_, index) => `l.k${index}`),
    ...fields.map(({ sql }, index) => `${sql} AS f${index}`),
    'CAST(NULL AS VARCHAR) AS remote_id', // a record is known by its key alone
  ];
  const match = bound.keys.map(({ type }, index) => `${canonicalValue(type, raw(`k${index}`))} = ${valueOfText(type, `w.k${index}`)}`);
  const join = wanted === undefined ? '' : ` SEMI JOIN ${wanted} AS w ON ${match.join(' AND ')}`;
  return {
    columns: [
      ...bound.keys.map((_, index) => ({ name: `k${index}`, type: raw(`k${index}`).type })),
      ...fields.map(({ type }, index) => ({ name: `f${index}`, type })),
      { name: 'remote_id', type: 'VARCHAR' },
    ],
    from: `(SELECT ${select.join(', ')} FROM ${table} AS l${join})`,
  };
}
