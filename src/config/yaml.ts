/** YAML text into {@link ConfigDocument}s: positions kept, duplicate keys and runaway aliases refused, errors in plain words. */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  Scalar,
  visit,
  type YAMLError,
} from 'yaml';

import type { Location, Problem } from '../errors.ts';
import type { ConfigNode, MapEntry, MapNode, ScalarNode } from './nodes.ts';
import { linesOfScalar } from './scalar-lines.ts';

/** Values that the aliases of one file may stand for, all in all. */
const MAX_ALIASED = 10_000;
const TOO_DEEP = 'values are nested too deeply';

export interface ParsedFile {
  readonly roots: readonly MapNode[];
  readonly problems: readonly Problem[];
}

/** Every document of one file. A document with a syntax error is reported (its first error) and left out. */
export function parseYaml(source: string, file: string): ParsedFile {
  const counter = new LineCounter();
  const locate = (offset: number): Location => {
    const { line, col } = counter.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  try {
    const documents = parseAllDocuments(source, { lineCounter: counter, prettyErrors: false, uniqueKeys: false });
    const lines = source.split(/\r\n|\n/);
    const results = [...(documents as Iterable<Document.Parsed>)].map((document) => readDocument(document, { source, lines, locate }));
    return { roots: results.flatMap((each) => each.roots), problems: results.flatMap((each) => each.problems) };
  } catch (error) {
    if (error instanceof RangeError) return { roots: [], problems: [{ message: TOO_DEEP, location: locate(0) }] };
    throw error;
  }
}

interface FileText {
  readonly source: string;
  readonly lines: readonly string[];
  readonly locate: (offset: number) => Location;
}

function readDocument(document: Document.Parsed, text: FileText): ParsedFile {
  const error = document.errors[0] ?? document.warnings[0];
  if (error !== undefined) return { roots: [], problems: [syntaxProblem(error, document, text)] };
  if (document.contents === null) return { roots: [], problems: [] };
  const reader = new Reader(document, text);
  const node = reader.read(document.contents);
  if (node.kind === 'scalar' && node.value === null && reader.problems.length === 0) return { roots: [], problems: [] };
  if (node.kind !== 'map') {
    const message = `expected a document with a kind, found ${node.kind === 'list' ? 'a list' : 'a single value'}`;
    return {
      roots: [],
      problems: [...reader.problems, { message, location: node.location, hint: 'start it with, for example: kind: Sync' }],
    };
  }
  return reader.problems.length > 0 ? { roots: [], problems: reader.problems } : { roots: [node], problems: [] };
}

/** Converts one document. Nodes behind an anchor are converted once and shared. */
class Reader {
  readonly problems: Problem[] = [];
  readonly #document: Document.Parsed;
  readonly #text: FileText;
  readonly #sizes = new Map<ConfigNode, number>();
  readonly #anchors = new Map<string, ConfigNode | 'open'>();
  #aliased = 0;

  constructor(document: Document.Parsed, text: FileText) {
    this.#document = document;
    this.#text = text;
  }

  read(node: Node): ConfigNode {
    if (isAlias(node)) return this.#alias(node.source, this.#at(node));
    const anchor = (node as { anchor?: string }).anchor;
    if (anchor !== undefined) this.#anchors.set(anchor, 'open');
    const result = this.#convert(node);
    if (anchor !== undefined) this.#anchors.set(anchor, result);
    return result;
  }

  #convert(node: Node): ConfigNode {
    if (isMap(node)) return this.#map(node.items as readonly Pair<Node, Node | null>[], this.#at(node));
    if (isSeq(node)) {
      const items = (node.items as readonly (Node | null)[]).map((item) => this.#value(item, this.#at(node)));
      return this.#sized({ kind: 'list', location: this.#at(node), items }, items);
    }
    return this.#scalar(node as Scalar);
  }

  #alias(name: string, at: Location): ConfigNode {
    const target = this.#anchors.get(name);
    if (target === undefined || target === 'open') {
      this.problems.push({
        message: target === 'open' ? `*${name} stands for itself` : `*${name}: there is no anchor &${name} above`,
        location: at,
      });
      return nothing(at);
    }
    this.#aliased += this.#sizes.get(target) ?? 1;
    if (this.#aliased <= MAX_ALIASED) return target;
    const message = `the aliases of this document stand for more than ${MAX_ALIASED.toLocaleString('en-US')} values`;
    if (this.problems.every((problem) => problem.message !== message)) this.problems.push({ message, location: at });
    return nothing(at);
  }

  #map(pairs: readonly Pair<Node, Node | null>[], at: Location): MapNode {
    const entries = new Map<string, MapEntry>();
    const merged: MapNode[] = [];
    for (const pair of pairs) {
      const key = this.#key(pair.key, at);
      const value = this.#value(pair.value, key.at);
      if (key.name === undefined) continue;
      if (key.merge) merged.push(...this.#merged(value, key.at));
      else if (entries.has(key.name)) this.#duplicate(key.name, key.at, entries.get(key.name)?.at ?? at);
      else entries.set(key.name, { at: key.at, value });
    }
    const inherited = merged.toReversed().flatMap((map) => [...map.entries]);
    const all = new Map([...inherited.filter(([name]) => !entries.has(name)), ...entries]);
    return this.#sized(
      { kind: 'map', location: at, entries: all },
      [...all.values()].map((entry) => entry.value),
    );
  }

  #duplicate(name: string, location: Location, first: Location): void {
    this.problems.push({ message: `duplicate key ${JSON.stringify(name)}: it is already set in line ${first.line}`, location });
  }

  #key(node: Node | null, at: Location): { name: string | undefined; at: Location; merge: boolean } {
    if (isScalar(node) && node.value !== null) {
      const name = typeof node.value === 'string' ? node.value : (node.source ?? '');
      return { name, at: this.#at(node), merge: node.type === Scalar.PLAIN && name === '<<' };
    }
    const location = node === null ? at : this.#at(node);
    this.problems.push({ message: 'expected plain text before the colon', location });
    return { name: undefined, at: location, merge: false };
  }

  /** The maps behind `<<`: one, or a list in which earlier ones win. */
  #merged(value: ConfigNode, at: Location): readonly MapNode[] {
    const maps = value.kind === 'list' ? value.items : [value];
    const found = maps.filter((map) => map.kind === 'map');
    if (found.length !== maps.length) this.problems.push({ message: '<< takes a map, or a list of maps', location: at });
    return found;
  }

  #value(node: Node | null, at: Location): ConfigNode {
    return node === null ? nothing(at) : this.read(node);
  }

  #scalar(node: Scalar): ScalarNode {
    const location = this.#at(node);
    const value = scalarValue(node.value);
    const text = typeof value === 'string' ? value : value === null ? '' : (node.source ?? String(value));
    const lines = linesOfScalar(text, { source: this.#text.source, fileLines: this.#text.lines, start: location, style: styleOf(node) });
    return { kind: 'scalar', location, value, text, lines };
  }

  #sized<T extends ConfigNode>(node: T, children: readonly ConfigNode[]): T {
    this.#sizes.set(
      node,
      children.reduce((sum, child) => sum + (this.#sizes.get(child) ?? 1), 1),
    );
    return node;
  }

  #at(node: Node): Location {
    return this.#text.locate(node.range?.[0] ?? this.#document.range[0]);
  }
}

