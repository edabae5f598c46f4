/** Names and joins over a described table: what reading and writing share. */
import { canonicalText, canonicalValue } from '../../canonical/canonical.ts';
import { UserError } from '../../errors.ts';
import { nearest } from '../../nearest.ts';
import { ident, qualified } from '../../workspace/quote.ts';
import type { ReferenceField } from '../destination.ts';
import { type Catalog, describeTable, type Table, type TableColumn } from './describe.ts';
import { lookupOfText, typeInfo } from './types.ts';

/** Where a reference field points: `target` is the parent's column that the field stores, `key` the one it is known by. */
export interface Parent {
  readonly table: Table;
  readonly key: TableColumn;
  readonly target: TableColumn;
}

export function tableName(table: Table): string {
  return qualified(table.database, table.schemaName, table.name);
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

/** The live record `t` has the key whose canonical texts are `<alias>.k0`..: typed, so that it is a hash join. */
export function keyJoin(keys: readonly TableColumn[], alias: string): string {
  return keys.map((key, index) => `t.${ident(key.name)} = ${lookupOfText(key.native, `${alias}.k${index}`)}`).join(' AND ');
}

/**
 * What the field's stored value stands for: the column of a foreign key, else the single primary key of the referenced
 * table, else the reference's own key (then the value is the key itself).
 */
export async function parentOf(catalog: Catalog, table: Table, field: string, reference: ReferenceField): Promise<Parent> {
  const parent = await describeTable(catalog, reference.object);
  const declared = table.schema.references.find((each) => each.field === field && sameTable(each.object, parent, catalog));
  const [primary] = parent.primaryKey.length === 1 ? parent.primaryKey : [];
  return { table: parent, key: columnOf(parent, reference.key), target: columnOf(parent, declared?.target ?? primary ?? reference.key) };
}

function sameTable(object: string, table: Table, catalog: Catalog): boolean {
  const prefix = table.schemaName === catalog.schema ? '' : `${table.schemaName}.`;
  return object.toLowerCase() === `${prefix}${table.name}`.toLowerCase();
}

/** The field holds the key of its parent, not a surrogate for it. */
function isNatural(parent: Parent): boolean {
  return parent.key.name === parent.target.name;
}

/** A field read as a record sees it: its SQL over `t` (and the joins), and the type of that SQL. */
export interface LiveField {
  readonly sql: string;
  readonly type: string;
  /** What the SQL needs in FROM behind `t`. */
  readonly join: string;
}

/** The live value of a field; a reference as its parent's key, `#` and the stored id where there is no such parent. */
export function liveField(table: Table, name: string, parent: Parent | undefined, index: number): LiveField {
  const column = columnOf(table, name);
  const stored = `t.${ident(name)}`;
  if (parent === undefined || isNatural(parent)) return { sql: stored, type: column.native, join: '' };
  const alias = `p${index}`;
  const { type } = typeInfo(parent.key.native);
  const key = canonicalText(type, canonicalValue(type, { sql: `${alias}.${ident(parent.key.name)}`, type: parent.key.native }));
  return {
    sql: `CASE WHEN ${stored} IS NOT NULL THEN coalesce(${key}, '#' || CAST(${stored} AS VARCHAR)) END`,
    type: 'VARCHAR',
    join: ` LEFT JOIN ${tableName(parent.table)} AS ${alias} ON ${alias}.${ident(parent.target.name)} = ${stored}`,
  };
}
