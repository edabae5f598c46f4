/** A workspace with the functions, and values that go through the canonical expressions the way a plan and a write send them. */
import { canonicalOfExact, canonicalText, canonicalValue, exactText, type RawValue, valueOfText } from '../../src/canonical/canonical.ts';
import { registerFunctions, SensitiveKey } from '../../src/canonical/functions.ts';
import type { FieldType } from '../../src/canonical/types.ts';
import { typeInfo, valueOfText as storedValue } from '../../src/destinations/duckdb/types.ts';
import { Workspace } from '../../src/workspace/workspace.ts';

/** A raw column: its type, and SQL expressions of some of its values. */
export interface RawColumn {
  readonly type: string;
  readonly values: readonly string[];
}

export async function openBench(): Promise<Workspace> {
  const workspace = await Workspace.open({ threads: 1 });
  registerFunctions(workspace.connection, new SensitiveKey('a key for tests'));
  return workspace;
}

/** A constant of SQL, for any text. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Canonical texts of raw values; null where a value cannot be read as the type. */
export async function canonical(workspace: Workspace, type: FieldType, raw: RawColumn, timezone?: string): Promise<(string | null)[]> {
  const value = canonicalText(type, canonicalValue(type, { sql: 'x', type: raw.type, timezone }));
  const rows = await workspace.rows(`SELECT ${value} AS c FROM (${rawRows(raw)}) ORDER BY i`);
  return rows.map((row) => row['c'] as string | null);
}

/** The canonical text of one text. */
export async function ofText(workspace: Workspace, type: FieldType, text: string, timezone?: string): Promise<string | null> {
  return (await canonical(workspace, type, { type: 'VARCHAR', values: [sqlText(text)] }, timezone))[0] ?? null;
}

function rawRows(raw: RawColumn): string {
  return raw.values.map((value, index) => `SELECT ${index} AS i, CAST(${value} AS ${raw.type}) AS x`).join(' UNION ALL ');
}

export interface RoundTrip {
  readonly raw: string;
  readonly text: string;
  /** Canonical text of the text itself. */
  readonly again: string | null;
  /** The value that the text stands for is the value, and hashes alike. */
  readonly sameValue: boolean;
  readonly sameHash: boolean;
  /** Canonical text of the exact text that is sent. */
  readonly exact: string | null;
  /** Canonical text of what a column of the destination's type holds after the exact text was stored in it. */
  readonly stored: string | null;
}

/** What becomes of raw values on their way to a column of DuckDB type `native`. Unreadable ones are left out. */
export async function roundTrip(workspace: Workspace, native: string, raw: RawColumn, timezone?: string): Promise<RoundTrip[]> {
  const type = typeInfo(native).type;
  const source: RawValue = { sql: 'x', type: raw.type, timezone };
  await workspace.run(`CREATE OR REPLACE TEMP TABLE bench_values AS
    SELECT i, CAST(x AS VARCHAR) AS raw, v, ${canonicalText(type, 'v')} AS c, e, ${storedValue(native, 'e')} AS s
    FROM (SELECT i, x, ${canonicalValue(type, source)} AS v, ${exactText(type, source)} AS e FROM (${rawRows(raw)})) WHERE v IS NOT NULL`);
  const rows = await workspace.rows(`SELECT raw, c, ${canonicalText(type, canonicalValue(type, { sql: 'c', type: 'VARCHAR' }))} AS again,
      ${valueOfText(type, 'c')} IS NOT DISTINCT FROM v AS same_value, hash(${valueOfText(type, 'c')}) = hash(v) AS same_hash,
      ${canonicalOfExact(type, 'e')} AS exact, ${canonicalText(type, canonicalValue(type, { sql: 's', type: native }))} AS stored
    FROM bench_values ORDER BY i`);
  return rows.map((row) => ({
    raw: row['raw'] as string,
    text: row['c'] as string,
    again: row['again'] as string | null,
    sameValue: row['same_value'] as boolean,
    sameHash: row['same_hash'] as boolean,
    exact: row['exact'] as string | null,
    stored: row['stored'] as string | null,
  }));
}

/** The round trips that lose something. */
export function losses(trips: readonly RoundTrip[]): RoundTrip[] {
  return trips.filter(
    ({ text, again, sameValue, sameHash, exact, stored }) => !sameValue || !sameHash || again !== text || exact !== text || stored !== text,
  );
}
