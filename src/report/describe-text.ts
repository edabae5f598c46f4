/** Both ends of a sync for people. */
import type { Column } from '../canonical/types.ts';
import type { FieldMapping, Sync } from '../config/model.ts';
import type { FieldSchema, ObjectSchema } from '../destinations/destination.ts';
import { formatProblem, type Problem } from '../errors.ts';
import { bytes } from '../words.ts';
import type { Paint } from './colour.ts';
import { visible, visibleLines } from './escape.ts';
import { table } from './table.ts';

/** What was found out about one sync. */
export interface InspectionView {
  readonly sync: Sync;
  readonly columns: readonly Column[] | null;
  /** Bytes that running the query would bill. */
  readonly billed: number | null;
  readonly schema: ObjectSchema | null;
  readonly problems: readonly Problem[];
}

export function renderInspection(view: InspectionView, paint: Paint): string {
  const { sync, columns, billed, schema, problems } = view;
  const parts = [
    paint.bold(visible(sync.name)),
    `  source ${visible(sync.source.connection)}, key ${sync.source.key.map((name) => visible(name)).join(', ')}${billed === null ? '' : `, ${bytes(billed)} to be billed`}`,
    ...(columns === null
      ? []
      : [
          indented(
            table(
              ['column', 'type', 'goes to'],
              columns.map((column) => [column.name, column.type, targetsOf(column, sync)]),
            ),
          ),
        ]),
    `  destination ${visible(`${sync.destination.connection}.${sync.destination.object}`)}, key ${sync.destination.key.map((name) => visible(name)).join(', ')}`,
    ...(schema === null
      ? []
      : [
          indented(
            table(
              ['field', 'type', 'from', 'notes'],
              schema.fields.map((field) => fieldRow(field, sync, schema)),
            ),
          ),
        ]),
    ...problems.map((problem) => paint.error(`  ${visibleLines(formatProblem(problem)).replaceAll('\n', '\n  ')}`)),
  ];
  return `${parts.join('\n')}\n`;
}

function indented(text: string): string {
  return text.replace(/^/gm, '    ');
}

function targetsOf(column: Column, sync: Sync): string {
  const name = column.name.toLowerCase();
  const keys = sync.source.key.flatMap((key, index) => (key.toLowerCase() === name ? [sync.destination.key[index] ?? ''] : []));
  const fields = sync.fields
    .filter((field) => field.from.kind === 'column' && field.from.column.toLowerCase() === name)
    .map((field) => field.field);
  return [...keys, ...fields].join(', ');
}

function fieldRow(field: FieldSchema, sync: Sync, schema: ObjectSchema): readonly string[] {
  const mapping = sync.fields.find((each) => each.field.toLowerCase() === field.name.toLowerCase());
  const key = sync.destination.key.findIndex((name) => name.toLowerCase() === field.name.toLowerCase());
  const from = key >= 0 ? `key ${sync.source.key[key] ?? ''}` : mapping === undefined ? '' : sourceOf(mapping);
  return [field.name, field.nativeType, from, notesOf(field, mapping, schema).join(', ')];
}

function sourceOf({ from, reference }: FieldMapping): string {
  const text = from.kind === 'column' ? from.column : from.kind === 'sql' ? `sql: ${from.sql}` : `value: ${from.value ?? 'null'}`;
  return reference === undefined ? text : `${text} -> ${reference.object}.${reference.key}`;
}

function notesOf(field: FieldSchema, mapping: FieldMapping | undefined, schema: ObjectSchema): readonly string[] {
  return [
    ...(field.nullable ? [] : ['not null']),
    ...(field.hasDefault ? ['default'] : []),
    ...(field.creatable && field.updatable ? [] : [field.reason ?? 'read only']),
    ...(field.readable ? [] : ['cannot be read']),
    ...(schema.uniqueKeys.some((key) => key.length === 1 && key[0] === field.name) ? ['unique'] : []),
    ...(field.allowed === undefined ? [] : [`one of ${field.allowed.slice(0, 5).join(', ')}`]),
    ...(mapping?.sensitive === true ? ['sensitive'] : []),
  ];
}
