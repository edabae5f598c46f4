/**
 * Which records need a closer look. One pass over the desired rows and the narrow hash columns of base (and, when all is
 * read live, of the destination): wide rows, strings and JSON are touched for candidates only.
 *
 * A 64-bit key hash collides once in a while. It never decides anything: the row hash covers the key, so a colliding
 * record cannot pass for another but becomes a candidate, and candidates are paired on their real keys (`classify.ts`).
 */
import type { LiveRelation } from '../destinations/destination.ts';
import type { BaseRelations } from '../state/state.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { type BoundSync, keyHash, keyValue, liveValue, readableFields } from './bind.ts';
import { settledCondition } from './left.ts';
import { passByValue, recordRehashed } from './rehash.ts';
import { desiredView, type HashedSource, hashedSource, sourceKeyJson } from './source-sql.ts';

export interface CandidateRequest extends HashedSource {
  readonly base: BaseRelations;
  /** Every live record, when `refresh` is `all`. */
  readonly live: LiveRelation | undefined;
  /** Live keys are unique by a constraint: no need to look for doubles. */
  readonly liveKeyIsUnique: boolean;
  /** The stored hashes were computed in another way: pair on keys and compare with `sent` instead. */
  readonly rehash: boolean;
}

export interface CandidateCounts {
  /** Rows the source yielded. */
  readonly rows: number;
  /** Records of the destination; null unless all were read. */
  readonly liveRows: number | null;
  /** Records of base that are no candidates, all of them in the destination; null unless all was read live and compared by hash. */
  readonly quietBase: number | null;
}

/**
 * Fills the tables `c_pass` (what the pass yields), `c_base` (base of the candidates, and records that left), `c_ambiguous`
 * (keys that stand twice in the source), and makes the view `c_desired` (candidate rows of the source: `key`, `key_hash`,
 * `row_hash`, `k*`, `f*`; `key` is null when it cannot be read).
 */
export async function selectCandidates(workspace: Workspace, request: CandidateRequest): Promise<CandidateCounts> {
  const { base, source } = request;
  const settled = await workspace.count(`SELECT count(*) FROM ${base.records} WHERE ${settledCondition(request.bound.sync)}`);
  const moved = await findMoved(workspace, request);
  await workspace.run(
    `CREATE TEMP TABLE c_pass AS ${request.rehash ? passByValue(request) : passByHash(request, { settled: settled > 0, moved })}`,
  );
  await workspace.run(desiredView(request.bound));
  const rows = await workspace.count(`SELECT count(*) FROM ${source.from}`);
  const pass = await passCounts(workspace);
  await createBase(workspace, request);
  if (!request.rehash) await addCollidingRows(workspace, request);
  const suspicious = pass.twice || request.rehash || rows - pass.desired !== base.count - pass.base - (settled - pass.settled);
  const ambiguous = await removeAmbiguous(workspace, request, suspicious);
  if (request.rehash) await recordRehashed(workspace, request);
  const quiet =
    request.live === undefined || request.rehash ? null : base.count - ambiguous - (await workspace.count('SELECT count(*) FROM c_base'));
  return { rows, liveRows: await liveRows(workspace, request), quietBase: quiet };
}

/**
 * The records that the destination changed or lost, by the `key_hash` of `c_moved` (null for records that base does not
 * know). False when there are none, or when not all is read live.
 */
async function findMoved(workspace: Workspace, request: CandidateRequest): Promise<boolean> {
  const { base, live, liveKeyIsUnique } = request;
  if (live === undefined || request.rehash || base.count === 0) return false;
  await workspace.run(`CREATE TEMP TABLE c_moved AS ${moved(base, liveHashes(request, live))}`);
  const known = await workspace.row('SELECT count(l_here) AS live, count(DISTINCT key_hash) AS base FROM c_moved');
  const quietLive = ((await liveRows(workspace, request)) ?? 0) - Number(known['live']);
  // A key that stands twice in the destination met its record twice: where it may be, and the counts say so, it is looked for.
  if (!liveKeyIsUnique && quietLive !== base.count - Number(known['base'])) {
    const single = `SELECT key_hash, any_value(live_hash) AS live_hash FROM (${liveHashes(request, live)}) WHERE key_hash IS NOT NULL GROUP BY key_hash HAVING count(*) = 1`;
    await workspace.run(`CREATE OR REPLACE TEMP TABLE c_moved AS ${moved(base, single)}`);
  }
  return (await workspace.count('SELECT count(key_hash) FROM c_moved')) > 0;
}

