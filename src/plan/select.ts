/** Selects candidates: in the source's own database where base lives there too, else in the workspace. */
import type { Refresh } from '../config/model.ts';
import { EXIT, UserError } from '../errors.ts';
import type { Warehouse } from '../sources/source.ts';
import type { BaseRelations, State, SyncState } from '../state/state.ts';
import { duckdbDialect } from '../sql/duckdb.ts';
import type { BaseTable } from '../workspace/base-table.ts';
import { SqlError } from '../workspace/duckdb-errors.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { type BoundSync, type HashFunction, readRequest } from './bind.ts';
import { type CandidateCounts, selectCandidates } from './candidates.ts';
import type { Ends } from './ends.ts';
import type { OwnBase } from './identity.ts';
import { enforceReadLimit } from './refresh.ts';
import { selectInWarehouse } from './warehouse.ts';

export type Engine = 'auto' | 'local' | 'warehouse';

/** Base as the state has it: loaded into the workspace, or left where it is until somebody asks. */
export interface StoredBase {
  readonly name: string;
  readonly head: SyncState | undefined;
  readonly loaded: BaseRelations | undefined;
  readonly table: BaseTable | undefined;
  /** Of the records, and the rejects as a relation of the workspace. */
  readonly count: number;
  readonly rejects: string;
}

export interface SelectRequest {
  readonly bound: BoundSync;
  readonly ends: Ends;
  readonly state: State;
  readonly stored: StoredBase;
  readonly own: OwnBase;
  /** What the source can do in its own database; undefined where base is elsewhere. */
  readonly warehouse: Warehouse | undefined;
  readonly engine: Engine;
  readonly refresh: Refresh;
  readonly retryRejected: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly hash?: HashFunction | undefined;
}

export interface Selected extends CandidateCounts {
  readonly engine: 'local' | 'warehouse';
  /** Rows of the source that came into the workspace. */
  readonly travelled: number;
}

/** Fills `c_desired`, `c_base`, `c_ambiguous` (see `candidates.ts`) and `c_known`. */
export async function select(workspace: Workspace, request: SelectRequest): Promise<Selected> {
  const { bound, own, stored, warehouse } = request;
  const reason = whyLocal(request);
  if (request.engine === 'warehouse' && reason !== undefined) {
    throw new UserError(`${bound.sync.name} cannot be compared in the warehouse: ${reason}`, {
      location: bound.sync.at('source', 'connection'),
      hint: 'Leave `--engine` out, and the planner compares in the workspace where it has to.',
      exitCode: EXIT.error,
    });
  }
  await rememberRejects(workspace, own, request);
  if (reason === undefined && warehouse !== undefined && stored.table !== undefined) {
    const inWarehouse = { bound, warehouse, base: stored.table, serial: own.head?.serial ?? 0 };
    const counts = await atQuery(bound, async () => selectInWarehouse(workspace, inWarehouse));
    if (counts !== undefined) return { ...counts, engine: 'warehouse' };
  }
  const counts = await selectLocally(workspace, request);
  return { ...counts, engine: 'local', travelled: counts.rows };
}

/** Why the rows have to be looked at in the workspace; undefined when the source's database can compare them. */
function whyLocal({ warehouse, stored, own, refresh, engine }: SelectRequest): string | undefined {
  if (engine === 'local') return 'the local engine was asked for';
  if (warehouse === undefined) return 'its state is not in the database of its source, or it has sensitive fields';
  if (stored.table === undefined || own.count === 0) return 'there is nothing in state yet, or an unfinished run is in the way';
  if (own.rehash) return 'its fields, or how rows are hashed, changed since the last run: every row is compared by value, once';
  return refresh === 'all' ? 'every live record is read (`--refresh all`), and they meet in the workspace' : undefined;
}

async function selectLocally(workspace: Workspace, request: SelectRequest): Promise<CandidateCounts> {
  const { bound, ends, refresh, own } = request;
  const readsAll = refresh === 'all' && bound.capabilities.readAll.can;
  const live = readsAll ? await ends.destination.read(readRequest(bound)) : undefined;
  if (live !== undefined) enforceReadLimit(bound.sync, await workspace.count(`SELECT count(*) FROM ${live.from}`), refresh);
  const { warehouse } = request;
  const source =
    bound.hashedBy === 'source' && warehouse !== undefined
      ? await warehouse.extractHashed(bound.query)
      : await ends.source.extract(bound.query);
  const liveKeyIsUnique = bound.schema.uniqueKeys.some((each) => sameNames(each, bound.sync.destination.key));
  const hash = request.hash ?? duckdbDialect.rowHash;
  const base = await loadedBase(workspace, request);
  return atQuery(bound, () => selectCandidates(workspace, { bound, source, base, live, liveKeyIsUnique, rehash: own.rehash, hash }));
}

/** Base of this sync's lineage as relations; another lineage starts from nothing. */
async function loadedBase(workspace: Workspace, { state, stored, own }: SelectRequest): Promise<BaseRelations> {
  const loaded = stored.loaded ?? (await state.attach(workspace, stored.name));
  if (own.formerRecords === 0) return loaded;
  return { records: `(SELECT * FROM ${loaded.records} AS former WHERE false)`, rejects: own.rejects, count: 0 };
}

/** What fails while the rows flow (a cast of the user's own, say) has no position: it is reported at the query. */
async function atQuery<T>(bound: BoundSync, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SqlError) || error.problems[0]?.location !== undefined) throw error;
    const { message, hint } = error.problems[0] ?? { message: error.message };
    throw new UserError(`the query failed: ${message}`, { location: bound.query.lines[0], hint, cause: error });
  }
}

/** Rejects that are not tried again while their row is unchanged: the table `c_known`. */
async function rememberRejects(workspace: Workspace, own: OwnBase, { retryRejected, now }: SelectRequest): Promise<void> {
  await workspace.run(
    `CREATE TEMP TABLE c_known AS SELECT * FROM ${own.rejects} AS r WHERE NOT $retry AND (next_try IS NULL OR next_try > make_timestamp($now::BIGINT))`,
    // Under another mapping a row is another row, whatever its hash.
    { retry: retryRejected || (own.head !== undefined && own.head.hashId !== own.hashId), now: BigInt(now) * 1000n },
  );
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}
