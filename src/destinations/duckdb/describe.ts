/** What a table looks like: fields, types, keys, references, and what may be written. */
import { UserError } from '../../errors.ts';
import { nearest } from '../../nearest.ts';
import { ident } from '../../workspace/quote.ts';
import type { Params, Row } from '../../workspace/workspace.ts';
import type { FieldSchema, ObjectSchema } from '../destination.ts';
import { typeInfo } from './types.ts';

/** A table as the catalog describes it, with the names and types that SQL is made from. */
export interface Table {
  readonly database: string;
  readonly schemaName: string;
  readonly name: string;
  readonly columns: readonly TableColumn[];
  readonly primaryKey: readonly string[];
  readonly schema: ObjectSchema;
}

export interface TableColumn {
  readonly name: string;
  /** DuckDB's name of the type. */
  readonly native: string;
}

/** Where tables are looked up: a connection that reaches the database, its name there, and the default schema. */
export interface Catalog {
  readonly rows: (sql: string, params?: Params) => Promise<readonly Row[]>;
  readonly database: string;
  readonly schema: string;
  /** What was described already, by the name that was asked for: nobody else changes a database that is attached. */
  readonly known: Map<string, Promise<Table>>;
}

interface Constraint {
  readonly type: string;
  readonly columns: readonly string[];
  readonly expression: string;
  readonly table: string;
  readonly targets: readonly string[];
}

/** Describes `table` or `schema.table`; names are compared as DuckDB does, without regard to case. */
export async function describeTable(catalog: Catalog, object: string): Promise<Table> {
  const table = catalog.known.get(object) ?? describe(catalog, object);
  catalog.known.set(object, table);
  table.catch(() => catalog.known.delete(object));
  return table;
}

async function describe(catalog: Catalog, object: string): Promise<Table> {
  const found = await findTable(catalog, object);
  const params = { database: catalog.database, schema: found.schema, table: found.name };
  const columns = await catalog.rows(COLUMNS, params);
  const constraints = (await catalog.rows(CONSTRAINTS, params)).map((row) => constraintOf(row));
  const names = columns.map((row) => text(row, 'column_name'));
  const indexes = (await catalog.rows(UNIQUE_INDEXES, params)).map((row) => texts(row, 'expressions').map((each) => unquoted(each)));
  return {
    database: catalog.database,
    schemaName: found.schema,
    name: found.name,
    columns: columns.map((row) => ({ name: text(row, 'column_name'), native: text(row, 'data_type') })),
    primaryKey: constraints.find((each) => each.type === 'PRIMARY KEY')?.columns ?? [],
    schema: {
      object,
      fields: columns.map((row) => fieldOf(row, constraints)),
      uniqueKeys: [
        ...constraints.filter((each) => each.type === 'PRIMARY KEY' || each.type === 'UNIQUE').map((each) => each.columns),
        ...indexes.filter((index) => index.every((name) => names.includes(name))),
      ],
      qualifiedName: `${ident(found.schema)}.${ident(found.name)}`,
      references: constraints.flatMap((each) => referenceOf(each, found.schema === catalog.schema ? '' : `${found.schema}.`)),
    },
  };
}

const COLUMNS = `
  SELECT c.column_name, c.data_type, c.is_nullable, c.column_default, t.sql AS table_sql
  FROM duckdb_columns() AS c JOIN duckdb_tables() AS t USING (database_name, schema_name, table_name)
  WHERE database_name = $database AND schema_name = $schema AND table_name = $table ORDER BY c.column_index`;

const CONSTRAINTS = `
  SELECT constraint_type, constraint_column_names, expression, referenced_table, referenced_column_names FROM duckdb_constraints()
  WHERE database_name = $database AND schema_name = $schema AND table_name = $table ORDER BY constraint_index`;

const UNIQUE_INDEXES = `
  SELECT CAST(expressions AS VARCHAR[]) AS expressions FROM duckdb_indexes()
  WHERE is_unique AND database_name = $database AND schema_name = $schema AND table_name = $table ORDER BY index_name`;

const RELATIONS = `
  SELECT schema_name AS schema, table_name AS name, 'table' AS type FROM duckdb_tables() WHERE database_name = $database AND NOT internal
  UNION ALL
  SELECT schema_name, view_name, 'view' FROM duckdb_views() WHERE database_name = $database AND NOT internal
  ORDER BY 1, 2`;

