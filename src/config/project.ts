/** The Project document: the chosen environment laid over it, its variables, guards and state. */
import { dirname, join, resolve } from 'node:path';

import { UserError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { checkNode, leaveEnvironment, lookupFor, type Report, resolveDocument, type Scope } from './document.ts';
import type { ProjectDocument } from './generated/project.ts';
import { hasReference, interpolateDocument, type Replacement, Variables } from './interpolate.ts';
import { absolutePath } from './marked.ts';
import type { StateConfig } from './model.ts';
import { type ConfigDocument, locate, mapAt, mapDocument, type MapNode, mergeNodes, nodeAt, textAt, toPlain, without } from './nodes.ts';
import { listed } from './schema-errors.ts';
import { readSchema } from './schemas.ts';

export interface ChosenProject {
  readonly document: ConfigDocument;
  /** The document with the environment merged in and without `environments`. */
  readonly root: MapNode;
  readonly environment: string | null;
  readonly environments: readonly string[];
  /** `connections` of the environment. */
  readonly overrides: MapNode | undefined;
}

/** The one Project document. Without one there is nothing to load. */
export function onlyProject(documents: readonly ConfigDocument[], shown: string, report: Report): ConfigDocument | undefined {
  const [first, ...others] = documents;
  if (first === undefined) {
    report({
      message: `there is no Project document in ${shown}`,
      hint: 'add one, for example in project.yaml: kind: Project, name: my-project',
    });
  }
  for (const other of others) {
    const at = first?.root.location;
    report({
      message: `a project has one Project document; the other is ${at?.file ?? ''}:${at?.line ?? 1}`,
      location: other.root.location,
    });
  }
  return first;
}

/** Environments of the project. */
export function environmentNames(documents: readonly ConfigDocument[]): readonly string[] {
  const [first] = documents;
  return first === undefined ? [] : [...(mapAt(first.root, 'environments')?.entries.keys() ?? [])];
}

/** Lays an environment over the project. Throws when there is none of that name, or none was chosen where one is needed. */
export function chooseEnvironment(
  document: ConfigDocument,
  options: { readonly environment?: string | undefined; readonly requireEnvironment?: boolean | undefined },
): ChosenProject {
  const environments = environmentNames([document]);
  const name = options.environment;
  if (name === undefined && options.requireEnvironment === true && environments.length > 0) {
    throw new UserError('this project has environments: choose one', { hint: `--env ${environments.join(' | ')}` });
  }
  if (name !== undefined && !environments.includes(name)) throw unknownEnvironment(name, environments);
  const chosen = name === undefined ? undefined : mapAt(document.root, 'environments', name);
  const base = without(document.root, ['environments']);
  const root = chosen === undefined ? base : overlay(base, without(chosen, ['connections', 'description']));
  return { document, root, environment: name ?? null, environments, overrides: chosen && mapAt(chosen, 'connections') };
}

function unknownEnvironment(name: string, environments: readonly string[]): UserError {
  const near = nearest(name, environments);
  const known = environments.length === 0 ? 'the project defines none' : `the project defines ${listed(environments, 'and')}`;
  return new UserError(`there is no environment ${JSON.stringify(name)}`, {
    hint: near === undefined ? known : `did you mean ${near}? ${known}`,
  });
}

/** Maps merge. State is one of two kinds: another kind replaces it, but keeps its key. */
function overlay(base: MapNode, over: MapNode): MapNode {
  const state = mapAt(over, 'state');
  const below = mapAt(base, 'state');
  if (state === undefined || below === undefined) return mergeNodes(base, over) as MapNode;
  const dropped = state.entries.has('path') ? ['connection', 'schema', 'dataset'] : state.entries.has('connection') ? ['path'] : [];
  const kept = without(below, dropped);
  const at = base.entries.get('state')?.at ?? below.location;
  return mergeNodes({ ...base, entries: new Map([...base.entries, ['state', { at, value: kept }]]) }, over) as MapNode;
}

/** The variables of the chosen environment, with those of the command line over them. */
export function projectVariables(project: ChosenProject, given: Readonly<Record<string, string>>): Variables {
  const environmentsWith = (name: string): readonly string[] =>
    project.environments.filter((each) => nodeAt(project.document.root, ['environments', each, 'vars', name]) !== undefined);
  return new Variables({ given, vars: mapAt(project.root, 'vars'), environmentsWith });
}

/** The project, held against its schema: first as written, so that every environment is checked, then as chosen. */
export function resolveProject(project: ChosenProject, scope: Scope): ProjectDocument | undefined {
  const schema = readSchema('project');
  const asWritten = mapDocument(project.document.root, (scalar) => (hasReference(scalar) ? { ...scalar, unresolved: true } : scalar));
  const { problems } = checkNode(asWritten, schema);
  problems.forEach((problem) => scope.report(problem));
  if (problems.length > 0) return undefined;
  // Variables are looked up one by one as they are used, and the environment only where the state needs it.
  const root = resolveDocument(without(project.root, ['vars']), scope, {
    schema,
    env: (path) => (path[0] === 'state' ? leaveEnvironment : undefined),
  });
  return root === undefined ? undefined : (toPlain(root) as ProjectDocument);
}

/** Where state lives. `env` looks up the environment at a property of `state`; absent: it is left alone. */
export function resolveState(project: ChosenProject, scope: Scope, env: (property: string) => (name: string) => Replacement): StateConfig {
  const written = mapAt(project.root, 'state');
  const fallback: StateConfig = { type: 'local', path: join(dirname(project.document.path), '.sluice', 'state.duckdb') };
  if (written === undefined) return fallback;
  const location = project.root.entries.get('state')?.at ?? written.location;
  const root = interpolateDocument(written, {
    lookup: (at) => lookupFor(scope.variables, env(String(at[0]))),
    isSql: () => false,
    report: scope.report,
  });
  const [path, connection, key] = ['path', 'connection', 'key'].map((name) => textAt(root, name));
  const common = { key, location };
  if (connection !== undefined)
    return { type: 'connection', connection, schema: textAt(root, 'schema'), dataset: textAt(root, 'dataset'), ...common };
  if (path === undefined) return { ...fallback, ...common };
  return { type: 'local', path: absolutePath(path, locate(root, ['path']), scope.cwd), ...common };
}

/** The folder of the project, absolute. */
export function projectFolder(cwd: string, dir: string): string {
  return resolve(cwd, dir);
}
