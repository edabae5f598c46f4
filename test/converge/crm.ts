/** The destination of an arena: an object for each sync, which people work in and look at without Sluice. */
import { onDatabase } from '../support/database.ts';
import { onPostgres } from '../support/postgres.ts';
import { BAD, type Edit, THEIRS } from './model.ts';

type Yaml = Readonly<Record<string, unknown>>;
export type Rows = readonly unknown[][];

export interface Crm extends AsyncDisposable {
  /** The connection document, without kind and name. */
  readonly connection: Yaml;
  /** Options of every sync's destination, beside object and key. */
  readonly options: Yaml;
  object(index: number): string;
  /** What a field of the model is called here. */
  field(name: string): string;
  /** What becomes of a text that a person types in. */
  stored(text: string): string;
  make(count: number): Promise<void>;
  edit(edits: readonly (readonly Edit[])[]): Promise<void>;
  /** `Id, Name, Plan, Notes` of every record of every object. */
  live(): Promise<readonly Rows[]>;
}

/** Runs statements and returns the rows of the last one. */
type Run = (...statements: readonly string[]) => Promise<readonly Readonly<Record<string, unknown>>[]>;

export function duckDbCrm(file: string): Crm {
  return sqlCrm(async (...statements) => onDatabase(file, ...statements), {
    connection: { type: 'duckdb', path: '../crm.duckdb' },
    prefix: 'd',
    unique: '',
  });
}

/** `url`: of the database; `line`: the same through a bad line. */
export function postgresCrm(url: string, line: string): Crm {
  return sqlCrm(async (...statements) => (statements.length === 0 ? [] : onPostgres(url, statements.join(';\n'))), {
    connection: { type: 'postgres', url: line, tls: 'disable' },
    prefix: 'dst.d',
    unique: 'UNIQUE',
  });
}

function sqlCrm(run: Run, of: { readonly connection: Yaml; readonly prefix: string; readonly unique: string }): Crm {
  const object = (index: number): string => `${of.prefix}${index}`;
  const made = { count: 0 };
  return {
    connection: of.connection,
    options: {},
    object,
    field: (name) => name,
    stored: (text) => text,
    make: async (count) => {
      made.count = count;
      const check = `CHECK ("Name" NOT LIKE '${BAD}%' AND "Plan" NOT LIKE '${BAD}%')`;
      const table = (index: number): string =>
        `CREATE TABLE ${object(index)} ("Id" varchar ${of.unique}, "Name" varchar, "Plan" varchar, "Notes" varchar, ${check})`;
      await run(...Array.from({ length: count }, (_, index) => table(index)));
    },
    edit: async (all) => {
      const statements = all.flatMap((edits, index) => edits.map((edit) => editSql(object(index), edit)));
      if (statements.length > 0) await run(...statements);
    },
    live: async () => {
      const one = (index: number): string => `SELECT ${index} AS n, "Id", "Name", "Plan", "Notes" FROM ${object(index)}`;
      const rows = await run(`${Array.from({ length: made.count }, (_, index) => one(index)).join(' UNION ALL ')} ORDER BY 1, 2`);
      const all = Array.from({ length: made.count }, (): unknown[][] => []);
      for (const { n, ...values } of rows) all[Number(n)]?.push(Object.values(values));
      return all;
    },
    [Symbol.asyncDispose]: async () => Promise.resolve(),
  };
}

function editSql(object: string, edit: Edit): string {
  const where = `WHERE "Id" = '${edit.id}'`;
  if (edit.kind === 'set') return `UPDATE ${object} SET "${edit.field}" = ${edit.value === null ? 'NULL' : `'${edit.value}'`} ${where}`;
  if (edit.kind === 'delete') return `DELETE FROM ${object} ${where}`;
  return `INSERT INTO ${object} VALUES ('${edit.id}', '${THEIRS.Name}', '${THEIRS.Plan}', '${THEIRS.Notes}')`;
}
