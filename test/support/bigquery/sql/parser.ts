/** A cursor over tokens, and what the translation needs to know of the world. */
import type { TableEntry, TableRef } from '../engine.ts';
import { invalidQuery, type Position, unknownToFake } from './error.ts';
import type { Token } from './lexer.ts';
import { type SqlType, typeName } from './types.ts';

/** A table as a statement sees it. */
export interface Source {
  /** What stands after FROM in DuckDB. */
  readonly from: string;
  /** Undefined for temporary tables and views of metadata. */
  readonly entry?: TableEntry;
  /** A view of INFORMATION_SCHEMA. */
  readonly metadata?: true;
}

/** Names around a statement. */
export interface Environment {
  /** Throws `SqlError` when there is no such table. */
  source(path: readonly string[], where: Position): Source;
  /** DuckDB's expression of a query parameter: a name, or `?2`. */
  parameter(name: string, where: Position): string;
  /** DuckDB's expression of a script's variable; undefined: no variable. */
  variable(name: string): string | undefined;
  /** DuckDB's expression of `@@name`. */
  system(name: string, where: Position): string;
  /** Milliseconds since 1970 at which the statement began. */
  readonly now: number;
  readonly project: string;
}

export class Parser {
  readonly environment: Environment;
  readonly #tokens: Token[];
  readonly #end: Token;
  #index = 0;
  /** Common table expressions in scope, in small letters. */
  readonly ctes: Set<string>[] = [];
  /** INFORMATION_SCHEMA was named. */
  metadata = false;
  /** Tables that were named. */
  readonly referenced: TableRef[] = [];

  /** `end` stands for what follows the tokens. */
  constructor(tokens: readonly Token[], end: Token, environment: Environment) {
    this.#tokens = [...tokens];
    this.#end = end;
    this.environment = environment;
  }

  peek(ahead = 0): Token {
    return this.#tokens[this.#index + ahead] ?? this.#end;
  }

  next(): Token {
    const token = this.peek();
    this.#index += 1;
    return token;
  }

  get done(): boolean {
    return this.#index >= this.#tokens.length;
  }

  get mark(): number {
    return this.#index;
  }

  back(mark: number): void {
    this.#index = mark;
  }

  /** Whether these words or symbols come next. */
  sees(...words: readonly string[]): boolean {
    return words.every((word, ahead) => this.peek(ahead).upper === word);
  }

  seesAny(...words: readonly string[]): boolean {
    return words.includes(this.peek().upper);
  }

  accept(...words: readonly string[]): boolean {
    if (!this.sees(...words)) return false;
    this.#index += words.length;
    return true;
  }

  expect(...words: readonly string[]): void {
    for (const word of words) {
      if (this.accept(word)) continue;
      throw invalidQuery(`Syntax error: Expected ${shown(word)} but got ${this.describe()}`, this.peek());
    }
  }

  /** What comes next, in the words of BigQuery's syntax errors. */
  describe(): string {
    const token = this.peek();
    if (token.kind === 'end') return 'end of script';
    if (token.kind === 'string') return `string literal ${JSON.stringify(token.text)}`;
    if (token.kind === 'integer') return `integer literal "${token.text}"`;
    if (token.kind === 'float') return `floating point literal "${token.text}"`;
    if (token.kind === 'symbol') return `"${token.text}"`;
    return RESERVED.has(token.upper) ? `keyword ${token.upper}` : `identifier "${token.text}"`;
  }

  unexpected(): Error {
    return invalidQuery(`Syntax error: Unexpected ${this.describe()}`, this.peek());
  }

  /** Something that BigQuery may know. */
  unknown(what: string): Error {
    return unknownToFake(what, this.peek());
  }

  seesName(): boolean {
    const token = this.peek();
    return token.kind === 'quoted' || (token.kind === 'word' && !RESERVED.has(token.upper));
  }

  /** An identifier of one part. After a dot every word will do. */
  name(afterDot = false): string {
    const token = this.peek();
    if (!this.seesName() && !(afterDot && token.kind === 'word')) throw this.unexpected();
    return this.next().text;
  }

  /** `item (, item)*` */
  list<T>(item: () => T): T[] {
    const items = [item()];
    while (this.accept(',')) items.push(item());
    return items;
  }

  /** A table's path: backquotes may hold dots, and a project's name dashes. */
  path(): string[] {
    const parts: string[] = [];
    do {
      const token = this.peek();
      if (token.kind === 'quoted') parts.push(...this.next().text.split('.'));
      else parts.push(this.#dashed(parts.length > 0));
    } while (this.accept('.'));
    return parts;
  }

  #dashed(afterDot: boolean): string {
    let name = this.name(afterDot);
    while (this.sees('-') && this.peek().start === this.peek(-1).end && this.peek(1).start === this.peek().end) {
      this.next();
      name += `-${this.next().text}`;
    }
    return name;
  }

  type(): SqlType {
    const token = this.next();
    const name = token.kind === 'word' ? typeName(token.text) : undefined;
    if (name === undefined) throw invalidQuery(`Type not found: ${token.text}`, token);
    if (name === 'ARRAY' || name === 'RANGE') {
      this.expect('<');
      const element = this.type();
      this.#closeType();
      return { name, element };
    }
    if (name === 'STRUCT') return { name, fields: this.#fields() };
    if (!this.sees('(') || this.peek(1).kind !== 'integer') return { name };
    this.next();
    const parameters = this.list(() => Number(this.next().text));
    this.expect(')');
    return { name, parameters };
  }

  #fields(): { name: string; type: SqlType }[] {
    this.expect('<');
    const fields = this.list(() => {
      const named = this.peek().kind === 'quoted' || (this.peek(1).kind === 'word' && typeName(this.peek(1).text) !== undefined);
      const name = named ? this.next().text : '';
      return { name, type: this.type() };
    });
    this.#closeType();
    return fields;
  }

  /** `>>` closes two. */
  #closeType(): void {
    const token = this.peek();
    if (token.upper !== '>>') {
      this.expect('>');
      return;
    }
    this.#tokens[this.#index] = { ...token, text: '>', upper: '>', start: token.start + 1 };
  }
}

function shown(word: string): string {
  return /^[A-Z]/.test(word) ? `keyword ${word}` : `"${word}"`;
}

export const RESERVED: ReadonlySet<string> = new Set(
  `ALL AND ANY ARRAY AS ASC ASSERT_ROWS_MODIFIED AT BETWEEN BY CASE CAST COLLATE CONTAINS CREATE CROSS CUBE CURRENT DEFAULT DEFINE DESC
  DISTINCT ELSE END ENUM ESCAPE EXCEPT EXCLUDE EXISTS EXTRACT FALSE FETCH FOLLOWING FOR FROM FULL GROUP GROUPING GROUPS HASH HAVING IF IGNORE
  IN INNER INTERSECT INTERVAL INTO IS JOIN LATERAL LEFT LIKE LIMIT LOOKUP MERGE NATURAL NEW NO NOT NULL NULLS OF ON OR ORDER OUTER OVER
  PARTITION PRECEDING PROTO QUALIFY RANGE RECURSIVE RESPECT RIGHT ROLLUP ROWS SELECT SET SOME STRUCT TABLESAMPLE THEN TO TREAT TRUE
  UNBOUNDED UNION UNNEST USING WHEN WHERE WINDOW WITH WITHIN`.split(/\s+/),
);
