/** Base as readers see it: the stored records, with the run that is not folded yet laid over them. */
import { loadRows } from '../../postgres/load.ts';
import type { PgClient } from '../../postgres/client.ts';
import { type BaseTable, unsignedHash } from '../../workspace/base-table.ts';
import { ident } from '../../workspace/quote.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { BaseRelations } from '../state.ts';
import { attemptsSql, countWaves, expectMany } from './attempts.ts';
import { openRuns, storedSyncs } from './heads.ts';
import { laidOver, type Layer, NO_BASE, touchedBy } from './resolve.ts';
import type { Store } from './store.ts';
import { columnList, RECORD_COLUMNS, REJECT_COLUMNS, type TypedColumn } from './tables.ts';

/** Base of one sync, as relations of the server. To be read in the transaction that asked. */
export async function currentLayer(client: PgClient, store: Store, sync: string): Promise<Layer> {
  const stored = (await storedSyncs(client, store.tables, store.owner, sync))[0];
  const [open] = await openRuns(client, store.tables, store.owner, sync);
  const lineage = open?.lineage ?? stored?.head?.lineage;
  const isKept = stored?.recordsTable !== undefined && stored.head?.lineage === lineage;
  const base = isKept
    ? {
        records: store.tables.records(stored.recordsTable),
        rejects: `(SELECT ${columnList(REJECT_COLUMNS)} FROM ${store.tables.rejects} WHERE sync_id = ${stored.id})`,
      }
    : NO_BASE;
  if (open === undefined) return base;
  await expectMany(client);
  const select = await attemptsSql(client, store.tables, open);
  // Several waves read the attempts again and again.
  const [from, above] = open.repeats ? ['attempts', `WITH attempts AS MATERIALIZED (${select}) `] : [`(${select})`, ''];
  const waves = await countWaves(client, open, `(${select})`);
  const touched = touchedBy({ from, waves, anyFailed: true }, base, { runId: open.runId, at: open.startedAt });
  const rejects = { records: 'SELECT * FROM touched', keys: 'SELECT key FROM touched' };
  return {
    records: `(${above}SELECT * FROM ${laidOver(base.records, touched, RECORD_COLUMNS)} AS o)`,
    rejects: `(${above === '' ? 'WITH' : `${above}, `} touched AS MATERIALIZED (${touched.rejects}) SELECT * FROM ${laidOver(base.rejects, rejects, REJECT_COLUMNS)} AS o)`,
  };
}

/** Loads base of one sync into tables of the workspace that begin with `prefix`. `chosen`: a condition on the records. */
export async function loadBase(
  client: PgClient,
  workspace: Workspace,
  request: { layer: Layer; prefix: string; chosen?: string },
): Promise<BaseRelations> {
  const { layer, prefix, chosen = 'true' } = request;
  const records = { columns: RECORD_COLUMNS, table: `${prefix}_records` };
  const rejects = { columns: REJECT_COLUMNS, table: `${prefix}_rejects` };
  const count = await loadTable(
    client,
    workspace,
    records,
    `SELECT ${columnList(RECORD_COLUMNS)} FROM ${layer.records} AS r WHERE ${chosen}`,
  );
  await loadTable(client, workspace, rejects, `SELECT ${columnList(REJECT_COLUMNS)} FROM ${layer.rejects} AS r`);
  return { records: loadedRelation(records), rejects: loadedRelation(rejects), count };
}

/**
 * Base as a table of the server, for a source in the same database; undefined while there is none, or a run is not folded
 * into it. The serial is the one that a snapshot of the table's reader sees, so that it notices what happened in between.
 */
export async function storedTable(
  client: PgClient,
  workspace: Workspace,
  request: { store: Store; sync: string; prefix: string },
): Promise<BaseTable | undefined> {
  const { store, sync, prefix } = request;
  const { tables, owner } = store;
  const stored = (await storedSyncs(client, tables, owner, sync))[0];
  if (stored?.head === undefined || stored.recordsTable === undefined || (await openRuns(client, tables, owner, sync)).length > 0)
    return undefined;
  const rejects = { columns: REJECT_COLUMNS, table: `${prefix}_rejects` };
  await loadTable(client, workspace, rejects, `SELECT ${columnList(REJECT_COLUMNS)} FROM ${tables.rejects} WHERE sync_id = ${stored.id}`);
  return {
    table: tables.records(stored.recordsTable),
    serial: `SELECT max(serial) FROM (SELECT serial FROM ${tables.syncs} WHERE id = ${stored.id}
      UNION ALL SELECT serial FROM ${tables.runs} WHERE sync_id = ${stored.id} AND NOT folded) AS s`,
    columns: RECORD_COLUMNS.map((column) => ({ name: column.name, loaded: loadedType(column), value: loadedColumn(column) })),
    count: stored.head.records,
    rejects: loadedRelation(rejects),
  };
}

export interface LoadedTable {
  readonly columns: readonly TypedColumn[];
  readonly table: string;
}

/** Loads the columns, in their order, as a temporary table of the workspace. Returns the number of rows. */
export async function loadTable(client: PgClient, workspace: Workspace, { columns, table }: LoadedTable, select: string): Promise<number> {
  return loadRows(client, workspace, {
    select,
    table,
    columns: columns.map((column) => ({ name: column.name, type: loadedType(column) })),
  });
}

/** How a column travels. */
function loadedType({ loaded }: TypedColumn): string {
  if (loaded === 'hash') return 'BIGINT';
  return loaded === 'texts' ? 'VARCHAR' : loaded;
}

/** A loaded table with hashes and lists as the workspace has them. */
export function loadedRelation({ columns, table }: LoadedTable): string {
  return `(SELECT ${columns.map((column) => `${loadedColumn(column)} AS ${ident(column.name)}`).join(', ')} FROM ${ident(table)})`;
}

function loadedColumn({ name, loaded }: TypedColumn): string {
  if (loaded === 'hash') return unsignedHash(ident(name));
  return loaded === 'texts' ? `CAST(from_json(${ident(name)}, '["VARCHAR"]') AS VARCHAR[])` : ident(name);
}

/** Base of a sync that has none. */
export function emptyBase(): BaseRelations {
  return { records: emptyLoaded(RECORD_COLUMNS), rejects: emptyLoaded(REJECT_COLUMNS), count: 0 };
}

/** A relation of the workspace without rows. */
export function emptyLoaded(columns: readonly TypedColumn[]): string {
  const types = { hash: 'UBIGINT', texts: 'VARCHAR[]' } as const;
  const typeOf = (loaded: TypedColumn['loaded']): string => (loaded === 'hash' || loaded === 'texts' ? types[loaded] : loaded);
  return `(SELECT ${columns.map(({ name, loaded }) => `CAST(NULL AS ${typeOf(loaded)}) AS ${ident(name)}`).join(', ')} WHERE false)`;
}
