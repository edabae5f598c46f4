/** Walks over the tokens of a query. Every refusal points at the token it is about. */
import { type Refusal, unknownToSandbox } from './reply.ts';
import type { Named, Path } from './soql-ast.ts';
import { malformed } from './soql-error.ts';
import { type Token, tokenize } from './soql-tokens.ts';

/** Words of the language: no field and no alias has such a name. */
const RESERVED: ReadonlySet<string> = new Set(['AND', 'ASC', 'DESC', 'EXCLUDES', 'FIRST', 'FROM', 'GROUP', 'HAVING', 'IN', 'INCLUDES', 'LAST', 'LIKE', 'LIMIT', 'NOT', 'NULL', 'NULLS', 'OR', 'SELECT', 'USING', 'WHERE', 'WITH', 'ORDER', 'OFFSET', 'FOR', 'ALL', 'UPDATE', 'TYPEOF', 'WHEN', 'THEN', 'ELSE', 'END']); // prettier-ignore

export class Cursor {
  readonly soql: string;
  readonly #tokens: readonly Token[];
  #place = 0;

  constructor(soql: string) {
    this.soql = soql;
    this.#tokens = tokenize(soql);
  }

  peek(ahead = 0): Token {
    const token = this.#tokens[Math.min(this.#place + ahead, this.#tokens.length - 1)];
    if (token === undefined) throw new RangeError('a query has at least its end');
    return token;
  }

  next(): Token {
    const token = this.peek();
    this.#place += 1;
    return token;
  }

  /** Whether the next token is this word (in any case) or symbol. */
  sees(word: string, ahead = 0): boolean {
    const { kind, raw } = this.peek(ahead);
    return (kind === 'name' || kind === 'symbol') && raw.toUpperCase() === word;
  }

  /** Takes the words if they stand next in this order. */
  takes(...words: readonly string[]): boolean {
    if (!words.every((word, ahead) => this.sees(word, ahead))) return false;
    this.#place += words.length;
    return true;
  }

  expects(word: string): void {
    if (!this.takes(word)) throw this.unexpected();
  }

  /** A name that is not a word of the language; in front of a dot it may be one: `Group.Name`. */
  name(): Named {
    if (RESERVED.has(this.peek().raw.toUpperCase()) && !this.sees('.', 1)) throw this.unexpected();
    return this.anyName();
  }

  /** A name where nothing else can stand: `FROM Order`. */
  anyName(): Named {
    const token = this.peek();
    if (token.kind !== 'name') throw this.unexpected();
    this.#place += 1;
    return { name: token.raw, at: token.at };
  }

  path(): Path {
    const first = this.name();
    const names = [first.name];
    while (this.takes('.')) names.push(this.name().name);
    return { names, at: first.at };
  }

  list<T>(item: () => T): readonly T[] {
    const items = [item()];
    while (this.takes(',')) items.push(item());
    return items;
  }

  unexpected(): Refusal {
    const { raw, at, kind } = this.peek();
    return malformed(this.soql, at, `unexpected token: '${kind === 'text' ? `'${raw}'` : raw}'`);
  }

  unknown(what: string): Refusal {
    return unknownToSandbox(what);
  }
}
