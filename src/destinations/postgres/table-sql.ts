/** Names and joins over a described table: what reading and writing share. */
import { UserError } from '../../errors.ts';
import { nearest } from '../../nearest.ts';
import { ident, qualified } from '../../workspace/quote.ts';
import type { ReferenceField } from '../destination.ts';
import type { CatalogRows } from './catalog.ts';
import { describeTable, type Table, type TableColumn } from './describe.ts';

/** Where a reference field points: `target` is the parent's column that the field stores, `key` the one it is known by. */
export interface Parent {
  readonly table: Table;
  readonly key: TableColumn;
  readonly target: TableColumn;
}

export function tableName(table: Table): string {
  return qualified(table.schemaName, table.name);
}

/** The column of a field. Throws `UserError` when the table has none of that name. */
export function columnOf(table: Table, name: string): TableColumn {
  const found = table.columns.find((column) => column.name === name);
  if (found !== undefined) return found;
  const names = table.columns.map((column) => column.name);
  const near = nearest(name, names);
  throw new UserError(`${table.schema.object} has no field "${name}"`, {
    hint: near === undefined ? `It has: ${names.join(', ')}.` : `Did you mean "${near}"?`,
  });
}

/**
 * What the field's stored value stands for: the column of a foreign key, else the single primary key of the referenced
 * table, else the reference's own key (then the value is the key itself).
 */
export async function parentOf(rows: CatalogRows, table: Table, field: string, reference: ReferenceField): Promise<Parent> {
  const parent = await describeTable(rows, reference.object);
  const declared = table.foreignKeys.find(
    (each) => each.field === field && each.schemaName === parent.schemaName && each.table === parent.name,
  );
  const [primary] = parent.primaryKey.length === 1 ? parent.primaryKey : [];
  return { table: parent, key: columnOf(parent, reference.key), target: columnOf(parent, declared?.target ?? primary ?? reference.key) };
}

/** The field holds the key of its parent, not a surrogate for it. */
export function isNatural(parent: Parent): boolean {
  return parent.key.name === parent.target.name;
}

/** A column of the live record `t`. */
export function live(column: { readonly name: string }): string {
  return `t.${ident(column.name)}`;
}
