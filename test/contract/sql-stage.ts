/** A stage in a database that speaks SQL: what DuckDB and Postgres have in common. */
import { ident } from '../../src/workspace/quote.ts';
import { ACCOUNT, NODE, ODD } from './objects.ts';
import { keyCases, type ObjectName, type Stage, type TypeCase, type Values } from './target.ts';

export type Run = (...statements: readonly string[]) => Promise<readonly Readonly<Record<string, unknown>>[]>;

/** The objects; a row of `Node` refers to the row number of its parent. `serial`: the column definition of that number; `reference`: what makes it a foreign key. */
export function objectsSql(serial: string, reference: string): string[] {
  return [
    'CREATE TABLE "Account" ("Id" text UNIQUE, "Name" text NOT NULL, "Plan" text CHECK ("Plan" <> \'bad\'), "Seats" integer, "Notes" text)',
    `CREATE TABLE "Node" ("Row" ${serial}, "Id" text UNIQUE, "Name" text, "Parent" integer ${reference})`,
    `CREATE TABLE ${ident(ODD.object)} (${ident(ODD.key[0])} text, ${ident(ODD.key[1])} integer, ${ident(ODD.field)} text, UNIQUE (${ODD.key.map((each) => ident(each)).join(', ')}))`,
  ];
}

export function sqlStage(run: Run, types: readonly TypeCase[]): Omit<Stage, 'connection'> {
  return {
    insert: async (object, ...records) => {
      await run(...records.map((record) => insertSql(object, record)));
    },
    edit: async (object, key, values) => {
      const set = Object.entries(values).map(([field, value]) => `${ident(field)} = ${text(value)}`);
      await run(`UPDATE ${ident(object)} SET ${set.join(', ')} WHERE ${ident(keyOf(object))} = ${text(key)}`);
    },
    remove: async (object, key) => {
      await run(`DELETE FROM ${ident(object)} WHERE ${ident(keyOf(object))} = ${text(key)}`);
    },
    live: async (object) => (await run(liveSql(object))) as readonly Values[],
    makeTyped: async () => {
      const columns = types.map(({ native }, index) => `"C${index}" ${native}`);
      const keys = keyCases(types).map(({ native }, index) => `"K${index}" ${native}`);
      const names = keys.map((_, index) => `"K${index}"`).join(', ');
      await run(
        `CREATE TABLE "Typed" ("Id" text UNIQUE, ${columns.join(', ')})`,
        `CREATE TABLE "Keyed" ("Name" text, ${keys.join(', ')}, UNIQUE (${names}))`,
      );
    },
    typed: async (object) => {
      const prefix = object === 'Typed' ? 'C' : 'K';
      const count = object === 'Typed' ? types.length : keyCases(types).length;
      const cells = Array.from({ length: count }, (_, index) => `CAST("${prefix}${index}" AS text) AS "${prefix}${index}"`);
      const order = object === 'Typed' ? 'Id' : 'Name';
      return (await run(`SELECT "${order}", ${cells.join(', ')} FROM "${object}" ORDER BY 1`)) as readonly Values[];
    },
  };
}

function keyOf(object: ObjectName): string {
  return object === ODD.object ? ODD.key[0] : 'Id';
}

function text(value: string | null): string {
  return value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`;
}

function insertSql(object: ObjectName, record: Values): string {
  const fields = Object.keys(record).map((field) => ident(field));
  return `INSERT INTO ${ident(object)} (${fields.join(', ')}) VALUES (${Object.values(record).map((value) => text(value)).join(', ')})`; // prettier-ignore
}

function liveSql(object: ObjectName): string {
  const shown = (fields: readonly string[]): string =>
    fields.map((field) => `CAST(o.${ident(field)} AS text) AS ${ident(field)}`).join(', ');
  if (object === 'Node') {
    const [id, name] = NODE;
    return `SELECT ${shown([id, name])}, p."Id" AS "Parent" FROM "Node" AS o LEFT JOIN "Node" AS p ON p."Row" = o."Parent" ORDER BY 1`;
  }
  const fields = object === 'Account' ? ACCOUNT : [...ODD.key, ODD.field];
  return `SELECT ${shown(fields)} FROM ${ident(object)} AS o ORDER BY 1, 2`;
}
