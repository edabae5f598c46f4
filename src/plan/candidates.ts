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
import { type HashedSource, hashedSource, sourceKeyJson } from './source-sql.ts';

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
  /** Records of the destination and those among them that neither base nor the source knows; null unless all were read. */
  readonly liveRows: number | null;
  readonly unmanaged: number | null;
}

/**
 * Fills the tables `c_desired` (candidate rows of the source: `key`, `key_hash`, `row_hash`, `k*`, `f*`; `key` is null
 * when it cannot be read), `c_base` (their base, and records that left), and `c_ambiguous` (keys that stand twice in the source).
 */
export async function selectCandidates(workspace: Workspace, request: CandidateRequest): Promise<CandidateCounts> {
  const settled = await workspace.count(`SELECT count(*) FROM ${request.base.records} WHERE ${settledCondition(request.bound.sync)}`);
  await workspace.run(`CREATE TEMP TABLE c_pass AS ${request.rehash ? passByValue(request) : passByHash(request, settled > 0)}`);
  const rows = await workspace.count(`SELECT count(*) FROM ${request.source.from}`);
  await createDesired(workspace, request);
  await createBase(workspace, request);
  if (!request.rehash) await addCollidingRows(workspace, request);
  await createAmbiguous(workspace, request, { rows, settled });
  if (request.rehash) await recordRehashed(workspace, request);
  return { rows, ...(await liveCounts(workspace, request)) };
}

/** The usual way: rows whose hash differs from the one in state, in one pass. */
function passByHash(request: CandidateRequest, anySettled: boolean): string {
  // Where no record is settled, which is usual, its columns are not read at all.
  const settled = anySettled ? settledCondition(request.bound.sync) : 'false';
  return request.live === undefined ? passOverBase(request, settled) : passOverBaseAndLive(request, request.live, settled);
}

/** Every column on the base side of the join costs memory and time for each of its records: it carries three. */
function passOverBase(request: CandidateRequest, settled: string): string {
  const isSettled = settled === 'false' ? 'false' : 'o.b_settled';
  return `
    SELECT d.*, o.hash AS o_hash, o.hash IS NOT NULL AS b_here, ${isSettled} AS b_settled, CAST(NULL AS BOOLEAN) AS l_here
    FROM (${hashedSource(request)}) AS d
    FULL OUTER JOIN (SELECT key_hash AS hash, row_hash AS b_hash${settled === 'false' ? '' : `, ${settled} AS b_settled`} FROM ${request.base.records}) AS o
      ON d.key_hash = o.hash
    WHERE CASE
      WHEN d.d_here IS NULL THEN NOT ${isSettled}
      WHEN o.hash IS NOT NULL THEN o.b_hash IS DISTINCT FROM d.row_hash
      ELSE true END`;
}

function passOverBaseAndLive(request: CandidateRequest, live: LiveRelation, settled: string): string {
  return `
    SELECT d.*, o.hash AS o_hash, o.b_here, o.b_settled, o.l_here
    FROM (${hashedSource(request)}) AS d
    FULL OUTER JOIN (${baseAndLiveHashes(request, live, settled)}) AS o ON d.key_hash = o.hash
    WHERE CASE
      WHEN d.d_here IS NULL THEN o.b_here IS NOT NULL AND (NOT o.b_settled OR o.l_here IS NULL)
      WHEN o.b_here THEN o.b_hash IS DISTINCT FROM d.row_hash OR o.l_differs
      ELSE true END`;
}

function baseAndLiveHashes(request: CandidateRequest, live: LiveRelation, settled: string): string {
  return `
    SELECT coalesce(b.key_hash, l.key_hash) AS hash, b.row_hash AS b_hash, b.b_here, b.b_settled, l.l_here,
      l.l_here IS NULL OR b.live_hash IS NULL OR l.live_hash <> b.live_hash OR l.doubles AS l_differs
    FROM (SELECT key_hash, row_hash, live_hash, true AS b_here, ${settled} AS b_settled FROM ${request.base.records}) AS b
    FULL OUTER JOIN (${liveHashes(request, live)}) AS l ON b.key_hash = l.key_hash`;
}

function liveHashes(request: CandidateRequest, live: LiveRelation): string {
  const { bound } = request;
  const typeOf = new Map(live.columns.map((column) => [column.name, column.type]));
  const keys = bound.key.map((key) => keyValue(bound, key, { sql: `k${key.index}`, type: typeOf.get(`k${key.index}`) ?? 'VARCHAR' }));
  const hashed = `SELECT ${keyHash(keys, request.hash)} AS key_hash, ${liveHash(bound, typeOf)} AS live_hash FROM ${live.from} AS r`;
  const present = `SELECT key_hash, live_hash, true AS l_here, false AS doubles FROM (${hashed}) WHERE key_hash IS NOT NULL`;
  if (request.liveKeyIsUnique) return present;
  return `SELECT key_hash, any_value(live_hash) AS live_hash, true AS l_here, count(*) > 1 AS doubles FROM (${hashed}) WHERE key_hash IS NOT NULL GROUP BY key_hash`;
}

