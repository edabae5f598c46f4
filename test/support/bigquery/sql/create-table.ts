/** CREATE TABLE: of columns, of a query, of another table. */
import type { DryRun, Field, TableEntry } from '../engine.ts';
import { duplicate } from './ddl.ts';
import { invalidQuery } from './error.ts';
import { expression } from './expression.ts';
import { duckdbName, tableDefinition } from './names.ts';
import { optionsOf, type TableOptions } from './options.ts';
import type { Parser } from './parser.ts';
import { subquery } from './query.ts';
import { bytesOf, cast, describe, unique } from './results.ts';
import type { Session } from './session.ts';
import { NOTHING, type Outcome, type Statement } from './statement.ts';
import { ident } from './strings.ts';
import { fieldOf, typeOfField } from './types.ts';

export interface Kind {
  readonly replace: boolean;
  readonly temporary: boolean;
  readonly snapshot: boolean;
}

interface Definition extends TableOptions {
  readonly fields?: readonly Field[];
  readonly clustering?: readonly string[];
  readonly timePartitioning?: NonNullable<TableEntry['timePartitioning']>;
  readonly copied?: TableEntry;
  /** LIKE takes the columns only. */
  readonly empty: boolean;
  readonly query?: string;
}

export async function createTable(session: Session, statement: Statement, parser: Parser, kind: Kind): Promise<Outcome> {
  const skip = parser.accept('IF', 'NOT', 'EXISTS');
  const where = parser.peek();
  const path = parser.path();
  const written = definitionOf(session, parser);
  if (!parser.done) throw parser.unexpected();
  const { plan, definition } = await compiled(session, statement, parser, written);
  const outcome = { ...NOTHING, ...plan, statementType: kind.snapshot ? 'CREATE_SNAPSHOT_TABLE' : plan.statementType };
  if (kind.temporary) {
    await temporaryTable(session, statement, path.at(-1) ?? '', definition, { ...kind, skip });
    return outcome;
  }
  const ref = session.ref(path, where);
  if (!session.catalog.hasDataset(ref.projectId, ref.datasetId)) throw session.missing(ref);
  const before = session.catalog.table(ref);
  if (before !== undefined && skip) return { ...outcome, bytes: 0n, ddl: { operation: 'SKIP', target: ref } };
  if (before !== undefined && !kind.replace) throw duplicate(ref);
  const operation = before === undefined ? 'CREATE' : 'REPLACE';
  if (session.dry) return { ...outcome, schema: definition.fields ?? [], ddl: { operation, target: ref } };
  session.options.planned?.(plan);
  const duckdb = duckdbName(ref);
  const fields = await make(session, statement, duckdb, definition, 'CREATE OR REPLACE TABLE');
  session.catalog.put({ ref, duckdb, fields, ...kept(definition) });
  return { ...outcome, ddl: { operation, target: ref } };
}

interface Compiled {
  readonly plan: DryRun;
  /** With the columns that the query makes, and the query with its columns cast. */
  readonly definition: Definition;
}

async function compiled(session: Session, { tokens }: Statement, parser: Parser, definition: Definition): Promise<Compiled> {
  const referencedTables = unique(parser.referenced);
  if (definition.query === undefined) return { plan: { statementType: 'CREATE_TABLE', bytes: 0n, referencedTables }, definition };
  const found = await describe(session, definition.query, tokens);
  if (found.repeated !== undefined) throw invalidQuery(`CREATE TABLE has columns with duplicate name ${found.repeated}`);
  const bytes = await bytesOf(session, definition.query, tokens);
  const fields = definition.fields ?? found.fields;
  if (fields.length !== found.names.length) {
    throw invalidQuery(`The number of columns in the column definition list does not match the number of columns produced by the query`);
  }
  const query = cast(definition.query, { ...found, names: fields.map((field) => field.name) }, fields.map(typeOfField));
  return {
    plan: { statementType: 'CREATE_TABLE_AS_SELECT', schema: fields, bytes, referencedTables },
    definition: { ...definition, fields, query },
  };
}

