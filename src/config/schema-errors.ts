/** What ajv found, as sentences a person can act on: where, what was expected, what was found, what was probably meant. */
import type { ErrorObject } from 'ajv';

import type { Problem } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { type ConfigNode, locate, nodeAt, type Path } from './nodes.ts';
import { branching, pathOf, taggedBranch, tagValue } from './schema-branches.ts';
import type { Schema } from './schemas.ts';

/** One problem per place: the most telling one. Nothing is said about values that hold an unresolved reference. */
export function explainErrors(errors: readonly ErrorObject[], root: ConfigNode): readonly Problem[] {
  const branches = errors
    .filter((error) => ['oneOf', 'not', 'propertyNames'].includes(error.keyword))
    .map((error) => branching(error, root));
  const telling = errors.filter(
    ({ schemaPath }) => !branches.some(({ all, meant }) => schemaPath.startsWith(all) && !schemaPath.startsWith(meant)),
  );
  const meant = new Set(telling.flatMap((error) => meantKey(error)));
  const problems = telling.flatMap((error) => explain(error, { root, meant, path: pathOf(error) }));
  const best = new Map<string, Explained>();
  for (const each of problems) {
    const known = best.get(each.place);
    if (known === undefined || each.rank < known.rank) best.set(each.place, each);
  }
  return [...best.values()].map((each) => each.problem);
}

interface Explained {
  readonly place: string;
  /** The lowest of one place is shown. */
  readonly rank: number;
  readonly problem: Problem;
}

interface Subject {
  readonly root: ConfigNode;
  readonly path: Path;
  /** `path/key` of keys that are missing because they are misspelt: said once. */
  readonly meant: ReadonlySet<string>;
}

const RANK: readonly string[] = ['enum', 'const', 'type', 'minProperties', 'minItems', 'minLength', 'not', 'oneOf'];

function explain(error: ErrorObject, subject: Subject): readonly Explained[] {
  const node = nodeAt(subject.root, subject.path);
  if (node?.kind === 'scalar' && node.unresolved === true) return [];
  const special = SPECIAL[error.keyword];
  if (special !== undefined) return special(error, subject);
  const message = sentence(error, node);
  const rank = RANK.includes(error.keyword) ? RANK.indexOf(error.keyword) : RANK.length;
  return [
    {
      place: error.instancePath,
      rank,
      problem: { message: `${label(subject.path)}${message}`, location: locate(subject.root, subject.path) },
    },
  ];
}

/** Keywords that speak about a key rather than about the value. */
const SPECIAL: Readonly<Record<string, (error: ErrorObject, subject: Subject) => readonly Explained[]>> = {
  additionalProperties: (error, subject) => [unknownKey(error, subject)],
  required: (error, subject) => missingKey(String(error.params['missingProperty']), subject),
  dependentRequired: (error, { root, path }) => {
    const message = `${label(path)}${String(error.params['property'])} needs ${String(error.params['missingProperty'])} beside it`;
    return [{ place: `${error.instancePath}?`, rank: 0, problem: { message, location: locate(root, path) } }];
  },
  propertyNames: (error, { root, path }) => {
    const key = String(error.params['propertyName']);
    const expected = ((error.schema as Schema)['x-expected'] as string | undefined) ?? 'another name';
    const message = `${label(path)}the name ${quoted(key)} does not fit: expected ${expected}`;
    return [{ place: `${error.instancePath}/${key}?`, rank: 0, problem: { message, location: keyLocation(root, path, key) } }];
  },
  oneOf: (error, subject) => oneOf(error, subject),
};

function unknownKey(error: ErrorObject, { root, path }: Subject): Explained {
  const key = String(error.params['additionalProperty']);
  const known = knownKeys(error);
  const near = nearest(key, known);
  const message = `${label(path)}unknown key ${quoted(key)}${near === undefined ? '' : `; did you mean ${quoted(near)}?`}`;
  const hint = near === undefined && known.length > 0 ? `known keys: ${known.join(', ')}` : undefined;
  return { place: `${error.instancePath}/${key}!`, rank: 0, problem: { message, location: keyLocation(root, path, key), hint } };
}

function missingKey(key: string, { root, path, meant }: Subject): readonly Explained[] {
  const place = `/${[...path, key].join('/')}`;
  if (meant.has(place)) return [];
  const message = path.length === 0 ? `missing key ${quoted(key)}` : `${label(path)}missing key ${quoted(key)}`;
  return [{ place: `${place}!`, rank: 0, problem: { message, location: locate(root, path) } }];
}

/** Exactly one of some keys, or one of some forms that a tag tells apart. */
function oneOf(error: ErrorObject, subject: Subject): readonly Explained[] {
  const { root, path, meant } = subject;
  const { tag, index } = taggedBranch(error, root);
  if (tag !== undefined) return index < 0 ? unknownTag(error, tag, subject) : [];
  const node = nodeAt(root, path);
  const names = (error.schema as readonly Schema[]).flatMap((branch) => (branch['required'] as readonly string[] | undefined) ?? []);
  const present = node?.kind === 'map' ? names.filter((name) => node.entries.has(name)) : [];
  if (present.length === 0 && names.some((name) => meant.has(`/${[...path, name].join('/')}`))) return [];
  const message = present.length === 0 ? `missing one of ${listed(names, 'or')}` : `${listed(present, 'and')} exclude each other; keep one`;
  const at = present[1] === undefined ? locate(root, path) : keyLocation(root, path, present[1]);
  return [{ place: error.instancePath, rank: RANK.indexOf('oneOf'), problem: { message: `${label(path)}${message}`, location: at } }];
}

