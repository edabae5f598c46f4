/** What load jobs need of the types: the schema of a file, and values from texts. */
import type { DuckDBConnection } from '@duckdb/node-api';

import type { Field } from '../engine.ts';
import { castTo } from './casts.ts';
import { fieldOf, typeOfField, typeOfResult } from './types.ts';

/** The columns of a query in DuckDB's own SQL. */
export async function fieldsOfQuery(connection: DuckDBConnection, duckdbSql: string): Promise<Field[]> {
  const prepared = await connection.prepare(duckdbSql);
  try {
    return Array.from({ length: prepared.columnCount }, (_item, index) =>
      fieldOf(prepared.columnName(index), typeOfResult(prepared.columnType(index))),
    );
  } finally {
    prepared.destroySync();
  }
}

/** DuckDB's expression of the value of a field that is neither repeated nor a record, from an expression of its text. */
export function valueOfText(field: Field, text: string): string {
  const type = typeOfField(field);
  switch (type.name) {
    case 'STRING':
      return text;
    case 'BYTES':
      return `from_base64(${text})`;
    case 'JSON':
      return `bq_parse_json(${text})::JSON`;
    case 'GEOGRAPHY':
      return `CASE WHEN ${text} IS NULL THEN NULL ELSE struct_pack("$geography" := ${text}) END`;
    default:
      return castTo(text, type);
  }
}