function nothing(location: Location): ScalarNode {
  return { kind: 'scalar', location, value: null, text: '', lines: [location] };
}

function scalarValue(value: unknown): ScalarNode['value'] {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return typeof value === 'bigint' ? value.toString() : null;
}

function styleOf(node: Scalar): 'literal' | 'folded' | 'quoted' | 'plain' {
  if (node.type === Scalar.BLOCK_LITERAL) return 'literal';
  if (node.type === Scalar.BLOCK_FOLDED) return 'folded';
  return node.type === Scalar.QUOTE_DOUBLE || node.type === Scalar.QUOTE_SINGLE ? 'quoted' : 'plain';
}

const SYNTAX: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  BLOCK_AS_IMPLICIT_KEY:
    'a value may not hold another "key: value"; put text with a colon in quotes, or check the indentation of the next line',
  BAD_INDENT: 'the indentation fits nothing above: keys of one map start in the same column',
  TAB_AS_INDENT: 'a tab cannot indent YAML; use spaces',
  MULTILINE_IMPLICIT_KEY: 'a colon is missing: expected "key: value"',
  BAD_SCALAR_START: 'this character cannot start a plain value; put the value in quotes',
  BAD_DQ_ESCAPE: 'unknown escape in double quotes; write \\\\ for a backslash, or use single quotes',
  RESOURCE_EXHAUSTION: TOO_DEEP,
  UNEXPECTED_TOKEN: 'unexpected text; is a quote, a comma or an indentation wrong here?',
};

function syntaxProblem(error: YAMLError, document: Document.Parsed, text: FileText): Problem {
  const unclosed = unclosedWords(error);
  // What is never closed is noticed at the end of the file; where it was opened says more.
  const location = text.locate(unclosed === undefined ? error.pos[0] : (openedAt(document) ?? error.pos[0]));
  const flow = /[{[].*\$\{/.test(text.lines[location.line - 1] ?? '');
  const message = `YAML: ${unclosed ?? SYNTAX[error.code] ?? ownWords(error)}`;
  return { message, location, hint: flow ? 'inside { } and [ ] a value with ${...} needs quotes' : undefined };
}

function unclosedWords(error: YAMLError): string | undefined {
  if (error.message.includes('closing "quote')) return 'a closing double quote is missing';
  if (error.message.includes("closing 'quote")) return 'a closing single quote is missing';
  const bracket = /must be sufficiently indented and end with a ([\]}])/.exec(error.message)?.[1];
  return bracket === undefined ? undefined : `a closing ${bracket} is missing`;
}

/** Where the last quote or bracket of a document is opened. */
function openedAt(document: Document.Parsed): number | undefined {
  const starts: number[] = [];
  visit(document, {
    Node: (_, node) => {
      const quote = isScalar(node) && (node.type === Scalar.QUOTE_DOUBLE || node.type === Scalar.QUOTE_SINGLE);
      const bracket = isCollection(node) && node.flow === true;
      if ((quote || bracket) && node.range) starts.push(node.range[0]);
    },
  });
  return starts.at(-1);
}

function ownWords(error: YAMLError): string {
  const message = error.message;
  if (message.startsWith('Unresolved tag: ')) return `the tag ${message.slice('Unresolved tag: '.length)} is not supported`;
  if (message.startsWith('Implicit map keys')) return 'a colon is missing: expected "key: value"';
  return message.charAt(0).toLowerCase() + message.slice(1);
}