/** Nothing where it is missing or not even text: that is said already. */
function unknownTag(error: ErrorObject, tag: string, { root, path }: Subject): readonly Explained[] {
  const node = nodeAt(root, [...path, tag]);
  if (node === undefined || (node.kind === 'scalar' && node.unresolved === true)) return [];
  const values = (error.schema as readonly Schema[]).map((branch) => tagValue(branch, tag));
  const message = `${label([...path, tag])}${chosen(values, node, describeFound(node))}`;
  return [{ place: `${error.instancePath}/${tag}`, rank: 0, problem: { message, location: locate(root, [...path, tag]) } }];
}

function sentence(error: ErrorObject, node: ConfigNode | undefined): string {
  const schema = (error.parentSchema ?? {}) as Schema;
  const words = schema['x-expected'] as string | undefined;
  const found = describeFound(node, schema);
  switch (error.keyword) {
    case 'enum':
      return chosen(schema['enum'] as readonly unknown[], node, found);
    case 'const':
      return `expected ${quoted(String(schema['const']))}, found ${found}`;
    case 'type':
      return `expected ${words ?? expectedType(schema)}, found ${found}`;
    case 'pattern':
      return `expected ${words ?? 'another form'}, found ${found}`;
    case 'minLength':
      return 'expected some text, found none';
    case 'minItems':
      return 'expected at least one entry, found an empty list';
    case 'minProperties':
      return (schema['x-empty'] as string | undefined) ?? 'expected at least one entry';
    case 'uniqueItems':
      return `entry ${Number(error.params['j']) + 1} says the same as entry ${Number(error.params['i']) + 1}`;
    case 'minimum':
    case 'maximum':
      return `expected ${range(schema)}, found ${found}`;
    case 'not':
      return (schema['x-not'] as string | undefined) ?? 'this combination is not possible';
    default:
      return `does not fit (${error.keyword})`;
  }
}

function chosen(values: readonly unknown[], node: ConfigNode | undefined, found: string): string {
  const names = values.map((value) => String(value));
  const near = node?.kind === 'scalar' ? nearest(node.text, names) : undefined;
  return `expected one of ${names.join(', ')}; found ${found}${near === undefined ? '' : `. Did you mean ${quoted(near)}?`}`;
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'a string',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'a map',
  null: 'null',
};

function expectedType(schema: Schema): string {
  const types = [schema['type']].flat() as readonly string[];
  return listed(
    types.map((type) => (type === 'array' ? listWords(schema) : (TYPE_WORDS[type] ?? type))),
    'or',
  );
}

function listWords(schema: Schema): string {
  const items = (schema['items'] as Schema | undefined)?.['type'];
  if (items === 'string') return 'a list of strings';
  return items === 'object' ? 'a list of maps' : 'a list';
}

function range(schema: Schema): string {
  const { minimum, maximum } = schema as { readonly minimum?: number; readonly maximum?: number };
  if (maximum === undefined) return `at least ${minimum ?? 0}`;
  return minimum === undefined ? `at most ${maximum}` : `a number from ${minimum} to ${maximum}`;
}

/** What stands there, without giving a secret away. */
export function describeFound(node: ConfigNode | undefined, schema: Schema = {}): string {
  if (node === undefined) return 'nothing';
  if (node.kind !== 'scalar') return node.kind === 'map' ? 'a map' : 'a list';
  if (node.value === null) return 'nothing';
  if (node.secret === true || schema['x-secret'] === true) return 'a value that is not shown';
  if (typeof node.value === 'string') return quoted(node.text);
  return typeof node.value === 'number' ? `the number ${node.text}` : node.text;
}

/** Unknown keys that are probably a known one: their `path/key`. */
function meantKey(error: ErrorObject): readonly string[] {
  if (error.keyword !== 'additionalProperties') return [];
  const near = nearest(String(error.params['additionalProperty']), knownKeys(error));
  return near === undefined ? [] : [`${error.instancePath}/${near}`];
}

function knownKeys(error: ErrorObject): readonly string[] {
  return Object.keys(((error.parentSchema as Schema | undefined)?.['properties'] as Schema | undefined) ?? {});
}

function keyLocation(root: ConfigNode, path: Path, key: string): Problem['location'] {
  const node = nodeAt(root, path);
  return node?.kind === 'map' ? (node.entries.get(key)?.at ?? locate(root, path)) : locate(root, path);
}

/** `fields.Name.when: `, empty at the top. */
function label(path: Path): string {
  return path.length === 0 ? '' : `${path.map((step) => plainKey(String(step))).join('.')}: `;
}

/** A key as it is, unless it could be misread or would disturb a terminal. */
function plainKey(key: string): string {
  return /^[\w-]+$/.test(key) ? key : quoted(key);
}

/** `a, b and c`. */
export function listed(names: readonly string[], word: 'and' | 'or'): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} ${word} ${names.at(-1) ?? ''}`;
}

/** Text in quotes, shortened, control characters escaped. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}
