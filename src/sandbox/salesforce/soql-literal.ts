/** The values of a WHERE clause: each must be written as the type of its field demands. */
import { toId18 } from './ids.ts';
import type { Literal } from './soql-ast.ts';
import type { Names, Resolved } from './soql-names.ts';
import { textOf, type TokenKind } from './soql-tokens.ts';
import { type Family, familyOf } from './soql-values.ts';

const WRITTEN_AS: Readonly<Record<Exclude<Family, 'other'>, { readonly kind: TokenKind; readonly called: string }>> = {
  text: { kind: 'text', called: 'string' },
  id: { kind: 'text', called: 'ID' },
  number: { kind: 'number', called: 'double' },
  boolean: { kind: 'name', called: 'boolean' },
  date: { kind: 'date', called: 'date' },
  datetime: { kind: 'datetime', called: 'dateTime' },
};

/**
 * The text of a value: of ids with 18 characters, of a datetime in a form that `Date.parse` reads. Null for `null`, and for `''`,
 * which Salesforce stores as nothing. Throws INVALID_FIELD where the type does not fit, INVALID_QUERY_FILTER_OPERATOR for a
 * text that is no id.
 */
export function literalOf(scope: { readonly names: Names; readonly soql: string }, { field, at }: Resolved, value: Literal): string | null {
  if (value.kind === 'name' && value.raw.toLowerCase() === 'null') return null;
  const family = familyOf(field);
  const fits = family !== 'other' && WRITTEN_AS[family].kind === value.kind;
  if (!fits) throw scope.names.refusal('INVALID_FIELD', at, mismatch(field.name, family, field.type));
  if (family === 'id') return idOf(scope, at, textOf(scope.soql, value));
  if (family === 'text') return textOf(scope.soql, value) || null;
  if (family === 'boolean') return value.raw.toLowerCase();
  if (isPossible(family, value.raw)) return value.raw;
  throw scope.names.refusal('MALFORMED_QUERY', value.at, `Invalid ${family}: ${value.raw}`);
}

function mismatch(name: string, family: Family, type: string): string {
  if (family === 'text' || family === 'id') {
    return `value of filter criterion for field '${name}' must be of type ${WRITTEN_AS[family].called === 'ID' ? 'ID' : 'string'} and should be enclosed in quotes`;
  }
  const called = family === 'other' ? type : type === 'int' ? 'int' : WRITTEN_AS[family].called;
  return `value of filter criterion for field '${name}' must be of type ${called} and should not be enclosed in quotes`;
}

function idOf(scope: { readonly names: Names }, at: number, text: string): string | null {
  if (text === '') return null;
  const id = toId18(text);
  if (id !== undefined) return id;
  throw scope.names.refusal('INVALID_QUERY_FILTER_OPERATOR', at, `invalid ID field: ${text}`);
}

/** Whether there is such a day: the 30th of February parses nowhere. */
function isPossible(family: Family, raw: string): boolean {
  if (family !== 'date' && family !== 'datetime') return true;
  const day = raw.slice(0, 10);
  const time = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(Date.parse(raw)) && !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}
