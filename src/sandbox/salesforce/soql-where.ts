/** The WHERE clause. As in Salesforce, AND and OR do not mix without parentheses, and NOT stands alone or in parentheses. */
import { COMPARISONS, type Comparison, type Condition, type Literal } from './soql-ast.ts';
import type { Cursor } from './soql-cursor.ts';
import { malformed } from './soql-error.ts';

/** Characters in one text of a WHERE clause, at most; escapes count as written. */
const MAX_TEXT = 4_000;

export function parseWhere(cursor: Cursor): Condition {
  const word = cursor.peek();
  if (cursor.takes('NOT')) {
    const negated: Condition = { kind: 'not', part: parseSimple(cursor) };
    if (cursor.sees('AND') || cursor.sees('OR')) throw malformed(cursor.soql, word.at, `unexpected token: '${cursor.peek().raw}'`);
    return negated;
  }
  const first = parseSimple(cursor);
  const joint = cursor.sees('AND') ? 'AND' : cursor.sees('OR') ? 'OR' : undefined;
  if (joint === undefined) return first;
  const parts = [first];
  while (cursor.takes(joint)) parts.push(parseSimple(cursor));
  if (cursor.sees('AND') || cursor.sees('OR')) throw cursor.unexpected();
  return { kind: joint === 'AND' ? 'and' : 'or', parts };
}

function parseSimple(cursor: Cursor): Condition {
  if (!cursor.takes('(')) return parseComparison(cursor);
  const inner = parseWhere(cursor);
  cursor.expects(')');
  return inner;
}

function parseComparison(cursor: Cursor): Condition {
  const path = cursor.path();
  if (cursor.sees('(')) throw cursor.unknown(`the function ${path.names.join('.')}() in SOQL`);
  if (cursor.takes('IN')) return { kind: 'in', path, negated: false, values: parseValues(cursor) };
  if (cursor.takes('NOT', 'IN')) return { kind: 'in', path, negated: true, values: parseValues(cursor) };
  if (cursor.takes('INCLUDES')) return { kind: 'includes', path, negated: false, values: parseValues(cursor) };
  if (cursor.takes('EXCLUDES')) return { kind: 'includes', path, negated: true, values: parseValues(cursor) };
  return { kind: 'compare', path, operator: parseOperator(cursor), value: parseLiteral(cursor) };
}

function parseOperator(cursor: Cursor): Comparison {
  if (cursor.takes('<>')) return '!=';
  const operator = COMPARISONS.find((each) => cursor.sees(each));
  if (operator === undefined) throw cursor.unexpected();
  cursor.next();
  return operator;
}

function parseValues(cursor: Cursor): readonly Literal[] {
  cursor.expects('(');
  if (cursor.sees('SELECT')) throw cursor.unknown('sub-queries in SOQL');
  const values = cursor.list(() => parseLiteral(cursor));
  cursor.expects(')');
  return values;
}

function parseLiteral(cursor: Cursor): Literal {
  const token = cursor.peek();
  if (token.kind === 'name' && !/^(?:true|false|null)$/i.test(token.raw)) {
    if (/^(?:YESTERDAY|TODAY|TOMORROW|(?:LAST|THIS|NEXT)_\w+|N_\w+)$/i.test(token.raw)) throw cursor.unknown(`${token.raw} in SOQL`);
    throw cursor.unexpected();
  }
  if (token.kind === 'symbol' || token.kind === 'end') throw cursor.unexpected();
  if (token.kind === 'text' && token.raw.length > MAX_TEXT) {
    throw malformed(cursor.soql, token.at, `String literals in a WHERE clause cannot be longer than ${MAX_TEXT} characters.`);
  }
  return cursor.next();
}