function moved(base: BaseRelations, hashes: string): string {
  return `
    SELECT b.key_hash, l.l_here FROM (SELECT *, true AS l_here FROM (${hashes})) AS l
    FULL OUTER JOIN (SELECT key_hash, live_hash FROM ${base.records}) AS b ON l.key_hash = b.key_hash
    WHERE l.live_hash IS NULL OR b.live_hash IS NULL OR l.live_hash <> b.live_hash`;
}

/**
 * The usual way: rows whose hash differs from the one in state, in one pass. Every column on the base side of the join costs
 * memory and time for each of its records: it carries two, and a third where records are settled. A record that moved in the
 * destination is given no hash, which differs from every row's.
 */
function passByHash(request: CandidateRequest, any: { readonly settled: boolean; readonly moved: boolean }): string {
  const isSettled = any.settled ? 'o.b_settled' : 'false';
  const settled = any.settled ? `, ${settledCondition(request.bound.sync)} AS b_settled` : '';
  const hash = any.moved ? 'CASE WHEN m.key_hash IS NULL THEN b.row_hash END' : 'b.row_hash';
  const isMoved = any.moved ? ', m.key_hash IS NOT NULL AS b_moved' : '';
  const moved = any.moved
    ? ' LEFT JOIN (SELECT DISTINCT key_hash FROM c_moved WHERE key_hash IS NOT NULL) AS m ON m.key_hash = b.key_hash'
    : '';
  return `
    SELECT *, ${sourceKeyJson(request.bound)} AS key FROM (
      SELECT d.*, o.hash AS o_hash, o.hash IS NOT NULL AS b_here, ${isSettled} AS b_settled
      FROM (${hashedSource(request)}) AS d
      FULL OUTER JOIN (SELECT b.key_hash AS hash, ${hash} AS b_hash${settled}${isMoved} FROM ${request.base.records} AS b${moved}) AS o
        ON d.key_hash = o.hash
      WHERE CASE
        WHEN d.d_here IS NULL THEN NOT ${isSettled}${any.moved ? ' OR o.b_moved' : ''}
        WHEN o.hash IS NOT NULL THEN o.b_hash IS DISTINCT FROM d.row_hash
        ELSE true END)`;
}

function liveHashes({ bound, hash }: CandidateRequest, live: LiveRelation): string {
  const typeOf = new Map(live.columns.map((column) => [column.name, column.type]));
  const keys = bound.key.map((key) => keyValue(bound, key, { sql: `k${key.index}`, type: typeOf.get(`k${key.index}`) ?? 'VARCHAR' }));
  return `SELECT ${keyHash(keys, hash)} AS key_hash, ${liveHash(bound, typeOf)} AS live_hash FROM ${live.from} AS r`;
}

/** Hash of a live record's canonical values, from the columns `f0`.. of a live relation. */
export function liveHash(bound: BoundSync, typeOf: ReadonlyMap<string, string>): string {
  const values = readableFields(bound).map((field, position) =>
    liveValue(bound, field, { sql: `f${position}`, type: typeOf.get(`f${position}`) ?? 'VARCHAR' }),
  );
  return values.length === 0 ? '0::UBIGINT' : `hash(${values.join(', ')})`;
}

/** What the pass emitted. */
interface PassCounts {
  /** Rows of the source. */
  readonly desired: number;
  /** Records of base, and those among them that left the query and need nothing more. */
  readonly base: number;
  readonly settled: number;
  /** A row of the source came out twice. */
  readonly twice: boolean;
}

async function passCounts(workspace: Workspace): Promise<PassCounts> {
  const row = await workspace.row(`
    SELECT count(*) FILTER (WHERE d_here) AS desired, count(*) FILTER (WHERE b_here) AS base, count(*) FILTER (WHERE b_here AND b_settled) AS settled,
      count(key_hash) FILTER (WHERE d_here AND key IS NOT NULL) - count(DISTINCT key_hash) FILTER (WHERE d_here AND key IS NOT NULL) AS twice
    FROM c_pass`);
  return { desired: Number(row['desired']), base: Number(row['base']), settled: Number(row['settled']), twice: Number(row['twice']) > 0 };
}

