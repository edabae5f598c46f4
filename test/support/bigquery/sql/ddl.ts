/** CREATE, DROP and ALTER. */
import type { TableRef } from '../engine.ts';
import { alter } from './alter.ts';
import { createTable } from './create-table.ts';
import { SqlError } from './error.ts';
import { duckdbName, schemaName, tableText } from './names.ts';
import { datasetOptions, optionsOf } from './options.ts';
import type { Parser } from './parser.ts';
import { subquery } from './query.ts';
import { describe } from './results.ts';
import type { Session } from './session.ts';
import { NOTHING, type Outcome, type Statement } from './statement.ts';

export async function ddl(session: Session, statement: Statement, parser: Parser): Promise<Outcome> {
  const verb = parser.next().upper;
  if (verb === 'ALTER') return alter(session, statement, parser);
  if (verb === 'DROP') return drop(session, parser);
  const replace = parser.accept('OR', 'REPLACE');
  const temporary = parser.accept('TEMP') || parser.accept('TEMPORARY');
  const snapshot = parser.accept('SNAPSHOT');
  if (parser.accept('TABLE')) return createTable(session, statement, parser, { replace, temporary, snapshot });
  if (parser.accept('VIEW') || parser.accept('MATERIALIZED', 'VIEW')) return createView(session, statement, parser, replace);
  if (parser.accept('SCHEMA')) return createSchema(session, parser);
  throw parser.unknown(`CREATE ${parser.peek().upper}`);
}

async function createView(session: Session, statement: Statement, parser: Parser, replace: boolean): Promise<Outcome> {
  const materialized = parser.peek(-2).upper === 'MATERIALIZED';
  const skip = parser.accept('IF', 'NOT', 'EXISTS');
  const where = parser.peek();
  const ref = session.ref(parser.path(), where);
  const options = optionsOf(parser, session.now);
  parser.expect('AS');
  const from = parser.peek().start - (statement.tokens[0]?.start ?? 0);
  const described = await describe(session, subquery(parser), statement.tokens);
  if (!parser.done) throw parser.unexpected();
  const before = session.catalog.table(ref);
  const outcome = { ...NOTHING, statementType: materialized ? 'CREATE_MATERIALIZED_VIEW' : 'CREATE_VIEW' };
  if (before !== undefined && skip) return { ...outcome, ddl: { operation: 'SKIP', target: ref } };
  if (before !== undefined && !replace) throw duplicate(ref);
  if (!session.catalog.hasDataset(ref.projectId, ref.datasetId)) throw session.missing(ref);
  if (!session.dry) {
    session.catalog.put({ ref, duckdb: duckdbName(ref), fields: described.fields, ...options, view: statement.sql.slice(from) });
  }
  return { ...outcome, ddl: { operation: before === undefined ? 'CREATE' : 'REPLACE', target: ref } };
}

export function duplicate(ref: TableRef): SqlError {
  return new SqlError('duplicate', `Already Exists: Table ${tableText(ref)}`, 409);
}

function datasetRef(session: Session, parser: Parser): TableRef {
  const path = parser.path();
  return { projectId: path.at(-2) ?? session.project, datasetId: path.at(-1) ?? '', tableId: '' };
}

async function createSchema(session: Session, parser: Parser): Promise<Outcome> {
  const skip = parser.accept('IF', 'NOT', 'EXISTS');
  const target = datasetRef(session, parser);
  const options = datasetOptions(parser, session.options.location);
  if (!parser.done) throw parser.unexpected();
  const exists = session.catalog.hasDataset(target.projectId, target.datasetId);
  if (exists && !skip) throw new SqlError('duplicate', `Already Exists: Dataset ${target.projectId}:${target.datasetId}`, 409);
  if (!exists && !session.dry) {
    await session.run(`CREATE SCHEMA IF NOT EXISTS ${schemaName(target.projectId, target.datasetId)}`, []);
    session.catalog.createDataset(target.projectId, target.datasetId, options);
  }
  return { ...NOTHING, statementType: 'CREATE_SCHEMA', ddl: { operation: exists ? 'SKIP' : 'CREATE', target } };
}

async function drop(session: Session, parser: Parser): Promise<Outcome> {
  parser.accept('SNAPSHOT');
  if (parser.accept('SCHEMA')) return dropSchema(session, parser);
  const materialized = parser.accept('MATERIALIZED');
  const view = parser.accept('VIEW');
  if (!view && !parser.accept('TABLE')) throw parser.unknown(`DROP ${parser.peek().upper}`);
  const skip = parser.accept('IF', 'EXISTS');
  const where = parser.peek();
  const path = parser.path();
  if (!parser.done) throw parser.unexpected();
  const statementType = materialized ? 'DROP_MATERIALIZED_VIEW' : view ? 'DROP_VIEW' : 'DROP_TABLE';
  const temporary = path.length === 1 ? session.temporary.get(path[0]?.toLowerCase() ?? '') : undefined;
  if (temporary !== undefined) {
    session.temporary.delete(path[0]?.toLowerCase() ?? '');
    await session.run(`DROP TABLE ${temporary}`, []);
    return { ...NOTHING, statementType };
  }
  const target = session.ref(path, where);
  const entry = session.catalog.table(target);
  if (entry === undefined && !skip) throw new SqlError('notFound', `Not found: Table ${tableText(target)}`, 404);
  if (entry !== undefined && !session.dry) {
    if (entry.view === undefined) await session.run(`DROP TABLE ${entry.duckdb}`, []);
    session.catalog.drop(target);
  }
  return { ...NOTHING, statementType, ddl: { operation: entry === undefined ? 'SKIP' : 'DROP', target } };
}

async function dropSchema(session: Session, parser: Parser): Promise<Outcome> {
  const skip = parser.accept('IF', 'EXISTS');
  const target = datasetRef(session, parser);
  const cascade = parser.accept('CASCADE');
  if (!cascade) parser.accept('RESTRICT');
  const { projectId, datasetId } = target;
  const exists = session.catalog.hasDataset(projectId, datasetId);
  if (!exists && !skip) throw new SqlError('notFound', `Not found: Dataset ${projectId}:${datasetId}`, 404);
  if (!cascade && exists && session.catalog.tables(projectId, datasetId).length > 0) {
    throw new SqlError('resourceInUse', `Dataset ${projectId}:${datasetId} is still in use`);
  }
  if (exists && !session.dry) {
    await session.run(`DROP SCHEMA IF EXISTS ${schemaName(projectId, datasetId)} CASCADE`, []);
    session.catalog.dropDataset(projectId, datasetId);
  }
  return { ...NOTHING, statementType: 'DROP_SCHEMA', ddl: { operation: exists ? 'DROP' : 'SKIP', target } };
}
