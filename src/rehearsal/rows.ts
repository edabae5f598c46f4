/** The given rows as a query: what the planner reads instead of the sync's own. */
import type { Column } from '../canonical/types.ts';
import type { Sync, SyncTest } from '../config/model.ts';
import { lookupOfText, valueOfText } from '../destinations/duckdb/types.ts';
import { type Problem, UserError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { ident, literal } from '../workspace/quote.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { type Cell, NULL_CELL } from './cell.ts';
import { type Given, type GivenRecord, readGiven } from './given.ts';
import { columnType } from './infer.ts';
import type { Snapshot } from './snapshot.ts';

/** A column of the given rows; without a type it is null in every row. */
export interface GivenColumn {
  readonly name: string;
  readonly type: string | null;
}

export interface GivenRows {
  readonly columns: readonly GivenColumn[];
  readonly rows: readonly GivenRecord[];
}

/** The rows of the sync's query. Columns come from the snapshot, else from the rows of the sync's tests and its mapping. */
export async function queryRows(workspace: Workspace, input: RowsInput): Promise<GivenRows> {
  const { given, snapshot, sync } = input;
  checkNames(input);
  const saved = snapshot?.columns.map((column) => column.name);
  const names =
    saved ?? distinct([...given.rows.flatMap((row) => [...row.cells.keys()]), ...neighbours(input).keys(), ...mappedColumns(sync)]);
  const columns = await Promise.all(names.map(async (name) => ({ name, type: await typeOf(workspace, name, input) })));
  if (snapshot !== undefined) await checkValues(workspace, given.rows, columns);
  return { columns, rows: given.rows };
}

export interface RowsInput {
  readonly sync: Sync;
  readonly given: Given;
  readonly snapshot: Snapshot | undefined;
  /** Every test of the sync: a column that has no value here may have one there. */
  readonly tests: readonly SyncTest[];
}

/** Records after the mapping: the row of a field is its value. A constant that is not given stands for itself. */
export async function mappedRows(workspace: Workspace, input: RowsInput): Promise<GivenRows> {
  const { given, snapshot, sync } = input;
  const constants = sync.fields.flatMap(({ field, from }) =>
    from.kind === 'value' ? [[field, { text: from.value, kind: 'text' } satisfies Cell] as const] : [],
  );
  const rows = given.rows.map((row) => ({ ...row, cells: new Map([...constants, ...row.cells]) }));
  const names = distinct([...sync.destination.key, ...sync.fields.map((field) => field.field)]);
  const columns = await Promise.all(
    names.map(async (name) => {
      const type =
        snapshot === undefined
          ? await readableType(
              workspace,
              rows.map((row) => cellIn(row, name)),
            )
          : wireType(snapshot, name);
      return { name, type };
    }),
  );
  return { columns, rows };
}

/** What a mapped value is written as: text, of which the planner makes the field's type. Bytes have no other text than base64. */
function wireType(snapshot: Snapshot, field: string): string {
  return snapshot.schema.fields.find((each) => each.name === field)?.type.kind === 'bytes' ? 'BLOB' : 'VARCHAR';
}

/** One SELECT, on one line. */
export function selectRows({ columns, rows }: GivenRows): string {
  const outputs = columns.map(({ name, type }, index) => {
    const value = type === null ? 'NULL' : valueOfText(type, `CAST(c${index} AS VARCHAR)`);
    return `${value} AS ${ident(name)}`;
  });
  const tuples = rows.map((row) => `(${columns.map(({ name }) => sqlText(cellIn(row, name).text)).join(', ')})`);
  const none = `(${columns.map(() => 'NULL').join(', ')})`;
  const names = columns.map((_, index) => `c${index}`).join(', ');
  return `SELECT ${outputs.join(', ')} FROM (VALUES ${tuples.length === 0 ? none : tuples.join(', ')}) AS given(${names})${tuples.length === 0 ? ' WHERE false' : ''}`;
}

export function sqlText(text: string | null): string {
  return text === null ? 'NULL' : literal(text); // a Test document is configuration
}

// ---- names

function checkNames({ sync, given, snapshot }: RowsInput): void {
  const problems: Problem[] = [];
  const known = snapshot?.columns.map((column) => column.name) ?? mappedColumns(sync);
  const expressions = sync.fields.flatMap(({ from }) => (from.kind === 'sql' ? [from.sql] : [])).join('\n');
  const present = new Set(given.rows.flatMap((row) => [...row.cells.keys()].map((name) => name.toLowerCase())));
  for (const row of given.rows) {
    for (const name of row.cells.keys()) {
      if (isIn(known, name) || (snapshot === undefined && mentions(expressions, name))) continue;
      const near = nearest(
        name,
        known.filter((each) => snapshot !== undefined || !present.has(each.toLowerCase())),
      );
      if (snapshot === undefined && near === undefined) continue;
      const message =
        snapshot === undefined ? `given.rows: ${sync.name} maps no column "${name}"` : `given.rows: the query has no column "${name}"`;
      const stale = snapshot === undefined ? '' : ` Columns come from ${snapshot.path}; save it again when the query has changed.`;
      problems.push({
        message,
        location: row.atField(name),
        hint: `${near === undefined ? `It has ${known.join(', ')}.` : `Did you mean "${near}"?`}${stale}`,
      });
    }
  }
  const keyless = sync.source.key.filter((name) => given.rows.length > 0 && !present.has(name.toLowerCase()));
  if (keyless.length > 0) {
    problems.push({
      message: `given.rows: no row has the key ${keyless.join(', ')}`,
      location: given.at,
      hint: 'A record is known by its key; write null for a row without one.',
    });
  }
  if (problems.length > 0) throw UserError.of(problems);
}

function mappedColumns(sync: Sync): readonly string[] {
  return distinct([...sync.source.key, ...sync.fields.flatMap(({ from }) => (from.kind === 'column' ? [from.column] : []))]);
}

function mentions(sql: string, name: string): boolean {
  return (
    sql
      .toLowerCase()
      .split(/[^\p{L}\p{N}_$]+/u)
      .includes(name.toLowerCase()) || sql.includes(ident(name))
  );
}

/** SQL does not mind the case of a column. */
function isIn(names: readonly string[], name: string): boolean {
  return names.some((each) => each.toLowerCase() === name.toLowerCase());
}

function distinct(names: readonly string[]): readonly string[] {
  return names.filter((name, index) => !isIn(names.slice(0, index), name));
}

export function cellIn(record: GivenRecord, name: string): Cell {
  const own = record.cells.get(name) ?? [...record.cells].find(([each]) => each.toLowerCase() === name.toLowerCase())?.[1];
  return own ?? NULL_CELL;
}

// ---- types

/** Values that the sync's other tests give, by column. */
function neighbours({ sync, tests }: RowsInput): ReadonlyMap<string, readonly Cell[]> {
  const rows = tests
    .filter((test) => test.sync === sync.name)
    .map((test) => readGiven(test))
    .filter((given) => given.form === 'rows')
    .flatMap((given) => given.rows);
  const names = distinct(rows.flatMap((row) => [...row.cells.keys()]));
  return new Map(names.map((name) => [name, rows.map((row) => cellIn(row, name))]));
}

async function typeOf(workspace: Workspace, name: string, input: RowsInput): Promise<string | null> {
  const saved = input.snapshot?.columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
  if (saved !== undefined) return saved.type;
  const own = input.given.rows.map((row) => cellIn(row, name));
  const elsewhere = [...neighbours(input)].find(([each]) => each.toLowerCase() === name.toLowerCase())?.[1] ?? [];
  return readableType(workspace, own.some((cell) => cell.text !== null) ? own : elsewhere);
}

/** The inferred type, or text when a value only looks like it (the 31st of February). */
async function readableType(workspace: Workspace, cells: readonly Cell[]): Promise<string | null> {
  const type = columnType(cells);
  if (type === null || type === 'VARCHAR') return type;
  const unreadable = await unreadableTexts(workspace, type, cells);
  return unreadable.size === 0 ? type : 'VARCHAR';
}

async function unreadableTexts(workspace: Workspace, type: string, cells: readonly Cell[]): Promise<ReadonlySet<string>> {
  const texts = [...new Set(cells.flatMap((cell) => cell.text ?? []))];
  if (texts.length === 0) return new Set();
  const values = texts.map((text) => `(${literal(text)})`).join(', ');
  const rows = await workspace.rows(`SELECT v FROM (VALUES ${values}) AS given(v) WHERE ${lookupOfText(type, 'v')} IS NULL`);
  return new Set(rows.map((row) => String(row['v'])));
}

/** A value that the query can never yield proves nothing. */
async function checkValues(
  workspace: Workspace,
  rows: readonly GivenRecord[],
  columns: readonly Column[] | readonly GivenColumn[],
): Promise<void> {
  const problems: Problem[] = [];
  for (const { name, type } of columns) {
    if (type === null || type === 'VARCHAR') continue;
    const unreadable = await unreadableTexts(
      workspace,
      type,
      rows.map((row) => cellIn(row, name)),
    );
    for (const row of rows.filter((each) => unreadable.has(cellIn(each, name).text ?? ''))) {
      problems.push({ message: `given.rows: the column ${name} is ${type}, and this is no value of it`, location: row.atField(name) });
    }
  }
  if (problems.length > 0) throw UserError.of(problems);
}
