/** One document: references put in, held against its schema, as data. */
import type { ErrorObject } from 'ajv';

import type { Problem } from '../errors.ts';
import type { FileView } from './file-view.ts';
import { ENV_HINT, ENV_NOT_HERE, interpolateDocument, type Lookup, type Replacement } from './interpolate.ts';
import { isMarked } from './marked.ts';
import { type ConfigNode, type MapNode, mapScalars, nodeAt, type Path, type ScalarNode, toPlain } from './nodes.ts';
import { explainErrors } from './schema-errors.ts';
import { check, type Schema } from './schemas.ts';

/** Collects what is wrong. */
export type Report = (problem: Problem) => void;

/** Finds what stands for a variable. */
export interface VariableLookup {
  readonly lookup: (name: string) => Replacement;
}

/** What every step of loading needs. */
export interface Scope {
  readonly cwd: string;
  /** Absolute path of the project folder. */
  readonly dir: string;
  readonly files: FileView;
  readonly variables: VariableLookup;
  readonly report: Report;
}

export interface ResolveOptions {
  readonly schema: Schema;
  /** How `${env.NAME}` is looked up at a path; absent: refused everywhere. */
  readonly env?: (path: Path) => ((name: string) => Replacement) | undefined;
}

/** The document with its references put in, if nothing is wrong with it; problems are reported. */
export function resolveDocument(root: MapNode, scope: Scope, options: ResolveOptions): MapNode | undefined {
  const problems: Problem[] = [];
  const interpolated = interpolateDocument(root, {
    lookup: (path) => lookupFor(scope.variables, options.env?.(path)),
    isSql: (path) => isMarked(options.schema, path, 'x-sql'),
    report: (problem) => problems.push(problem),
  });
  const { node, problems: wrong } = checkNode(interpolated, options.schema);
  [...problems, ...wrong].forEach((problem) => scope.report(problem));
  return problems.length + wrong.length === 0 ? node : undefined;
}

/** Looks up variables, and the environment where that is allowed. */
export function lookupFor(variables: VariableLookup, env: ((name: string) => Replacement) | undefined): Lookup {
  return ({ scope, name }) => {
    if (scope === 'var') return variables.lookup(name);
    return env === undefined ? { problem: ENV_NOT_HERE, hint: ENV_HINT } : env(name);
  };
}

/** Leaves every reference to the environment as it is. */
export const leaveEnvironment = (): Replacement => ({ left: true });

/** Holds a document against its schema. Interpolated text becomes a number or a boolean where the schema asks for one. */
export function checkNode(root: MapNode, schema: Schema): { readonly node: MapNode; readonly problems: readonly Problem[] } {
  const errors = check(schema, toPlain(root));
  const wanted = new Map(errors.flatMap((error) => coercion(error, root)));
  if (wanted.size === 0) return { node: root, problems: explainErrors(errors, root) };
  const node = mapScalars(root, [], (scalar, path) => wanted.get(pointer(path)) ?? scalar) as MapNode;
  return { node, problems: explainErrors(check(schema, toPlain(node)), node) };
}

function pointer(path: Path): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function coercion(error: ErrorObject, root: ConfigNode): readonly (readonly [string, ScalarNode])[] {
  if (error.keyword !== 'type') return [];
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const node = nodeAt(root, path);
  if (node?.kind !== 'scalar' || node.interpolated === undefined || node.unresolved === true) return [];
  const value = typed(node.text, [error.params['type']].flat() as readonly string[]);
  return value === undefined ? [] : [[error.instancePath, { ...node, value }]];
}

function typed(text: string, types: readonly string[]): number | boolean | undefined {
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  const numeric = types.includes('number') || types.includes('integer');
  return numeric && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}
