/** INFORMATION_SCHEMA of a dataset: TABLES, COLUMNS, VIEWS, TABLE_OPTIONS, and SCHEMATA of a project or region. */
import type { Catalog, DatasetRef, Field, TableEntry } from '../engine.ts';
import { notFound, type Position, unknownToFake } from './error.ts';
import { text } from './strings.ts';
import { typeOfField, typeText } from './types.ts';

type Cell = string | number | boolean | null;
type Row = readonly Cell[];

interface View {
  readonly columns: string;
  readonly rows: (table: TableEntry) => readonly Row[];
}

function yes(condition: boolean): string {
  return condition ? 'YES' : 'NO';
}

function names({ ref }: TableEntry): readonly string[] {
  return [ref.projectId, ref.datasetId, ref.tableId];
}

function column(table: TableEntry, field: Field, index: number): Row {
  const clustered = table.clustering?.indexOf(field.name) ?? -1;
  return [
    ...names(table),
    field.name,
    index + 1,
    yes(field.mode !== 'REQUIRED'),
    typeText(typeOfField(field)),
    yes(table.timePartitioning?.field === field.name),
    clustered === -1 ? null : clustered + 1,
  ];
}

function options(table: TableEntry): readonly Row[] {
  const labels = Object.entries(table.labels ?? {}).map(([name, value]) => `STRUCT(${JSON.stringify(name)}, ${JSON.stringify(value)})`);
  const expiration = table.expirationTime === undefined ? undefined : new Date(Number(table.expirationTime)).toISOString();
  const known: readonly (readonly [string, string, string | undefined])[] = [
    ['description', 'STRING', table.description === undefined ? undefined : JSON.stringify(table.description)],
    ['expiration_timestamp', 'TIMESTAMP', expiration === undefined ? undefined : `TIMESTAMP "${expiration}"`],
    ['labels', 'ARRAY<STRUCT<STRING, STRING>>', labels.length === 0 ? undefined : `[${labels.join(', ')}]`],
  ];
  return known.flatMap(([name, type, value]) => (value === undefined ? [] : [[...names(table), name, type, value]]));
}

const VIEWS: Readonly<Record<string, View>> = {
  TABLES: {
    columns:
      'table_catalog VARCHAR, table_schema VARCHAR, table_name VARCHAR, table_type VARCHAR, is_insertable_into VARCHAR, is_typed VARCHAR',
    rows: (table) => [[...names(table), table.view === undefined ? 'BASE TABLE' : 'VIEW', yes(table.view === undefined), 'NO']],
  },
  COLUMNS: {
    columns: `table_catalog VARCHAR, table_schema VARCHAR, table_name VARCHAR, column_name VARCHAR, ordinal_position BIGINT, is_nullable VARCHAR,
      data_type VARCHAR, is_partitioning_column VARCHAR, clustering_ordinal_position BIGINT`,
    rows: (table) => table.fields.map((field, index) => column(table, field, index)),
  },
  VIEWS: {
    columns:
      'table_catalog VARCHAR, table_schema VARCHAR, table_name VARCHAR, view_definition VARCHAR, check_option VARCHAR, use_standard_sql VARCHAR',
    rows: (table) => (table.view === undefined ? [] : [[...names(table), table.view, null, 'YES']]),
  },
  TABLE_OPTIONS: {
    columns:
      'table_catalog VARCHAR, table_schema VARCHAR, table_name VARCHAR, option_name VARCHAR, option_type VARCHAR, option_value VARCHAR',
    rows: options,
  },
};

function cell(value: Cell): string {
  return typeof value === 'string' ? text(value) : String(value);
}

/** A relation of rows under columns with types. */
function relation(columns: string, rows: readonly Row[]): string {
  const definitions = columns.split(',').map((definition) => definition.trim().split(' '));
  const casts = definitions.map(([name, type]) => `CAST(${name} AS ${type}) AS ${name}`).join(', ');
  const list = definitions.map(([name]) => name).join(', ');
  const values = rows.length === 0 ? [definitions.map(() => 'NULL')] : rows.map((row) => row.map(cell));
  const where = rows.length === 0 ? ' WHERE false' : '';
  return `(SELECT ${casts} FROM (VALUES ${values.map((row) => `(${row.join(', ')})`).join(', ')}) AS v(${list})${where})`;
}

/** `path` has the word INFORMATION_SCHEMA in the place before the last. */
export function informationSchema(catalog: Catalog, path: readonly string[], defaults: DatasetRef | undefined, where: Position): string {
  const name = path.at(-1)?.toUpperCase() ?? '';
  const before = path.slice(0, -2);
  if (name === 'SCHEMATA') {
    const rows = catalog
      .datasets(catalog.project)
      .map(({ projectId, datasetId }) => [projectId, datasetId, catalog.datasetOptions(projectId, datasetId)?.location ?? 'US']);
    return relation('catalog_name VARCHAR, schema_name VARCHAR, location VARCHAR', rows);
  }
  const view = VIEWS[name];
  const datasetId = before.at(-1) ?? defaults?.datasetId;
  if (view === undefined || datasetId === undefined) throw unknownToFake(`INFORMATION_SCHEMA.${name}`, where);
  const projectId = before.at(-2) ?? catalog.project;
  if (!catalog.hasDataset(projectId, datasetId)) throw notFound(`Dataset ${projectId}:${datasetId}`);
  return relation(view.columns, catalog.tables(projectId, datasetId).flatMap(view.rows));
}
