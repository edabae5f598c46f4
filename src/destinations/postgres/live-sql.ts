/** How a stored value travels into the workspace: SQL that Postgres runs, and the workspace's type of its text. */
import { passageOf, type PgType } from '../../postgres/types.ts';
import type { TableColumn } from './describe.ts';
import { type CatalogType, finite, shownText } from './types.ts';

export interface LiveValue {
  readonly sql: string;
  /** DuckDB's name of the type. */
  readonly type: string;
}

/** The value of a column, so that its canonical form equals that of the same value from any source. */
export function liveValue({ type, catalog }: TableColumn, stored: string): LiveValue {
  if (type.kind === 'decimal') return { sql: finite(stored), type: `DECIMAL(${type.precision},${type.scale})` };
  if (type.kind === 'text' && type.native === 'INTERVAL') return { sql: intervalText(stored), type: 'VARCHAR' };
  if (catalog.base === 'inet') return { sql: shownText(catalog, stored), type: 'VARCHAR' };
  const passage = passageOf({ name: catalog.modified, base: catalog.base, baseName: catalog.modified, kind: kindOf(catalog) });
  if ('refused' in passage) return { sql: `CAST(${stored} AS text)`, type: 'VARCHAR' };
  const copied = passage.copied(stored);
  return { sql: type.kind === 'timestamp' ? withinReach(stored, copied) : copied, type: passage.type };
}

function kindOf({ kind }: CatalogType): PgType['kind'] {
  switch (kind) {
    case 'a':
      return 'array';
    case 'c':
      return 'composite';
    case 'e':
      return 'enum';
    case 'r':
    case 'm':
      return 'range';
    default:
      return 'base';
  }
}

/** DuckDB's timestamps end 29 years before those of Postgres: what is later stands as infinity, and is held when it is written. */
function withinReach(stored: string, copied: string): string {
  return `CASE WHEN ${stored} > '294246-12-31' THEN 'infinity' ELSE ${copied} END`;
}

/** Months, days and microseconds, which both systems keep apart. Postgres' own text mixes signs in a way that DuckDB cannot read. */
function intervalText(stored: string): string {
  const part = (name: string): string => `extract(${name} FROM ${stored})`;
  const months = `${part('year')} * 12 + ${part('month')}`;
  const micros = `(${part('hour')} * 3600 + ${part('minute')} * 60) * 1000000 + ${part('microseconds')}`;
  return `CASE WHEN isfinite(${stored}) THEN trunc(${months}) || ' months ' || ${part('day')} || ' days ' || trunc(${micros}) || ' microseconds' END`;
}