function kept({ fields: _fields, copied, empty: _empty, query: _query, ...options }: Definition): Partial<TableEntry> {
  const inherited = copied === undefined ? {} : { clustering: copied.clustering, timePartitioning: copied.timePartitioning };
  const all = { ...inherited, ...options };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

async function temporaryTable(
  session: Session,
  statement: Statement,
  name: string,
  definition: Definition,
  kind: Kind & { skip: boolean },
): Promise<void> {
  const known = session.temporary.has(name.toLowerCase());
  if (known && kind.skip) return;
  if (known && !kind.replace) throw invalidQuery(`Already Exists: Table ${name}`);
  const duckdb = `temp.main.${ident(name)}`;
  await make(session, statement, duckdb, definition, 'CREATE OR REPLACE TEMP TABLE');
  session.temporary.set(name.toLowerCase(), duckdb);
}

async function make(
  session: Session,
  { tokens }: Statement,
  duckdb: string,
  { query, copied, empty, ...definition }: Definition,
  create: string,
): Promise<readonly Field[]> {
  const fields = definition.fields ?? copied?.fields;
  if (fields === undefined) throw invalidQuery('CREATE TABLE needs columns or a query', tokens[0]);
  if (query !== undefined) {
    await session.run(`${create} ${duckdb} AS ${query}${session.dry ? ' LIMIT 0' : ''}`, tokens);
    return fields;
  }
  await session.run(`${create} ${duckdb} (${tableDefinition(fields)})`, tokens);
  if (copied !== undefined && !empty && !session.dry) await session.run(`INSERT INTO ${duckdb} FROM ${copied.duckdb}`, tokens);
  return fields;
}

function definitionOf(session: Session, parser: Parser): Definition {
  const copy = ['LIKE', 'CLONE', 'COPY'].find((word) => parser.accept(word));
  const copied = copy === undefined ? undefined : session.source(parser.path(), parser.peek()).entry;
  const fields = parser.accept('(') ? columns(parser) : undefined;
  const timePartitioning = parser.accept('PARTITION', 'BY') ? partitioning(parser) : undefined;
  const clustering = parser.accept('CLUSTER', 'BY') ? parser.list(() => parser.name()) : undefined;
  const options = optionsOf(parser, session.now);
  const query = parser.accept('AS') ? subquery(parser) : undefined;
  return {
    ...options,
    empty: copy === 'LIKE',
    ...(copied === undefined ? {} : { copied }),
    ...(fields === undefined ? {} : { fields }),
    ...(timePartitioning === undefined ? {} : { timePartitioning }),
    ...(clustering === undefined ? {} : { clustering }),
    ...(query === undefined ? {} : { query }),
  };
}

/** After the opening parenthesis. */
function columns(parser: Parser): readonly Field[] {
  const fields = parser.list(() => (parser.sees(')') ? undefined : columnOf(parser)));
  parser.expect(')');
  return fields.filter((field) => field !== undefined);
}

export function columnOf(parser: Parser): Field | undefined {
  if (parser.seesAny('PRIMARY', 'FOREIGN', 'CONSTRAINT')) throw parser.unknown(`the constraint ${parser.peek().upper}`);
  const name = parser.name();
  const type = parser.type();
  if (parser.sees('DEFAULT')) throw parser.unknown('DEFAULT of a column');
  const mode = parser.accept('NOT', 'NULL') ? 'REQUIRED' : 'NULLABLE';
  const { description } = optionsOf(parser, 0);
  return { ...fieldOf(name, type, mode), ...(description === undefined ? {} : { description }) };
}

/** Rows of a partition are where they are anyway; the expression only says by which column. */
function partitioning(parser: Parser): NonNullable<TableEntry['timePartitioning']> {
  const first = parser.peek().upper;
  const unit = ['HOUR', 'DAY', 'MONTH', 'YEAR'];
  const mark = parser.mark;
  expression(parser);
  const length = parser.mark - mark;
  parser.back(mark);
  const words = Array.from({ length }, () => parser.next());
  const type = words.map((word) => word.upper).findLast((word) => unit.includes(word)) ?? 'DAY';
  if (first.startsWith('_PARTITION')) return { type };
  const field = words.length === 1 ? words[0] : words[2];
  return { type, ...(field === undefined ? {} : { field: field.text }) };
}
