/**
 * The comparison with base where both live. Rows and records meet on the row hash alone, which covers the key: a row that is
 * as it was sent meets its record, and only what meets nothing travels. Keys are compared in the workspace, which alone knows
 * their canonical form.
 */
import { UserError } from '../../errors.ts';
import type { PgClient } from '../../postgres/client.ts';
import { PgError } from '../../postgres/errors.ts';
import { loadRows } from '../../postgres/load.ts';
import { embedded, unmet } from '../../sql/dialect.ts';
import type { BaseTable } from '../../workspace/base-table.ts';
import { ident, literal } from '../../workspace/quote.ts';
import type { Relation, Workspace } from '../../workspace/workspace.ts';
import type { Comparison, Query } from '../source.ts';
import type { Passage } from './extract.ts';

export interface CompareRequest {
  readonly query: Query;
  /** Its rows with their hashes. */
  readonly passage: Passage;
  readonly base: BaseTable;
  readonly settled: string;
  /** Keeps the tables of several comparisons apart. */
  readonly prefix: string;
}

/** Records that are fetched by one statement. */
const PAGE = 20_000;

export async function compareWithBase(client: PgClient, workspace: Workspace, request: CompareRequest): Promise<Comparison> {
  const { base, settled, query, passage, prefix } = request;
  try {
    const [counts = {}] = await client.rows(
      `SELECT (${base.serial}) AS serial, (SELECT count(*) FROM ${base.table} WHERE NOT (${settled})) AS compared, (SELECT count(*) FROM ${embedded(query.sql)} AS q) AS rows`,
    );
    const met = `${prefix}_met`;
    await loadRows(client, workspace, {
      select: meeting(request),
      columns: [...passage.columns, { name: 'place', type: 'VARCHAR' }],
      table: met,
    });
    const names = passage.columns.map(({ name }) => ident(name));
    return {
      rows: Number(counts['rows']),
      compared: Number(counts['compared']),
      serial: Number(counts['serial']),
      desired: {
        columns: passage.columns,
        from: `(SELECT ${names.join(', ')} FROM ${ident(met)} WHERE place IS NULL)`,
      },
      records: await fetchRecords(client, workspace, base, { met, table: `${prefix}_records` }),
    };
  } catch (error) {
    throw stateMoved(error) ?? error;
  }
}

function meeting({ passage, base, settled }: CompareRequest): string {
  const columns = passage.columns.map(({ name }) => ident(name));
  return unmet({ columns, rows: `(${passage.select})`, base: base.table, place: 'ctid', settled });
}

/** By their places, which stay the same for the length of a snapshot. */
async function fetchRecords(
  client: PgClient,
  workspace: Workspace,
  base: BaseTable,
  { met, table }: { met: string; table: string },
): Promise<Relation> {
  const places = `SELECT place AS item FROM ${ident(met)} WHERE place IS NOT NULL`;
  return fetchPages(client, workspace, base, { items: places, table, where: (json) => `ctid IN (SELECT value::tid FROM ${listed(json)})` });
}

/** Records of base by key, from the list of keys in a workspace table. */
export async function lookUpRecords(
  client: PgClient,
  workspace: Workspace,
  base: BaseTable,
  { keys, table }: { keys: string; table: string },
): Promise<Relation> {
  const items = `SELECT key AS item FROM ${keys}`;
  try {
    return await fetchPages(client, workspace, base, { items, table, where: (json) => `key IN (SELECT value FROM ${listed(json)})` });
  } catch (error) {
    throw stateMoved(error) ?? error;
  }
}

/** A JSON array of texts as rows of the server. */
function listed(json: string): string {
  return `json_array_elements_text(${literal(json)}::json)`;
}

/** The items that choose records, a page at a time. */
interface Pages {
  /** SELECT of the workspace with the column `item`. */
  readonly items: string;
  readonly table: string;
  /** Condition of the server for a page of items, a JSON array. */
  readonly where: (json: string) => string;
}

async function fetchPages(client: PgClient, workspace: Workspace, base: BaseTable, { items, table, where }: Pages): Promise<Relation> {
  const pages = `${table}_pages`;
  await workspace.run(
    `CREATE TEMP TABLE ${ident(table)} (${base.columns.map(({ name, loaded }) => `${ident(name)} ${loaded}`).join(', ')})`,
  );
  await workspace.run(`CREATE TEMP TABLE ${ident(pages)} AS SELECT item, (row_number() OVER () - 1) // ${PAGE} AS page FROM (${items})`);
  const count = await workspace.count(`SELECT coalesce(max(page) + 1, 0) FROM ${ident(pages)}`);
  for (let page = 0; page < count; page += 1) {
    const row = await workspace.row(`SELECT CAST(to_json(list(item)) AS VARCHAR) AS items FROM ${ident(pages)} WHERE page = ${page}`);
    await append(client, workspace, base, { table, where: where(String(row['items'])) });
  }
  await workspace.run(`DROP TABLE ${ident(pages)}`);
  return loadedRecords(base, table);
}

/** Loads chosen records and adds them to a table. */
async function append(
  client: PgClient,
  workspace: Workspace,
  base: BaseTable,
  { table, where }: { table: string; where: string },
): Promise<void> {
  const page = `${table}_page`;
  const columns = base.columns.map(({ name, loaded }) => ({ name, type: loaded }));
  const select = `SELECT ${base.columns.map(({ name }) => ident(name)).join(', ')} FROM ${base.table} WHERE ${where}`;
  await loadRows(client, workspace, { select, columns, table: page });
  await workspace.run(`INSERT INTO ${ident(table)} SELECT * FROM ${ident(page)}`);
  await workspace.run(`DROP TABLE ${ident(page)}`);
}

function loadedRecords(base: BaseTable, table: string): Relation {
  return {
    columns: base.columns.map(({ name, loaded }) => ({ name, type: loaded })),
    from: `(SELECT ${base.columns.map(({ name, value }) => `${value} AS ${ident(name)}`).join(', ')} FROM ${ident(table)})`,
  };
}

/** A run that ended meanwhile has put another table in the place of this one. */
function stateMoved(error: unknown): UserError | undefined {
  if (!(error instanceof PgError) || error.sqlstate !== '42P01') return undefined;
  return new UserError('the state of the sync moved while this plan was made: another run ended', { hint: 'Plan again.', cause: error });
}
