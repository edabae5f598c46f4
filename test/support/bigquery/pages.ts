/** Rows on the wire: how many fit a page, where the next one starts, how timestamps look. */
import type { Field, Page, WireRow } from './engine.ts';
import { ApiError } from './errors.ts';
import { isObject } from './fields.ts';
import { checkBody } from './strict.ts';
import type { World } from './world.ts';

/** A page holds no more than this much JSON, whatever the caller asked for. */
const PAGE_BYTES = 10_000_000;
/** Rows read from DuckDB at a time; 10 MB of rows are rarely more. */
const BATCH = 20_000;

/** Rows up to the limit, or to 10 MB of JSON: at least one, if there is one. */
export async function pageOf(
  world: World,
  { table, schema }: { readonly table: string; readonly schema: readonly Field[] },
  page: Page,
): Promise<readonly WireRow[]> {
  const rows: WireRow[] = [];
  let bytes = 0;
  while (rows.length < page.limit) {
    const batch = await world.engine.page(table, schema, {
      ...page,
      start: page.start + rows.length,
      limit: Math.min(BATCH, page.limit - rows.length),
    });
    for (const row of batch) {
      bytes += sizeOf(row.f);
      if (bytes > PAGE_BYTES && rows.length > 0) return rows;
      rows.push(row);
    }
    if (batch.length === 0) return rows;
  }
  return rows;
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 8;
  if (Array.isArray(value)) return value.reduce((sum: number, each) => sum + sizeOf(each), 8);
  return isObject(value) ? Object.values(value).reduce((sum: number, each) => sum + sizeOf(each), 8) : 12;
}

export function tokenOf(of: string, start: number): string {
  return Buffer.from(JSON.stringify([of, start])).toString('base64url');
}

/** Where a token goes on; a token of something else is refused. */
export function startOf(token: string, of: string): number {
  try {
    const [whose, start] = JSON.parse(Buffer.from(token, 'base64url').toString()) as [unknown, unknown];
    if (whose === of && typeof start === 'number') return start;
  } catch {
    // Told below.
  }
  throw new ApiError('invalid', 'Invalid page token', { location: 'pageToken', locationType: 'parameter' });
}

/** How timestamps are written, from a query string. */
export function timestampsOf(parameters: URLSearchParams): Page['timestamps'] {
  const useInt64Timestamp = parameters.get('formatOptions.useInt64Timestamp') === 'true';
  return timestamps({ useInt64Timestamp, timestampOutputFormat: parameters.get('formatOptions.timestampOutputFormat') ?? undefined });
}

export function timestamps(options: unknown): Page['timestamps'] {
  if (options === undefined) return 'FLOAT64';
  const { useInt64Timestamp, timestampOutputFormat } = checkBody(options, 'format_options', {
    names: ['useInt64Timestamp', 'timestampOutputFormat'],
  });
  if (timestampOutputFormat === 'ISO8601_STRING') return 'ISO8601_STRING';
  return useInt64Timestamp === true || timestampOutputFormat === 'INT64' ? 'INT64' : 'FLOAT64';
}
