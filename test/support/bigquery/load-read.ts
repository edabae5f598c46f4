/** A file that is being loaded, as a DuckDB query that gives the table's columns. */
import type { Field } from './engine.ts';
import { ApiError, tableName } from './errors.ts';
import type { LoadRequest } from './load-request.ts';
import { fieldsOfQuery, valueOfText } from './sql/index.ts';
import { duckdbType, typeOfField } from './sql/types.ts';
import { text as literal, ident } from './sql/strings.ts';
import type { World } from './world.ts';

/** A query whose columns are the table's, in its types. */
export async function reading(world: World, request: LoadRequest, file: string, fields: readonly Field[]): Promise<string> {
  switch (request.format) {
    case 'PARQUET':
      return readingParquet(world, request, file, fields);
    case 'CSV':
      return readingCsv(request, file, fields);
    case 'NEWLINE_DELIMITED_JSON':
      return readingJson(world, request, file, fields);
  }
}

/** The columns a file has by itself: Parquet always, others when they are to be detected. */
export async function fieldsOf(world: World, request: LoadRequest, file: string): Promise<readonly Field[]> {
  if (request.format !== 'PARQUET' && !request.autodetect) {
    throw new ApiError('invalid', `No schema specified on job or table.`);
  }
  return fieldsOfQuery(world.duckdb, detecting(request, file));
}

function detecting({ format, csv }: LoadRequest, file: string): string {
  switch (format) {
    case 'PARQUET':
      return `SELECT * FROM read_parquet(${literal(file)})`;
    case 'CSV':
      return `SELECT * FROM read_csv(${literal(file)}, header = ${csv.skipLeadingRows > 0})`;
    case 'NEWLINE_DELIMITED_JSON':
      return `SELECT * FROM read_json(${literal(file)}, format = 'newline_delimited')`;
  }
}

/** Types Parquet may turn into without a word: only to what holds every value. */
const WIDENED: Readonly<Record<string, readonly string[]>> = { INTEGER: ['NUMERIC', 'BIGNUMERIC'], NUMERIC: ['BIGNUMERIC'] };

async function readingParquet(world: World, request: LoadRequest, file: string, fields: readonly Field[]): Promise<string> {
  const found = await fieldsOfQuery(world.duckdb, detecting(request, file));
  const extra = found.find(({ name }) => fieldNamed(fields, name) === undefined);
  if (extra !== undefined && !request.ignoreUnknownValues) throw mismatch(request, `Cannot add fields (field: ${extra.name})`);
  const columns = fields.map((field) => {
    const source = fieldNamed(found, field.name);
    if (source === undefined) return `NULL AS ${ident(field.name)}`;
    checkParquetType(request, field, source);
    return `CAST(${ident(source.name)} AS ${duckdbType(typeOfField(field))}) AS ${ident(field.name)}`;
  });
  return `SELECT ${columns.join(', ')} FROM read_parquet(${literal(file)})`;
}

function checkParquetType(request: LoadRequest, field: Field, source: Field): void {
  if (source.type === field.type && (source.mode === 'REPEATED') === (field.mode === 'REPEATED')) return;
  if (WIDENED[source.type]?.includes(field.type) === true) return;
  throw mismatch(request, `Field ${field.name} has changed type from ${field.type} to ${source.type}`);
}

function mismatch({ ref }: LoadRequest, what: string): ApiError {
  return new ApiError('invalid', `Provided Schema does not match Table ${tableName(ref)}. ${what}`);
}

function readingCsv({ csv }: LoadRequest, file: string, fields: readonly Field[]): string {
  const nested = fields.find((field) => field.type === 'RECORD' || field.mode === 'REPEATED');
  if (nested !== undefined) throw new ApiError('invalid', `Cannot load CSV data with a nested schema. Field: ${nested.name}`);
  const columns = fields.map(({ name }) => `${literal(name)}: 'VARCHAR'`).join(', ');
  const options = [
    `columns = {${columns}}`,
    'auto_detect = false',
    'header = false',
    `skip = ${csv.skipLeadingRows}`,
    `delim = ${literal(csv.delimiter)}`,
    `quote = ${literal(csv.quote)}`,
    `escape = ${literal(csv.quote)}`,
    `nullstr = ${literal(csv.nullMarker)}`,
    'allow_quoted_nulls = false',
    'max_line_size = 16777216',
  ];
  const values = fields.map((field) => `${valueOfText(field, ident(field.name))} AS ${ident(field.name)}`);
  return `SELECT ${values.join(', ')} FROM read_csv(${literal(file)}, ${options.join(', ')})`;
}

async function readingJson(world: World, request: LoadRequest, file: string, fields: readonly Field[]): Promise<string> {
  const rows = `read_ndjson_objects(${literal(file)}, maximum_object_size = 104857600)`;
  if (!request.ignoreUnknownValues) await refuseUnknown(world, rows, fields);
  const values = fields.map((field) => `${jsonValue(field, `json->${literal(pointer(field.name))}`)} AS ${ident(field.name)}`);
  return `SELECT ${values.join(', ')} FROM ${rows}`;
}

async function refuseUnknown(world: World, rows: string, fields: readonly Field[]): Promise<void> {
  const known = fields.map(({ name }) => literal(name)).join(', ');
  const reader = await world.duckdb.runAndReadAll(
    `SELECT key FROM (SELECT DISTINCT unnest(json_keys(json)) AS key FROM ${rows}) WHERE key NOT IN (${known}) ORDER BY 1 LIMIT 1`,
  );
  if (reader.currentRowCount === 0) return;
  throw readError(`JSON parsing error in row starting at position 0: No such field: ${String(reader.value(0, 0))}.`);
}

/** The value behind an expression of DuckDB's type JSON. */
function jsonValue(field: Field, json: string): string {
  if (field.mode === 'REPEATED') {
    const one = jsonValue({ ...field, mode: 'NULLABLE' }, 'e');
    return `list_transform(coalesce(CAST(${json} AS JSON[]), []), lambda e: ${one})`;
  }
  if (field.type === 'JSON') return `nullif(CAST(${json} AS VARCHAR), 'null')::JSON`;
  if (field.type !== 'RECORD') return valueOfText(field, `((${json})->>'$')`);
  const inner = (field.fields ?? []).map(
    (each) => `${ident(each.name)} := ${jsonValue(each, `(${json})->${literal(pointer(each.name))}`)}`,
  );
  return `CASE WHEN json_type(${json}) = 'OBJECT' THEN struct_pack(${inner.join(', ')}) END`;
}

/** An RFC 6901 pointer, as DuckDB takes it: dots and dollars in names have no meaning there. */
function pointer(name: string): string {
  return `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

export function readError(message: string): ApiError {
  return new ApiError('invalid', `Error while reading data, error message: ${message}`);
}

function fieldNamed(fields: readonly Field[], name: string): Field | undefined {
  return fields.find((field) => field.name.toLowerCase() === name.toLowerCase());
}
