/** What a table looks like: fields, types, keys, references, and what may be written. */
import { InternalError, UserError } from '../../errors.ts';
import { nearest } from '../../nearest.ts';
import { qualified } from '../../workspace/quote.ts';
import type { FieldSchema, ObjectSchema, Support } from '../destination.ts';
import { type CatalogRow, type CatalogRows, COLUMNS, CONSTRAINTS, RELATIONS, TABLES, UNIQUE_KEYS } from './catalog.ts';
import { type TypeInfo, typeInfo } from './types.ts';

/** A table as the catalog describes it, with the names and types that SQL is made from. */
export interface Table {
  readonly schemaName: string;
  readonly name: string;
  readonly columns: readonly TableColumn[];
  readonly primaryKey: readonly string[];
  readonly foreignKeys: readonly ForeignKey[];
  /** Rough number of rows; undefined while nobody has counted. */
  readonly estimatedRows: number | undefined;
  readonly schema: ObjectSchema;
}

export interface TableColumn extends TypeInfo {
  readonly name: string;
}

export interface ForeignKey {
  readonly field: string;
  readonly schemaName: string;
  readonly table: string;
  readonly target: string;
}

/** Describes `table` or `schema.table`, in the very case of their names. */
export async function describeTable(rows: CatalogRows, object: string): Promise<Table> {
  const found = await findTable(rows, object);
  const oid = [found.oid];
  const columns = await rows(COLUMNS, oid);
  const keys = (await rows(UNIQUE_KEYS, oid)).map((row) => ({ primary: row['is_primary'] === 'true', columns: texts(row, 'columns') }));
  const constraints = await rows(CONSTRAINTS, oid);
  const foreign = constraints.filter((row) => row['type'] === 'f');
  return {
    schemaName: found.schema,
    name: found.name,
    columns: columns.map((row) => ({ name: text(row, 'name'), ...infoOf(row) })),
    estimatedRows: found.estimatedRows,
    foreignKeys: foreign.map((row) => ({
      field: text(row, 'field'),
      schemaName: text(row, 'parent_schema'),
      table: text(row, 'parent'),
      target: text(row, 'target'),
    })),
    primaryKey: keys.find((key) => key.primary)?.columns ?? [],
    schema: {
      object,
      fields: columns.map((row) => fieldOf(row, found, constraints)),
      uniqueKeys: keys.map((key) => key.columns),
      deletable: deleteRight(found),
      references: foreign.map((row) => ({ field: text(row, 'field'), object: text(row, 'object'), target: text(row, 'target') })),
      qualifiedName: qualified(found.schema, found.name),
    },
  };
}

interface Found {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly user: string;
  readonly deletable: boolean;
  readonly estimatedRows: number | undefined;
}

const OTHER_KINDS: Readonly<Record<string, string>> = { v: 'view', m: 'materialized view', f: 'foreign table' };

async function findTable(rows: CatalogRows, object: string): Promise<Found> {
  const [first, ...others] = await rows(RELATIONS, [object]);
  if (first === undefined) throw await missingTable(rows, object);
  if (first['listed'] !== 'true' && others.length > 0) throw ambiguousTable(object, [first, ...others]);
  const estimate = Number(first['rows']);
  const found: Found = {
    oid: text(first, 'oid'),
    schema: text(first, 'schema'),
    name: text(first, 'name'),
    user: text(first, 'user'),
    deletable: first['deletable'] === 'true',
    estimatedRows: estimate < 0 ? undefined : estimate,
  };
  const kind = OTHER_KINDS[text(first, 'kind')];
  if (kind !== undefined) {
    throw new UserError(`${object} is a ${kind}, which cannot be written`, { hint: 'Name the table that holds the records.' });
  }
  checkRights(first, found);
  return found;
}

function checkRights(row: CatalogRow, { schema, name, user }: Found): void {
  const missing = (right: string, on: string): UserError =>
    new UserError(`the role ${user} has no right to use ${on}`, { hint: `Grant it: GRANT ${right} TO ${qualified(user)};` });
  if (row['usable'] !== 'true') throw missing(`USAGE ON SCHEMA ${qualified(schema)}`, `the schema ${schema}`);
  if (row['readable'] !== 'true') throw missing(`SELECT ON ${qualified(schema, name)}`, `the table ${schema}.${name}`);
}

