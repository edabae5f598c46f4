/** A script as a tree: statements, and the control flow around them. */
import { invalidQuery, unknownToFake } from './error.ts';
import type { Token } from './lexer.ts';
import { RESERVED } from './parser.ts';

/** Tokens, and what follows them. */
export interface Piece {
  readonly tokens: readonly Token[];
  readonly end: Token;
}

export type Node =
  | ({ readonly kind: 'statement' } & Piece)
  | ({ readonly kind: 'declare' } & Piece)
  | ({ readonly kind: 'set' } & Piece)
  | ({ readonly kind: 'raise' } & Piece)
  | {
      readonly kind: 'if';
      readonly branches: readonly { readonly condition: Piece; readonly body: readonly Node[] }[];
      readonly otherwise: readonly Node[];
    }
  | { readonly kind: 'while'; readonly condition: Piece | undefined; readonly body: readonly Node[] }
  | { readonly kind: 'block'; readonly body: readonly Node[]; readonly handler: readonly Node[] | undefined }
  | { readonly kind: 'leave' | 'continue' | 'return' };

const ENDS: ReadonlySet<string> = new Set(['END', 'ELSE', 'ELSEIF', 'EXCEPTION', 'UNTIL', 'WHEN']);
const JUMPS: Readonly<Record<string, 'leave' | 'continue' | 'return'>> = {
  LEAVE: 'leave',
  BREAK: 'leave',
  CONTINUE: 'continue',
  ITERATE: 'continue',
  RETURN: 'return',
};

export function parseScript(tokens: readonly Token[]): readonly Node[] {
  const reader = new Reader(tokens);
  const nodes = reader.nodes();
  if (!reader.done) throw invalidQuery(`Syntax error: Unexpected keyword ${reader.peek().upper}`, reader.peek());
  return nodes;
}

class Reader {
  readonly #tokens: readonly Token[];
  #index = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  peek(ahead = 0): Token {
    return this.#tokens[this.#index + ahead] ?? (this.#tokens.at(-1) as Token);
  }

  get done(): boolean {
    return this.peek().kind === 'end';
  }

  #accept(...words: readonly string[]): boolean {
    if (!words.every((word, ahead) => this.peek(ahead).upper === word)) return false;
    this.#index += words.length;
    return true;
  }

  #expect(...words: readonly string[]): void {
    if (this.#accept(...words)) return;
    const { kind, text, upper } = this.peek();
    const got = kind === 'end' ? 'end of script' : RESERVED.has(upper) ? `keyword ${upper}` : `"${text}"`;
    throw invalidQuery(`Syntax error: Expected keyword ${words.join(' ')} but got ${got}`, this.peek());
  }

  /** Up to the end of a block. */
  nodes(): readonly Node[] {
    const nodes: Node[] = [];
    for (;;) {
      while (this.#accept(';'));
      if (this.done || ENDS.has(this.peek().upper)) return nodes;
      nodes.push(this.#node());
      if (!this.#accept(';') && !this.done) {
        throw invalidQuery(`Syntax error: Expected end of input but got ${JSON.stringify(this.peek().text)}`, this.peek());
      }
    }
  }

  #node(): Node {
    const { upper } = this.peek();
    const next = this.peek(1).upper;
    if (upper === 'DECLARE') return { kind: 'declare', ...this.#piece() };
    if (upper === 'SET') return { kind: 'set', ...this.#piece() };
    if (upper === 'RAISE') return { kind: 'raise', ...this.#piece() };
    if (upper === 'IF' && next !== '') return this.#if();
    if (upper === 'WHILE' || upper === 'LOOP') return this.#loop();
    if (upper === 'BEGIN' && next !== 'TRANSACTION' && next !== ';' && this.peek(1).kind !== 'end') return this.#block();
    const jump = JUMPS[upper];
    if (jump !== undefined) {
      this.#index += 1;
      return { kind: jump };
    }
    if (['REPEAT', 'FOR', 'CASE'].includes(upper)) throw unknownToFake(`the statement ${upper}`, this.peek());
    return { kind: 'statement', ...this.#piece() };
  }

  /** Up to a semicolon, or to one of the words when they stand outside of parentheses and CASE. */
  #piece(...until: readonly string[]): Piece {
    const from = this.#index;
    let depth = 0;
    for (; !this.done; this.#index += 1) {
      const { upper } = this.peek();
      if (depth === 0 && (upper === ';' || until.includes(upper))) break;
      if (upper === '(' || upper === 'CASE') depth += 1;
      if (upper === ')' || (upper === 'END' && depth > 0)) depth -= 1;
    }
    return { tokens: this.#tokens.slice(from, this.#index), end: this.peek() };
  }

  #if(): Node {
    const branches: { condition: Piece; body: readonly Node[] }[] = [];
    this.#expect('IF');
    do {
      const condition = this.#piece('THEN');
      this.#expect('THEN');
      branches.push({ condition, body: this.nodes() });
    } while (this.#accept('ELSEIF'));
    const otherwise = this.#accept('ELSE') ? this.nodes() : [];
    this.#expect('END', 'IF');
    return { kind: 'if', branches, otherwise };
  }

  #loop(): Node {
    const endless = this.#accept('LOOP');
    if (!endless) this.#expect('WHILE');
    const condition = endless ? undefined : this.#piece('DO');
    if (!endless) this.#expect('DO');
    const body = this.nodes();
    this.#expect('END', endless ? 'LOOP' : 'WHILE');
    return { kind: 'while', condition, body };
  }

  #block(): Node {
    this.#expect('BEGIN');
    const body = this.nodes();
    const handler = this.#accept('EXCEPTION', 'WHEN', 'ERROR', 'THEN') ? this.nodes() : undefined;
    this.#expect('END');
    return { kind: 'block', body, handler };
  }
}
