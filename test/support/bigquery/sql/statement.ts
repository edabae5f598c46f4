/** One statement, by its first words. */
import type { StatementResult } from '../engine.ts';
import { ddl } from './ddl.ts';
import { dml } from './dml.ts';
import { invalidQuery } from './error.ts';
import { expression } from './expression.ts';
import type { Token } from './lexer.ts';
import { subquery } from './query.ts';
import { materialize } from './results.ts';
import type { Session } from './session.ts';

/** A statement's tokens, and what follows them. */
export interface Statement {
  readonly sql: string;
  readonly tokens: readonly Token[];
  readonly end: Token;
}

/** What a statement did, without its text. */
export type Outcome = Omit<StatementResult, 'sql'>;

export const NOTHING = { rowCount: 0, bytes: 0n, referencedTables: [] } as const;

export async function execute(session: Session, statement: Statement): Promise<StatementResult> {
  const outcome = await dispatched(session, statement);
  return { ...outcome, sql: statement.sql };
}

async function dispatched(session: Session, statement: Statement): Promise<Outcome> {
  const { tokens, end } = statement;
  const parser = session.parser(tokens, end);
  switch (parser.peek().upper) {
    case 'SELECT':
    case 'WITH':
    case '(':
      return select(session, statement);
    case 'INSERT':
    case 'UPDATE':
    case 'DELETE':
    case 'MERGE':
    case 'TRUNCATE':
      return dml(session, statement, parser);
    case 'CREATE':
    case 'DROP':
    case 'ALTER':
      return ddl(session, statement, parser);
    case 'BEGIN':
    case 'COMMIT':
    case 'ROLLBACK':
      return transaction(session, parser.peek().upper);
    case 'ASSERT':
      return assertion(session, statement);
    case 'EXPORT':
    case 'LOAD':
    case 'GRANT':
    case 'REVOKE':
    case 'CALL':
    case 'EXECUTE':
    case 'FROM':
      throw parser.unknown(`the statement ${parser.peek().upper}`);
    default:
      throw parser.unexpected();
  }
}

async function select(session: Session, { tokens, end }: Statement): Promise<Outcome> {
  const parser = session.parser(tokens, end);
  const query = subquery(parser);
  if (!parser.done) throw parser.unexpected();
  return materialize(session, query, { parser, tokens });
}

async function transaction(session: Session, word: string): Promise<Outcome> {
  if (word === 'BEGIN') await session.begin();
  else await session.end(word === 'COMMIT');
  return { ...NOTHING, statementType: `${word}_TRANSACTION` };
}

async function assertion(session: Session, { tokens, end }: Statement): Promise<Outcome> {
  const parser = session.parser(tokens, end);
  parser.expect('ASSERT');
  const condition = expression(parser).sql;
  const message = parser.accept('AS') ? parser.next().text : 'Assertion failed';
  await session.prepare(`SELECT ${condition}`, tokens);
  if (!session.dry && (await session.value(condition, tokens)) !== 'true') throw invalidQuery(message);
  return { ...NOTHING, statementType: 'ASSERT' };
}
