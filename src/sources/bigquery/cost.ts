/** What a query costs, known before it runs, and the limits on that. */
import type { DryRun } from '../../bigquery/client.ts';
import { EXIT, type Location, UserError } from '../../errors.ts';
import { bytes, count } from '../../words.ts';
import type { Query } from '../source.ts';

const MEGABYTE = 1_048_576n;
/** BigQuery bills at least so much for every table that a query reads. */
const LEAST = 10n * MEGABYTE;

/** Bytes billed for bytes read, in whole megabytes: exact for a query that reads one table, at least that for several. */
export function billedBytes({ bytes: read, tables }: Pick<DryRun, 'bytes' | 'tables'>): string {
  const exact = BigInt(read);
  if (exact === 0n) return '0';
  const whole = ((exact + MEGABYTE - 1n) / MEGABYTE) * MEGABYTE;
  const least = LEAST * BigInt(Math.max(tables, 1));
  return String(whole > least ? whole : least);
}

export interface Limit {
  /** Exact, as text. */
  readonly bytesBilled: string;
  readonly location: Location;
}

/** The lower one of the sync's and the connection's. */
export function limitOf(query: Query, ofConnection: Limit | undefined): Limit | undefined {
  const own = query.limit;
  if (own === undefined || ofConnection === undefined) return own ?? ofConnection;
  return BigInt(own.bytesBilled) <= BigInt(ofConnection.bytesBilled) ? own : ofConnection;
}

/** Throws a `UserError` (exit 3) for a query that would bill more than it may. Nothing has been spent then. `along`: what runs with it. */
export function checkLimit(query: Query, limit: Limit | undefined, billed: string, along = ''): void {
  if (limit === undefined || BigInt(billed) <= BigInt(limit.bytesBilled)) return;
  const [wanted, allowed] = apart(billed, limit.bytesBilled);
  throw new UserError(`the query of ${query.sync}${along} would bill ${wanted}; max_bytes_billed is ${allowed}`, {
    location: limit.location,
    hint: 'Read less (fewer columns, a filter on the partition), or raise max_bytes_billed. Nothing was billed.',
    exitCode: EXIT.forbidden,
  });
}

/** Two numbers of bytes as people write them; all digits where the short forms would be the same. */
function apart(one: string, other: string): readonly [string, string] {
  const short = [bytes(Number(one)), bytes(Number(other))] as const;
  return short[0] === short[1] ? [`${count(BigInt(one))} bytes`, `${count(BigInt(other))} bytes`] : short;
}