/** Hash of a live record's canonical values, from the columns `f0`.. of a live relation. */
export function liveHash(bound: BoundSync, typeOf: ReadonlyMap<string, string>): string {
  const values = readableFields(bound).map((field, position) =>
    liveValue(bound, field, { sql: `f${position}`, type: typeOf.get(`f${position}`) ?? 'VARCHAR' }),
  );
  return values.length === 0 ? '0::UBIGINT' : `hash(${values.join(', ')})`;
}

function desiredColumns(bound: BoundSync): string {
  const fields = bound.fields.filter((field) => field.mapping.from.kind !== 'value').map((field) => field.raw.sql);
  return [...bound.key.map((key) => key.raw.sql), ...fields, 'key_hash', 'row_hash'].join(', ');
}

async function createDesired(workspace: Workspace, request: CandidateRequest): Promise<void> {
  const { bound } = request;
  const key = request.rehash ? 'key' : sourceKeyJson(bound);
  await workspace.run(`CREATE TEMP TABLE c_desired AS SELECT ${desiredColumns(bound)}, ${key} AS key FROM c_pass WHERE d_here`);
}

async function createBase(workspace: Workspace, request: CandidateRequest): Promise<void> {
  const where = request.rehash
    ? 'b.key IN (SELECT b_key FROM c_pass WHERE b_key IS NOT NULL)'
    : 'b.key_hash IN (SELECT o_hash FROM c_pass WHERE b_here)';
  await workspace.run(`CREATE TEMP TABLE c_base AS SELECT b.* FROM ${request.base.records} AS b WHERE ${where}`);
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
  const { bound } = request;
  await workspace.run(`
    INSERT INTO c_desired
    SELECT ${desiredColumns(bound)}, key FROM (
      SELECT h.*, ${sourceKeyJson(bound)} AS key FROM (${hashedSource(request)}) AS h
      WHERE h.key_hash IN (SELECT key_hash FROM c_colliding))
    WHERE key IS NOT NULL AND key NOT IN (SELECT key FROM c_desired WHERE key IS NOT NULL)`);
}

/**
 * Keys that stand more than once in the source. Looked for row by row only when the counts of the pass do not add up, or
 * a candidate came out twice: otherwise every unchanged row met exactly one record of base.
 */
async function createAmbiguous(workspace: Workspace, request: CandidateRequest, counts: PassCounts): Promise<void> {
  const twice = await workspace.count(
    'SELECT count(*) FROM (SELECT key_hash FROM c_desired WHERE key IS NOT NULL GROUP BY key_hash HAVING count(*) > 1)',
  );
  const suspicious = twice > 0 || request.rehash || !(await countsAddUp(workspace, request, counts));
  const exact = `SELECT key, count(*) AS copies FROM (SELECT ${sourceKeyJson(request.bound)} AS key FROM (${hashedSource(request)})) WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1`;
  await workspace.run(`CREATE TEMP TABLE c_ambiguous AS ${suspicious ? exact : "SELECT '' AS key, 0::BIGINT AS copies WHERE false"}`);
  if (!suspicious) return;
  await workspace.run('DELETE FROM c_desired WHERE key IN (SELECT key FROM c_ambiguous)');
  await workspace.run('DELETE FROM c_base WHERE key IN (SELECT key FROM c_ambiguous)');
  await workspace.run(`CREATE OR REPLACE TEMP TABLE c_desired AS
    SELECT * FROM c_desired WHERE key IS NULL UNION ALL (SELECT DISTINCT ON (key) * FROM c_desired WHERE key IS NOT NULL)`);
}

interface PassCounts {
  readonly rows: number;
  /** Records of base that left the query and need nothing more. */
  readonly settled: number;
}

/** Rows that the pass did not emit must be as many as the records of base it did not emit. */
async function countsAddUp(workspace: Workspace, request: CandidateRequest, { rows, settled }: PassCounts): Promise<boolean> {
  const emitted = await workspace.row(`
    SELECT count(*) FILTER (WHERE d_here) AS desired, count(*) FILTER (WHERE b_here) AS base, count(*) FILTER (WHERE b_here AND b_settled) AS settled
    FROM c_pass`);
  const quietBase = request.base.count - Number(emitted['base']) - (settled - Number(emitted['settled']));
  return rows - Number(emitted['desired']) === quietBase;
}

async function liveCounts(workspace: Workspace, request: CandidateRequest): Promise<Pick<CandidateCounts, 'liveRows' | 'unmanaged'>> {
  if (request.live === undefined) return { liveRows: null, unmanaged: null };
  const liveRows = await workspace.count(`SELECT count(*) FROM ${request.live.from}`);
  if (request.rehash) return { liveRows, unmanaged: null };
  const emitted = await workspace.row(`
    SELECT count(*) FILTER (WHERE b_here AND l_here IS NULL) AS gone, count(*) FILTER (WHERE b_here IS NULL AND l_here) AS adopted FROM c_pass`);
  const known = request.base.count - Number(emitted['gone']) + Number(emitted['adopted']);
  return { liveRows, unmanaged: Math.max(0, liveRows - known) };
}
