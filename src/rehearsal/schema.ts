/** What the destination of a test looks like: as the snapshot says, else as the mapping and the values suggest. */
import type { FieldType } from '../canonical/types.ts';
import type { Sync } from '../config/model.ts';
import type { FieldSchema, ObjectSchema } from '../destinations/destination.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { Cell } from './cell.ts';
import { fieldType } from './infer.ts';
import type { Snapshot } from './snapshot.ts';
import { canonicalTexts } from './values.ts';

/** A key that stands twice must be seen, so no constraint of the real system is relied on. */
export function savedSchema(sync: Sync, snapshot: Snapshot): ObjectSchema {
  return { ...snapshot.schema, object: sync.destination.object, uniqueKeys: [] };
}

export interface SchemaHints {
  /** DuckDB's type of what feeds a field; null when nothing is known of it. */
  readonly columnOf: (field: string) => string | null;
  /** Values of the field in the test. */
  readonly cellsOf: (field: string) => readonly Cell[];
}

/** Every mapped field and the key, with types that all their values fit. Nothing is required, nothing has a limit. */
export async function inferredSchema(workspace: Workspace, sync: Sync, hints: SchemaHints): Promise<ObjectSchema> {
  const own = sync.fields.flatMap(({ reference }) => (reference?.object === sync.destination.object ? [reference.key] : []));
  const names = [...new Set([...sync.destination.key, ...sync.fields.map((field) => field.field), ...own])];
  const fields: FieldSchema[] = [];
  for (const name of names) fields.push(openField(name, await fittingType(workspace, sync, name, hints)));
  return { object: sync.destination.object, fields, uniqueKeys: [], references: [] };
}

/** A field without any limit. */
export function openField(name: string, type: FieldType): FieldSchema {
  return { name, type, nativeType: type.kind, nullable: true, hasDefault: true, creatable: true, updatable: true, readable: true };
}

async function fittingType(workspace: Workspace, sync: Sync, name: string, hints: SchemaHints): Promise<FieldType> {
  const mapping = sync.fields.find((field) => field.field === name);
  if (mapping?.reference !== undefined) return { kind: 'text' };
  if (mapping?.type !== undefined) return mapping.type;
  const cells = hints.cellsOf(name);
  const type = fieldType(hints.columnOf(name), cells);
  const values = cells.flatMap(({ text }) => (text === null ? [] : [{ type, text }]));
  const canonical = await canonicalTexts(workspace, values, { timezone: sync.source.timezone, rules: {} });
  return canonical.includes(null) ? { kind: 'text' } : type;
}