function deleteRight({ deletable, schema, name, user }: Found): Support {
  if (deletable) return { can: true };
  const table = qualified(schema, name);
  return { can: false, reason: `the role ${user} has no right to do so: GRANT DELETE ON ${table} TO ${qualified(user)};` };
}

function ambiguousTable(object: string, rows: readonly CatalogRow[]): UserError {
  const names = rows.map((row) => qualified(text(row, 'schema'), text(row, 'name')));
  return new UserError(`"${object}" names more than one table: ${names.join(' and ')}`, {
    hint: 'Set `schema` of the connection to the one you mean, and write the name of the table alone.',
  });
}

async function missingTable(rows: CatalogRows, object: string): Promise<UserError> {
  const tables = await rows(TABLES);
  const names = tables.map((row) => text(row, 'name'));
  const near = nearest(object, names);
  const list = names.length > 12 ? `${names.slice(0, 12).join(', ')} and ${names.length - 12} more` : names.join(', ');
  const has = names.length === 0 ? 'The database has no tables: create the table first.' : `The database has: ${list}.`;
  return new UserError(`the database has no table "${object}"`, { hint: near === undefined ? has : `Did you mean "${near}"?` });
}

function infoOf(row: CatalogRow): TypeInfo {
  const labels = row['labels'] === null ? undefined : texts(row, 'labels');
  return typeInfo({ base: text(row, 'base'), modified: text(row, 'modified'), plain: text(row, 'plain'), kind: text(row, 'kind'), labels });
}

function fieldOf(row: CatalogRow, { user }: Found, constraints: readonly CatalogRow[]): FieldSchema {
  const name = text(row, 'name');
  const info = infoOf(row);
  const computed = info.readOnlyReason ?? computedReason(row);
  const denied = (right: string, verb: string): string | undefined =>
    row[right] === 'true' ? undefined : `the role ${user} has no right to ${verb} it`;
  const notCreated = computed ?? denied('may_insert', 'insert');
  const notUpdated = computed ?? denied('may_update', 'update');
  const bounds = [info.maxLength, checkedLength(name, constraints)].filter((bound) => bound !== undefined);
  return {
    name,
    type: info.type,
    nativeType: text(row, 'native'),
    nullable: row['refuses_null'] !== 'true',
    hasDefault: (row['has_default'] === 'true' && row['generated'] === '') || text(row, 'identity') !== '',
    creatable: notCreated === undefined,
    updatable: notUpdated === undefined,
    readable: row['may_select'] === 'true',
    reason: notCreated ?? notUpdated,
    maxLength: bounds.length === 0 ? undefined : Math.min(...bounds),
    allowed: info.allowed,
  };
}

function computedReason(row: CatalogRow): string | undefined {
  if (text(row, 'generated') !== '') return 'it is computed by the database';
  return row['identity'] === 'a' ? 'it is numbered by the database (generated always as identity)' : undefined;
}

/** The bound of `CHECK (length(column) <= n)`. */
function checkedLength(field: string, constraints: readonly CatalogRow[]): number | undefined {
  const bounds = constraints
    .filter((row) => row['type'] === 'c' && row['field'] === field)
    .flatMap((row) => {
      const [, operator, bound] =
        /^CHECK \(\((?:length|char_length|character_length)\([^()]*(?:\([^()]*\)::text)?\) (<=?) (\d+)\)\)$/.exec(
          text(row, 'definition'),
        ) ?? [];
      return bound === undefined ? [] : [Number(bound) - (operator === '<' ? 1 : 0)];
    });
  return bounds.length === 0 ? undefined : Math.min(...bounds);
}

function text(row: CatalogRow, column: string): string {
  return row[column] ?? '';
}

/** A JSON array of names. */
function texts(row: CatalogRow, column: string): string[] {
  const value: unknown = JSON.parse(row[column] ?? '[]');
  if (!Array.isArray(value)) throw new InternalError(`the catalog's ${column} is no list`);
  return value.map(String);
}
