/** ALTER TABLE and ALTER SCHEMA. */
import type { TableEntry } from '../engine.ts';
import { columnOf } from './create-table.ts';
import { duplicate } from './ddl.ts';
import { invalidQuery } from './error.ts';
import { columnDefinitions, duckdbName } from './names.ts';
import { optionsOf } from './options.ts';
import type { Parser } from './parser.ts';
import type { Session } from './session.ts';
import { NOTHING, type Outcome, type Statement } from './statement.ts';
import { ident } from './strings.ts';

export async function alter(session: Session, statement: Statement, parser: Parser): Promise<Outcome> {
  if (!parser.accept('TABLE')) throw parser.unknown(`ALTER ${parser.peek().upper}`);
  const skip = parser.accept('IF', 'EXISTS');
  const where = parser.peek();
  const target = session.ref(parser.path(), where);
  const outcome = { ...NOTHING, statementType: 'ALTER_TABLE' };
  const entry = session.catalog.table(target);
  if (entry === undefined && skip) return { ...outcome, ddl: { operation: 'SKIP', target } };
  if (entry === undefined) throw session.missing(target);
  let changed = entry;
  do changed = await change(session, statement, parser, changed);
  while (parser.accept(','));
  if (!parser.done) throw parser.unexpected();
  if (!session.dry) {
    if (changed.ref.tableId !== target.tableId) session.catalog.drop(target);
    session.catalog.put(changed);
  }
  return { ...outcome, ddl: { operation: 'ALTER', target: changed.ref } };
}

async function change(session: Session, { tokens }: Statement, parser: Parser, entry: TableEntry): Promise<TableEntry> {
  const run = async (sql: string): Promise<void> => {
    if (!session.dry) await session.run(`ALTER TABLE ${entry.duckdb} ${sql}`, tokens);
  };
  if (parser.accept('ADD', 'COLUMN')) {
    const skip = parser.accept('IF', 'NOT', 'EXISTS');
    const field = columnOf(parser);
    if (field === undefined) throw parser.unexpected();
    const known = entry.fields.some((other) => other.name.toLowerCase() === field.name.toLowerCase());
    if (known && skip) return entry;
    if (known) throw invalidQuery(`Column already exists: ${field.name}`);
    if (field.mode === 'REQUIRED') throw invalidQuery(`Cannot add required column ${field.name} to an existing table`);
    await run(`ADD COLUMN ${columnDefinitions([field])}`);
    return { ...entry, fields: [...entry.fields, field] };
  }
  if (parser.accept('DROP', 'COLUMN')) {
    const skip = parser.accept('IF', 'EXISTS');
    const name = parser.name();
    const fields = entry.fields.filter((field) => field.name.toLowerCase() !== name.toLowerCase());
    if (fields.length === entry.fields.length && skip) return entry;
    if (fields.length === entry.fields.length) throw invalidQuery(`Column not found: ${name}`);
    await run(`DROP COLUMN ${ident(name)}`);
    return { ...entry, fields };
  }
  if (parser.accept('RENAME', 'TO')) {
    const ref = { ...entry.ref, tableId: parser.name() };
    if (session.catalog.table(ref) !== undefined) throw duplicate(ref);
    await run(`RENAME TO ${ident(ref.tableId)}`);
    return { ...entry, ref, duckdb: duckdbName(ref) };
  }
  if (!parser.accept('SET')) throw parser.unknown(`ALTER TABLE ... ${parser.peek().upper}`);
  return { ...entry, ...optionsOf(parser, session.now) };
}
