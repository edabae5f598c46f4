/** Values of a Test document: exact text, and how it was written. */

/** `text` is null for null; a list or map is JSON text whose numbers stand as they were written. */
export interface Cell {
  readonly text: string | null;
  readonly kind: 'null' | 'text' | 'number' | 'boolean' | 'json';
}

export const NULL_CELL: Cell = { text: null, kind: 'null' };

/** One value, from its exact and its plain form. */
export function cellOf(exact: unknown, plain: unknown): Cell {
  if (exact === null || exact === undefined) return NULL_CELL;
  if (typeof exact !== 'string') return { text: exactJson(exact, plain), kind: 'json' };
  if (typeof plain === 'number') return { text: exact, kind: 'number' };
  return { text: exact, kind: typeof plain === 'boolean' ? 'boolean' : 'text' };
}

const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/;

/** JSON of a list or map. A number never passes through a JS number where JSON can write it as it stands. */
function exactJson(exact: unknown, plain: unknown): string {
  if (Array.isArray(exact)) return `[${exact.map((item, index) => exactJson(item, (plain as readonly unknown[])[index])).join(',')}]`;
  if (typeof exact === 'object' && exact !== null) {
    const members = Object.entries(exact).map(([name, value]) => {
      return `${JSON.stringify(name)}:${exactJson(value, (plain as Readonly<Record<string, unknown>>)[name])}`;
    });
    return `{${members.join(',')}}`;
  }
  return typeof plain === 'number' && JSON_NUMBER.test(String(exact)) ? String(exact) : JSON.stringify(plain);
}
