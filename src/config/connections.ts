/** Connection documents with their environment's overrides, each held against the schema of its type. */
import type { Problem } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { resolveDocument, type Scope } from './document.ts';
import type { Replacement } from './interpolate.ts';
import { secretTexts, withAbsolutePaths } from './marked.ts';
import type { Connection, WrittenValue } from './model.ts';
import { type ConfigDocument, locate, mapAt, type MapNode, mergeNodes, textAt, toOptions, without } from './nodes.ts';
import type { ChosenProject } from './project.ts';
import { listed, quoted } from './schema-errors.ts';
import type { Schema } from './schemas.ts';
import { writtenConnection } from './written.ts';

/** Properties every connection has; the rest are its options. */
const COMMON = ['kind', 'name', 'type', 'description'];

export interface ConnectionDraft {
  readonly name: string;
  readonly type: string;
  readonly schema: Schema;
  /** The document with the environment merged in, references not yet put in. */
  readonly root: MapNode;
}

/** Connection documents whose type is known, overrides merged in. */
export function draftConnections(
  documents: readonly ConfigDocument[],
  project: ChosenProject,
  schemas: ReadonlyMap<string, Schema>,
  scope: Scope,
): readonly ConnectionDraft[] {
  checkOverrides(documents, project).forEach((problem) => scope.report(problem));
  return documents.flatMap(({ root }) => {
    const name = textAt(root, 'name') ?? '';
    const override = project.overrides && mapAt(project.overrides, name);
    const merged = override === undefined ? root : overlay(root, without(override, ['kind', 'name']));
    const type = textAt(merged, 'type');
    const schema = type === undefined ? undefined : schemas.get(type);
    if (type !== undefined && schema !== undefined) return [{ name, type, schema, root: merged }];
    scope.report(typeProblem(merged, type, [...schemas.keys()]));
    return [];
  });
}

/** Another type in an environment replaces the whole document but its name. */
function overlay(root: MapNode, override: MapNode): MapNode {
  const type = textAt(override, 'type');
  const replaced = type !== undefined && type !== textAt(root, 'type');
  const kept = replaced ? { ...root, entries: new Map([...root.entries].filter(([key]) => COMMON.includes(key))) } : root;
  return mergeNodes(kept, override) as MapNode;
}

function typeProblem(root: MapNode, type: string | undefined, known: readonly string[]): Problem {
  const expected = `known types: ${known.join(', ')}`;
  if (type === undefined) return { message: 'missing key "type"', location: locate(root, ['type']), hint: expected };
  const near = nearest(type, known);
  const message = `type: there is no connection type ${quoted(type)}${near === undefined ? '' : `; did you mean ${quoted(near)}?`}`;
  return { message, location: locate(root, ['type']), hint: expected };
}

/** Every environment may override only connections that exist, and not their names. */
function checkOverrides(documents: readonly ConfigDocument[], project: ChosenProject): readonly Problem[] {
  const names = documents.flatMap(({ root }) => textAt(root, 'name') ?? []);
  return project.environments.flatMap((environment) => {
    const overrides = mapAt(project.document.root, 'environments', environment, 'connections');
    return [...(overrides?.entries ?? [])].flatMap(([name, { at, value }]): readonly Problem[] => {
      if (!names.includes(name)) return [unknownConnection(name, names, at)];
      const fixed = value.kind === 'map' ? ['kind', 'name'].find((key) => value.entries.has(key)) : undefined;
      if (fixed === undefined) return [];
      return [{ message: `an environment cannot change the ${fixed} of a connection`, location: locate(value, [fixed]) }];
    });
  });
}

/** There is no connection of that name. */
export function unknownConnection(name: string, names: readonly string[], location: Problem['location']): Problem {
  const near = nearest(name, names);
  const message = `there is no connection ${quoted(name)}${near === undefined ? '' : `; did you mean ${quoted(near)}?`}`;
  const known = names.length === 0 ? 'the project has none' : `the project has ${listed(names.toSorted(), 'and')}`;
  return { message, location, hint: near === undefined ? known : undefined };
}

export interface ResolvedConnection {
  readonly connection: Connection;
  readonly secrets: readonly string[];
  /** What the document says, by dotted path. */
  readonly written: ReadonlyMap<string, WrittenValue>;
}

/** Puts references in and checks the result; `env` says what stands for the environment. */
export function resolveConnection(
  draft: ConnectionDraft,
  scope: Scope,
  env: (name: string) => Replacement,
): ResolvedConnection | undefined {
  const checked = resolveDocument(draft.root, scope, { schema: draft.schema, env: () => env });
  if (checked === undefined) return undefined;
  const root = withAbsolutePaths(checked, draft.schema, scope.cwd);
  const options = toOptions(without(root, COMMON));
  return {
    connection: { name: draft.name, type: draft.type, options, location: draft.root.location },
    secrets: secretTexts(checked, draft.schema),
    written: writtenConnection(root, draft.schema, scope.cwd),
  };
}
