/** `events_*`: all tables with that prefix, one below the other. */
import type { Catalog, TableRef } from '../engine.ts';
import { invalidQuery } from './error.ts';
import { tableText } from './names.ts';
import { text } from './strings.ts';

export function wildcard(catalog: Catalog, ref: TableRef): string {
  const prefix = ref.tableId.slice(0, -1);
  const tables = catalog
    .tables(ref.projectId, ref.datasetId)
    .filter((table) => table.ref.tableId.startsWith(prefix) && table.view === undefined);
  if (tables.length === 0) throw invalidQuery(`${tableText(ref)} does not match any table.`);
  const selects = tables.map(
    (table) => `SELECT *, ${text(table.ref.tableId.slice(prefix.length))} AS "_TABLE_SUFFIX" FROM ${table.duckdb}`,
  );
  return `(${selects.join(' UNION ALL BY NAME ')})`;
}
