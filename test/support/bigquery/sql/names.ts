/** Names of datasets and tables, in BigQuery and in DuckDB. */
import type { Field, TableRef } from '../engine.ts';
import { invalidQuery, type Position, SqlError } from './error.ts';
import { ident } from './strings.ts';
import { duckdbType, typeOfField } from './types.ts';

/** `"project.dataset"."table"` */
export function duckdbName({ projectId, datasetId, tableId }: TableRef): string {
  return `${schemaName(projectId, datasetId)}.${ident(tableId)}`;
}

export function schemaName(projectId: string, datasetId: string): string {
  return ident(`${projectId}.${datasetId}`);
}

/** DuckDB's list of columns: names and types. */
export function columnDefinitions(fields: readonly Field[]): string {
  return fields.map(columnDefinition).join(', ');
}

function columnDefinition(field: Field): string {
  return `${ident(field.name)} ${duckdbType(typeOfField(field))}`;
}

/** The same with NOT NULL, as CREATE TABLE takes it. */
export function tableDefinition(fields: readonly Field[]): string {
  return fields.map((field) => `${columnDefinition(field)}${field.mode === 'REQUIRED' ? ' NOT NULL' : ''}`).join(', ');
}

/** `project:dataset.table`, as BigQuery's messages have it. */
export function tableText({ projectId, datasetId, tableId }: TableRef): string {
  return `${projectId}:${datasetId}.${tableId}`;
}

export interface Defaults {
  readonly project: string;
  readonly defaultDataset?: { readonly projectId: string; readonly datasetId: string } | undefined;
}

/** The table that a path of one to three parts names. */
export function refOf(path: readonly string[], { project, defaultDataset }: Defaults, where?: Position): TableRef {
  const [tableId = '', datasetId, projectId] = [...path].reverse();
  if (path.length > 3 || tableId === '') throw invalidQuery(`Invalid table name: \`${path.join('.')}\``, where);
  if (datasetId === undefined) {
    if (defaultDataset === undefined) {
      throw new SqlError('invalid', `Table "${tableId}" must be qualified with a dataset (e.g. dataset.table).`);
    }
    return { ...defaultDataset, tableId };
  }
  if (!/^[\w-]+$/.test(datasetId)) {
    throw new SqlError(
      'invalid',
      `Invalid dataset ID "${datasetId}". Dataset IDs must be alphanumeric (plus underscores and dashes) and must be at most 1024 characters long.`,
    );
  }
  return { projectId: projectId ?? project, datasetId, tableId };
}