interface RelationName {
  readonly schema: string;
  readonly name: string;
  readonly type: string;
}

async function findTable(catalog: Catalog, object: string): Promise<RelationName> {
  const rows = await catalog.rows(RELATIONS, { database: catalog.database });
  const relations = rows.map((row) => ({ schema: text(row, 'schema'), name: text(row, 'name'), type: text(row, 'type') }));
  const full = (each: RelationName): string => `${each.schema}.${each.name}`.toLowerCase();
  const wanted = object.toLowerCase();
  const found =
    relations.find((each) => full(each) === `${catalog.schema}.${object}`.toLowerCase()) ?? relations.find((each) => full(each) === wanted);
  if (found === undefined) throw missingTable(relations, catalog.schema, object);
  if (found.type === 'table') return found;
  throw new UserError(`${object} is a view, which cannot be written`, { hint: 'Name the table that holds the records.' });
}

function missingTable(relations: readonly RelationName[], schema: string, object: string): UserError {
  const names = relations
    .filter((each) => each.type === 'table')
    .map((each) => (each.schema === schema ? each.name : `${each.schema}.${each.name}`));
  const near = nearest(object, names);
  const list = names.length > 12 ? `${names.slice(0, 12).join(', ')} and ${names.length - 12} more` : names.join(', ');
  const has = names.length === 0 ? 'The database has no tables: create the table first.' : `The database has: ${list}.`;
  return new UserError(`the database has no table "${object}"`, { hint: near === undefined ? has : `Did you mean "${near}"?` });
}

function fieldOf(row: Row, constraints: readonly Constraint[]): FieldSchema {
  const name = text(row, 'column_name');
  const native = text(row, 'data_type');
  const info = typeInfo(native);
  const generated = isGenerated(text(row, 'table_sql'), name, native);
  const reason = generated ? 'it is computed by the database' : info.readOnlyReason;
  const isDefaulted = row['column_default'] !== null && !generated;
  return {
    name,
    type: info.type,
    nativeType: native,
    nullable: row['is_nullable'] === true,
    hasDefault: isDefaulted,
    creatable: reason === undefined,
    updatable: reason === undefined,
    readable: true,
    reason,
    maxLength: maxLength(name, constraints),
    allowed: info.allowed,
  };
}

/** The catalog shows a generated column's expression as its default; only the table's own SQL tells the two apart. */
function isGenerated(tableSql: string, name: string, native: string): boolean {
  return [name, ident(name)].some((printed) =>
    [' ', '('].some((before) => tableSql.includes(`${before}${printed} ${native} GENERATED ALWAYS AS(`)),
  );
}

/** The smallest bound of `CHECK (length(column) <= n)`. DuckDB does not enforce the length of a VARCHAR. */
function maxLength(name: string, constraints: readonly Constraint[]): number | undefined {
  const bounds = constraints
    .filter((each) => each.type === 'CHECK' && each.columns.length === 1 && each.columns[0] === name)
    .flatMap((each) => {
      const [, , operator, bound] =
        /^\(*(length|len|strlen|char_length|character_length)\([^()]*\) (<=?) (\d+)\)*$/i.exec(each.expression) ?? [];
      return bound === undefined ? [] : [Number(bound) - (operator === '<' ? 1 : 0)];
    });
  return bounds.length === 0 ? undefined : Math.min(...bounds);
}

function referenceOf(constraint: Constraint, prefix: string): ObjectSchema['references'] {
  const [field, target] = [constraint.columns[0], constraint.targets[0]];
  if (constraint.type !== 'FOREIGN KEY' || constraint.columns.length !== 1 || field === undefined || target === undefined) return [];
  return [{ field, object: `${prefix}${constraint.table}`, target }];
}

function constraintOf(row: Row): Constraint {
  return {
    type: text(row, 'constraint_type'),
    columns: texts(row, 'constraint_column_names'),
    expression: text(row, 'expression'),
    table: text(row, 'referenced_table'),
    targets: texts(row, 'referenced_column_names'),
  };
}

/** A name as DuckDB prints it: quoted where it has to be. */
function unquoted(printed: string): string {
  return printed.startsWith('"') ? printed.slice(1, -1).replaceAll('""', '"') : printed;
}

function text(row: Row, column: string): string {
  const value = row[column];
  return typeof value === 'string' ? value : '';
}

function texts(row: Row, column: string): string[] {
  const value = row[column];
  return Array.isArray(value) ? value.map(String) : [];
}
