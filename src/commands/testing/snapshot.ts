/** What `describe --save` keeps, and how it becomes tables that look like the real ends. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Column, FieldType } from '../../canonical/types.ts';
import type { FieldSchema, ObjectSchema } from '../../destinations/destination.ts';
import { UserError } from '../../errors.ts';
import { ident } from '../../workspace/quote.ts';

/** Below the project folder. */
export const SNAPSHOTS = '.snapshots';

export interface Snapshot {
  readonly format_version: string;
  readonly sync: string;
  readonly source: { readonly columns: readonly Column[] };
  readonly destination: ObjectSchema;
}

/** The snapshot of a sync; undefined when none was saved. */
export async function readSnapshot(dir: string, sync: string): Promise<Snapshot | undefined> {
  const path = join(dir, SNAPSHOTS, `${sync}.json`);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Snapshot;
  } catch (cause) {
    throw new UserError(`${SNAPSHOTS}/${sync}.json is damaged`, { hint: `Save it again: sluice describe ${sync} --save`, cause });
  }
}

/** Column of a table that behaves like the field: its type, and the constraints that a plan knows of. */
export function columnDefinition(field: FieldSchema): string {
  const name = ident(field.name);
  const length = field.maxLength === undefined ? '' : ` CHECK (length(${name}) <= ${field.maxLength})`;
  return `${name} ${duckdbType(field.type)}${field.nullable || field.hasDefault ? '' : ' NOT NULL'}${length}`;
}

function duckdbType(type: FieldType): string {
  switch (type.kind) {
    case 'text':
      return type.native ?? 'VARCHAR';
    case 'integer':
      return type.min.length < 19 && type.max.length < 19 ? 'BIGINT' : 'HUGEINT';
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`;
    case 'float':
      return type.bits === 32 ? 'FLOAT' : 'DOUBLE';
    case 'boolean':
      return 'BOOLEAN';
    case 'date':
      return 'DATE';
    case 'timestamp':
      return timestampType(type);
    case 'json':
      return 'JSON';
    case 'set':
      return 'VARCHAR[]';
    case 'bytes':
      return 'BLOB';
  }
}

function timestampType({ precision, zoned }: FieldType & { kind: 'timestamp' }): string {
  if (zoned) return 'TIMESTAMPTZ';
  return ({ 0: 'TIMESTAMP_S', 3: 'TIMESTAMP_MS', 6: 'TIMESTAMP', 9: 'TIMESTAMP_NS' } as const)[precision];
}
