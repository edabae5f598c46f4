/** Runs a script's tree. */
import type { StatementResult } from '../engine.ts';
import { invalidQuery, SqlError } from './error.ts';
import { expression } from './expression.ts';
import { typeOfResult } from './types.ts';
import type { Node, Piece } from './script.ts';
import type { Session } from './session.ts';
import { execute } from './statement.ts';
import { ident } from './strings.ts';
import { duckdbType } from './types.ts';

type Results = AsyncGenerator<StatementResult, void, undefined>;

/** Leaves a loop, or the script. */
class Jump extends Error {
  readonly kind: 'leave' | 'continue' | 'return';

  constructor(kind: 'leave' | 'continue' | 'return') {
    super(kind);
    this.kind = kind;
  }
}

export async function* interpret(session: Session, script: string, nodes: readonly Node[]): Results {
  try {
    yield* all(session, script, nodes);
  } catch (error) {
    if (!(error instanceof Jump && error.kind === 'return')) throw error;
  }
}

async function* all(session: Session, script: string, nodes: readonly Node[]): Results {
  for (const node of nodes) {
    session.options.signal?.throwIfAborted();
    yield* one(session, script, node);
  }
}

async function* one(session: Session, script: string, node: Node): Results {
  switch (node.kind) {
    case 'statement':
      yield await execute(session, { ...node, sql: script.slice(node.tokens[0]?.start, node.tokens.at(-1)?.end) });
      return;
    case 'declare':
      return declare(session, node);
    case 'set':
      return set(session, node);
    case 'raise':
      return raise(session, node);
    case 'if':
      yield* branch(session, script, node);
      return;
    case 'while':
      yield* loop(session, script, node);
      return;
    case 'block':
      yield* block(session, script, node);
      return;
    default:
      throw new Jump(node.kind);
  }
}

async function declare(session: Session, { tokens, end }: Piece): Promise<void> {
  const parser = session.parser(tokens, end);
  parser.expect('DECLARE');
  const where = parser.peek();
  const names = parser.list(() => parser.name());
  const typed = parser.done || parser.sees('DEFAULT') ? undefined : parser.type();
  const value = parser.accept('DEFAULT') ? expression(parser).sql : undefined;
  if (!parser.done) throw parser.unexpected();
  if (typed === undefined && value === undefined) throw parser.unexpected();
  const type = typed ?? (await typeOf(session, value ?? '', tokens));
  for (const name of names) {
    if (session.variables.has(name.toLowerCase())) throw invalidQuery(`Variable '${name}' redeclaration`, where);
  }
  // The expression is computed once, before the names exist.
  const computed = `CAST(${session.dry ? 'NULL' : (value ?? 'NULL')} AS ${duckdbType(type)})`;
  for (const name of names) await session.run(`SET VARIABLE ${ident(name.toLowerCase())} = ${computed}`, tokens);
  for (const name of names) session.variables.set(name.toLowerCase(), type);
}

async function typeOf(session: Session, sql: string, tokens: Piece['tokens']): Promise<ReturnType<typeof typeOfResult>> {
  const prepared = await session.prepare(`SELECT ${sql}`, tokens);
  try {
    return typeOfResult(prepared.columnType(0));
  } finally {
    prepared.destroySync();
  }
}

async function set(session: Session, { tokens, end }: Piece): Promise<void> {
  const parser = session.parser(tokens, end);
  parser.expect('SET');
  const where = parser.peek();
  const many = parser.accept('(');
  const names = parser.list(() => parser.name());
  if (many) parser.expect(')');
  parser.expect('=');
  const value = expression(parser).sql;
  if (!parser.done) throw parser.unexpected();
  await session.prepare(`SELECT ${value}`, tokens);
  if (!many) return session.set(names[0] ?? '', value, where);
  // All are computed before the first is set.
  await session.run(`SET VARIABLE "$tuple" = ${session.dry ? 'NULL' : value}`, tokens);
  for (const [index, name] of names.entries()) await session.set(name, `struct_extract_at(getvariable('$tuple'), ${index + 1})`, where);
}

async function raise(session: Session, { tokens, end }: Piece): Promise<void> {
  const parser = session.parser(tokens, end);
  parser.expect('RAISE');
  const value = parser.accept('USING', 'MESSAGE', '=') ? expression(parser).sql : undefined;
  if (!parser.done) throw parser.unexpected();
  if (session.dry) return;
  if (value === undefined && session.errorMessage === undefined)
    throw invalidQuery('Cannot re-raise an exception outside of an exception handler', tokens[0]);
  const message = value === undefined ? session.errorMessage : await session.value(value, tokens);
  throw invalidQuery(message ?? '');
}

async function holds(session: Session, { tokens, end }: Piece): Promise<boolean> {
  const parser = session.parser(tokens, end);
  const condition = expression(parser).sql;
  if (!parser.done) throw parser.unexpected();
  await session.prepare(`SELECT ${condition}`, tokens);
  return !session.dry && (await session.value(condition, tokens)) === 'true';
}

async function* branch(session: Session, script: string, node: Extract<Node, { kind: 'if' }>): Results {
  for (const { condition, body } of node.branches) {
    const taken = await holds(session, condition);
    if (taken || session.dry) yield* all(session, script, body);
    if (taken) return;
  }
  yield* all(session, script, node.otherwise);
}

async function* loop(session: Session, script: string, node: Extract<Node, { kind: 'while' }>): Results {
  const goesOn = async (): Promise<boolean> => node.condition === undefined || holds(session, node.condition);
  if (session.dry) await goesOn();
  while (session.dry || (await goesOn())) {
    try {
      yield* all(session, script, node.body);
    } catch (error) {
      if (!(error instanceof Jump) || error.kind === 'return') throw error;
      if (error.kind === 'leave') return;
    }
    if (session.dry) return;
  }
}

async function* block(session: Session, script: string, node: Extract<Node, { kind: 'block' }>): Results {
  const outside = new Map(session.variables);
  try {
    yield* all(session, script, node.body);
    if (session.dry) yield* all(session, script, node.handler ?? []);
  } catch (error) {
    if (node.handler === undefined || !(error instanceof SqlError) || error.reason === 'notImplemented') throw error;
    yield* handled(session, script, node.handler, error);
  } finally {
    for (const name of session.variables.keys()) if (!outside.has(name)) session.variables.delete(name);
  }
}

async function* handled(session: Session, script: string, handler: readonly Node[], error: SqlError): Results {
  const before = session.errorMessage;
  session.errorMessage = error.message;
  try {
    yield* all(session, script, handler);
  } finally {
    session.errorMessage = before;
  }
}
