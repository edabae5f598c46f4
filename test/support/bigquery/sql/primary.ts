/** Literals, names, constructors, and what else stands between operators. */
import { call, seesCall } from './calls.ts';
import { CASTS, castTo } from './casts.ts';
import { invalidQuery } from './error.ts';
import { expression, type Expression } from './expression.ts';
import { interval, rangeLiteral, typedLiteral } from './literals.ts';
import type { Parser } from './parser.ts';
import { subquery } from './query.ts';
import { blob, ident, text } from './strings.ts';
import { duckdbType, typeName } from './types.ts';

export function primary(parser: Parser): Expression {
  const token = parser.peek();
  switch (token.kind) {
    case 'string':
      parser.next();
      return { sql: text(token.text), constant: token.text, type: 'VARCHAR' };
    case 'bytes':
      parser.next();
      return { sql: blob(Buffer.from(token.text, 'latin1')) };
    case 'integer':
      parser.next();
      return integer(token.text);
    case 'float':
      parser.next();
      return { sql: `${token.text.replace(/\.$|\.(?=e)/i, '.0')}::DOUBLE`, type: 'DOUBLE' };
    case 'parameter':
      parser.next();
      return { sql: parser.environment.parameter(token.text, token) };
    case 'system':
      parser.next();
      return { sql: parser.environment.system(token.text, token) };
    case 'symbol':
      return symbol(parser);
    default:
      return keyword(parser) ?? named(parser);
  }
}

function integer(written: string): Expression {
  if (BigInt(written) > 9223372036854775807n) throw invalidQuery(`Invalid integer literal: ${written}`);
  return { sql: `${BigInt(written)}::BIGINT`, integer: written, type: 'BIGINT' };
}

function symbol(parser: Parser): Expression {
  if (parser.sees('[')) return arrayOf(parser, undefined);
  if (!parser.accept('(')) throw parser.unexpected();
  if (parser.seesAny('SELECT', 'WITH')) {
    const query = subquery(parser);
    parser.expect(')');
    return { sql: `(${query})` };
  }
  const items = parser.list(() => expression(parser));
  if (!parser.accept(')')) throw invalidQuery(`Syntax error: Expected "," but got ${parser.describe()}`, parser.peek());
  const [first] = items;
  if (items.length === 1 && first !== undefined)
    return { sql: `(${first.sql})`, ...(first.name === undefined ? {} : { name: first.name }) };
  return { sql: structOf(items.map((item, index) => ({ name: `_field_${index + 1}`, sql: item.sql }))) };
}

function structOf(fields: readonly { readonly name: string; readonly sql: string }[]): string {
  return `struct_pack(${fields.map((field) => `${ident(field.name)} := ${field.sql}`).join(', ')})`;
}

function keyword(parser: Parser): Expression | undefined {
  const { upper } = parser.peek();
  if (upper === 'NULL' || upper === 'TRUE' || upper === 'FALSE') {
    parser.next();
    return { sql: upper };
  }
  if (upper === 'CASE') return caseOf(parser);
  if (upper === 'INTERVAL') return { sql: interval(parser) };
  if (upper === 'ARRAY') return array(parser);
  if (upper === 'STRUCT') return struct(parser);
  if (upper === 'RANGE' && parser.peek(1).upper === '<') return { sql: rangeLiteral(parser) };
  if (upper === 'EXISTS') return exists(parser);
  if (upper in CASTS && parser.peek(1).upper === '(') return cast(parser);
  const literal = parser.peek(1).kind === 'string' ? typedLiteral(parser) : undefined;
  return literal === undefined ? undefined : { sql: literal };
}

function exists(parser: Parser): Expression {
  parser.expect('EXISTS', '(');
  const query = subquery(parser);
  parser.expect(')');
  return { sql: `EXISTS (${query})` };
}

function caseOf(parser: Parser): Expression {
  parser.expect('CASE');
  const parts = ['CASE'];
  if (!parser.sees('WHEN')) parts.push(expression(parser).sql);
  while (parser.accept('WHEN')) {
    parts.push('WHEN', expression(parser).sql);
    parser.expect('THEN');
    parts.push('THEN', expression(parser).sql);
  }
  if (parser.accept('ELSE')) parts.push('ELSE', expression(parser).sql);
  parser.expect('END');
  return { sql: `(${parts.join(' ')} END)` };
}

function cast(parser: Parser): Expression {
  const safe = CASTS[parser.next().upper] === 'safe';
  parser.expect('(');
  const value = expression(parser);
  parser.expect('AS');
  const type = parser.type();
  if (parser.sees('FORMAT')) throw parser.unknown('CAST ... FORMAT');
  parser.expect(')');
  const known = ['ARRAY', 'STRUCT', 'NUMERIC'].includes(type.name) ? {} : { type: TYPE_OF[duckdbType(type)] ?? duckdbType(type) };
  return { sql: castTo(value.sql, type, safe), ...known };
}

/** What `typeof` calls a type otherwise than CAST does. */
const TYPE_OF: Readonly<Record<string, string>> = { TIMESTAMPTZ: 'TIMESTAMP WITH TIME ZONE' };

function array(parser: Parser): Expression {
  parser.expect('ARRAY');
  if (parser.accept('(')) {
    const query = subquery(parser);
    parser.expect(')');
    return { sql: `ARRAY(${query})` };
  }
  if (!parser.sees('<')) return arrayOf(parser, undefined);
  parser.expect('<');
  const mark = parser.mark;
  parser.back(mark - 2);
  const type = parser.type();
  return arrayOf(parser, duckdbType(type));
}

function arrayOf(parser: Parser, type: string | undefined): Expression {
  parser.expect('[');
  const items = parser.sees(']') ? [] : parser.list(() => expression(parser).sql);
  parser.expect(']');
  const list = `[${items.join(', ')}]`;
  return { sql: type === undefined ? list : `CAST(${list} AS ${type})` };
}

function struct(parser: Parser): Expression {
  const typed = parser.peek(1).upper === '<' ? parser.type() : undefined;
  if (typed === undefined) parser.expect('STRUCT');
  parser.expect('(');
  const fields = parser.sees(')') ? [] : parser.list(() => structField(parser));
  parser.expect(')');
  if (typed?.fields === undefined) {
    const all = fields.map((field, index) => ({ ...field, name: field.name ?? `_field_${index + 1}` }));
    return { sql: structOf(all), fields: all };
  }
  const names = typed.fields.map((field, index) => (field.name === '' ? `_field_${index + 1}` : field.name));
  const values = fields.map((field, index) => ({ sql: field.sql, name: names[index] ?? '' }));
  return { sql: `CAST(${structOf(values)} AS ${duckdbType(typed)})` };
}

function structField(parser: Parser): { sql: string; name?: string } {
  const value = expression(parser);
  if (parser.accept('AS')) return { sql: value.sql, name: parser.name() };
  return value.name === undefined ? { sql: value.sql } : { sql: value.sql, name: value.name };
}

/** A function, a variable or a column; what follows a dot is read by the caller. */
function named(parser: Parser): Expression {
  if (seesCall(parser)) return call(parser);
  const token = parser.peek();
  if (token.kind === 'word' && typeName(token.text) !== undefined && parser.peek(1).upper === '(') return call(parser);
  const name = parser.name();
  const variable = parser.environment.variable(name);
  if (variable !== undefined && parser.peek(-2).upper !== '.') return { sql: variable, name };
  if (name.startsWith('_TABLE_SUFFIX')) return { sql: ident('_TABLE_SUFFIX'), name };
  return { sql: ident(name), name };
}