/** Columns of base that later steps read. */
const BASE_COLUMNS = ['key_hash', 'row_hash', 'live_hash', 'key', 'sent', 'verified', 'origin'] as const;
/** Those that are often null throughout, which DuckDB knows from its statistics without reading them. */
const RARE_COLUMNS = { returned: 'VARCHAR', remote_id: 'VARCHAR', left_at: 'TIMESTAMP', left_as: 'VARCHAR', pending: 'VARCHAR' } as const;

async function createBase(workspace: Workspace, { base, rehash }: CandidateRequest): Promise<void> {
  const where = rehash
    ? 'b.key IN (SELECT b_key FROM c_pass WHERE b_key IS NOT NULL)'
    : 'b.key_hash IN (SELECT o_hash FROM c_pass WHERE b_here)';
  const isUsed = Object.keys(RARE_COLUMNS).map((name) => `${name} IS NOT NULL`);
  const used = await workspace.count(`SELECT count(*) FROM (SELECT 1 FROM ${base.records} AS b WHERE ${isUsed.join(' OR ')} LIMIT 1)`);
  const rare = Object.entries(RARE_COLUMNS).map(([name, type]) => (used > 0 ? `b.${name}` : `CAST(NULL AS ${type}) AS ${name}`));
  const columns = [...BASE_COLUMNS.map((name) => `b.${name}`), ...rare];
  await workspace.run(`CREATE TEMP TABLE c_base AS SELECT ${columns.join(', ')} FROM ${base.records} AS b WHERE ${where}`);
}

/**
 * A base record that came along only because its key hash collides with a candidate's is not a record that left: its
 * desired row is fetched as well.
 */
async function addCollidingRows(workspace: Workspace, request: CandidateRequest): Promise<void> {
  if (request.base.count === 0) return;
  await workspace.run(`
    CREATE TEMP TABLE c_colliding AS
    SELECT DISTINCT b.key_hash FROM c_base AS b
    WHERE b.key NOT IN (SELECT key FROM c_desired WHERE key IS NOT NULL)
      AND b.key_hash IN (SELECT key_hash FROM c_desired WHERE key_hash IS NOT NULL)`);
  if ((await workspace.count('SELECT count(*) FROM c_colliding')) === 0) return;
  await workspace.run(`
    INSERT INTO c_pass BY NAME
    SELECT * FROM (
      SELECT h.*, ${sourceKeyJson(request.bound)} AS key FROM (${hashedSource(request)}) AS h
      WHERE h.key_hash IN (SELECT key_hash FROM c_colliding))
    WHERE key IS NOT NULL AND key NOT IN (SELECT key FROM c_desired WHERE key IS NOT NULL)`);
}

/**
 * Keys that stand more than once in the source: they are no candidates. Looked for row by row only when the counts of the
 * pass do not add up (rows that it did not emit must be as many as the records of base it did not emit) or a candidate came
 * out twice: otherwise every unchanged row met exactly one record of base. Returns how many of them base knows.
 */
async function removeAmbiguous(workspace: Workspace, request: CandidateRequest, suspicious: boolean): Promise<number> {
  const exact = `SELECT key, count(*) AS copies FROM (SELECT ${sourceKeyJson(request.bound)} AS key FROM (${hashedSource(request)})) WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1`;
  await workspace.run(`CREATE TEMP TABLE c_ambiguous AS ${suspicious ? exact : "SELECT '' AS key, 0::BIGINT AS copies WHERE false"}`);
  if (!suspicious) return 0;
  await workspace.run('DELETE FROM c_pass WHERE key IN (SELECT key FROM c_ambiguous)');
  await workspace.run(`CREATE OR REPLACE TEMP TABLE c_pass AS
    SELECT * FROM c_pass WHERE key IS NULL UNION ALL (SELECT DISTINCT ON (key) * FROM c_pass WHERE key IS NOT NULL)`);
  return await workspace.change('DELETE FROM c_base WHERE key IN (SELECT key FROM c_ambiguous)');
}

async function liveRows(workspace: Workspace, request: CandidateRequest): Promise<number | null> {
  return request.live === undefined ? null : await workspace.count(`SELECT count(*) FROM ${request.live.from}`);
}
