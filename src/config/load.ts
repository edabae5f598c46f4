/**
 * From a folder of YAML to a {@link Project}: read, choose the environment, put references in, check each document,
 * check the rules between them, and only then ask the environment for secrets. Every problem of all files comes at once.
 */
import { type Context, inCi } from '../context.ts';
import { formatProblem, type Location, type Problem, UserError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { resolveApproval } from './approval.ts';
import { type ConnectionDraft, draftConnections, resolveConnection, type ResolvedConnection } from './connections.ts';
import { dbtOf } from './dbt.ts';
import { leaveEnvironment, type Scope } from './document.ts';
import { type FileView, workingTree } from './file-view.ts';
import { type Kind, type ProjectFiles, readProjectFiles, shownPath } from './files.ts';
import type { ProjectDocument } from './generated/project.ts';
import { resolveGuards } from './guards.ts';
import { environmentLookup, type Replacement, type Variables } from './interpolate.ts';
import type { Project, Sync } from './model.ts';
import { type ConfigDocument, locate, mapAt, nodeAt, textAt } from './nodes.ts';
import {
  chooseEnvironment,
  type ChosenProject,
  onlyProject,
  projectFolder,
  projectVariables,
  resolveProject,
  resolveState,
} from './project.ts';
import { type Declared, type RuleInput, RULES } from './rules.ts';
import { connectionSchemas, type Schema } from './schemas.ts';
import { resolveSync, type SyncDefaults } from './sync.ts';
import { resolveTest } from './sync-test.ts';
import { writtenDefaults, writtenVariables } from './written.ts';

export { orderSyncs } from './graph.ts';
export { selectSyncs } from './select.ts';

/** Connections whose secrets a command needs: all, none, some by name, or whatever the loaded syncs turn out to need. */
export type SecretsOption = 'all' | 'none' | readonly string[] | ((project: Project) => readonly string[]);

export interface LoadOptions {
  /** The project folder as typed, relative to the folder the user stands in. */
  readonly dir: string;
  readonly environment?: string | undefined;
  /** `--var NAME=VALUE`. */
  readonly vars?: Readonly<Record<string, string>> | undefined;
  /**
   * What needs its `${env.X}`. With a list of connection names, the state's connection is always among them. Of other
   * connections, options that hold such a reference are absent.
   */
  readonly secrets: SecretsOption;
  /** Fail when the project has environments and none is chosen. */
  readonly requireEnvironment?: boolean | undefined;
  /** Fail in CI when the project does not say where its state lives. */
  readonly requireWrittenState?: boolean | undefined;
  /** The schema of each connection type. Default: those of this version. */
  readonly connectionSchemas?: ReadonlyMap<string, object> | undefined;
  /** Where the files are read from. Default: the disk. */
  readonly files?: FileView | undefined;
  /** Pass over a `--var` that the project does not have: it may have had none at another commit. */
  readonly allowUnknownVars?: boolean | undefined;
}

/** Throws a `UserError` with every problem of all files. */
export async function loadProject(context: Context, options: LoadOptions): Promise<Project> {
  const dir = projectFolder(context.cwd, options.dir);
  return resolveFiles(context, await readProjectFiles(dir, context.cwd, options.files), options);
}

/** `loadProject` of files that were read before. */
export async function resolveFiles(context: Context, files: ProjectFiles, options: LoadOptions): Promise<Project> {
  const problems: Problem[] = [...files.problems];
  const dir = projectFolder(context.cwd, options.dir);
  // A document that could not be read may be the one that seems to be missing.
  const mayBeUnread = files.documents.Project.length === 0 && files.problems.length > 0;
  const document = mayBeUnread
    ? undefined
    : onlyProject(files.documents.Project, shownPath(context.cwd, dir), (problem) => problems.push(problem));
  if (document === undefined) throw UserError.of(sorted(problems));
  const chosen = chooseEnvironment(document, options);
  const variables = projectVariables(chosen, options.vars ?? {});
  const report = (problem: Problem): void => void problems.push(problem);
  const scope: Scope = { cwd: context.cwd, dir, files: options.files ?? workingTree, variables, report };
  const draft = await draftProject(files, { chosen, variables, scope }, options);
  const project = orProblems(problems, () => withSecrets(context, draft, scope, options));
  if (options.requireWrittenState === true) problems.push(...stateIsWritten(context, chosen));
  problems.push(...variables.problems, ...(options.allowUnknownVars === true ? [] : unusedVariables(draft, options.vars ?? {})));
  if (problems.length > 0) throw UserError.of(sorted(problems));
  return project;
}

/** A sync whose file has a mistake is missing for whoever asks for it by name: the mistake is what to tell. */
function orProblems<T>(problems: readonly Problem[], work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (problems.length === 0 || !(error instanceof UserError)) throw error;
    throw UserError.of(sorted(problems));
  }
}

/** What the documents are read with. */
interface Reading {
  readonly chosen: ChosenProject;
  readonly variables: Variables;
  readonly scope: Scope;
}

interface Draft extends Reading {
  readonly plain: ProjectDocument | undefined;
  readonly connections: readonly ConnectionDraft[];
  /** Without secrets. */
  readonly project: Project;
}

/** Everything that needs no secret. */
async function draftProject(files: ProjectFiles, reading: Reading, options: LoadOptions): Promise<Draft> {
  const { chosen, variables, scope } = reading;
  const schemas = (options.connectionSchemas ?? connectionSchemas()) as ReadonlyMap<string, Schema>;
  const plain = resolveProject(chosen, scope);
  const connections = draftConnections(files.documents.Connection, chosen, schemas, scope);
  const schemaOf = (name: string): Schema | undefined => connections.find((each) => each.name === name)?.schema;
  const typeOf = (name: string): string | undefined => connections.find((each) => each.name === name)?.type;
  const dbt = plain === undefined ? undefined : dbtOf(chosen, scope);
  const defaults = { guards: plain?.guards, connectionSchema: schemaOf, connectionType: typeOf, dbt };
  const found = await Promise.all(files.documents.Sync.map(async (document) => watchedSync(document, reading, defaults)));
  const syncs = found
    .map(({ sync }) => sync)
    .filter((sync) => sync !== undefined)
    .toSorted((a, b) => compareText(a.name, b.name));
  const tests = files.documents.Test.map((document) => resolveTest(document, scope)).filter((test) => test !== undefined);
  const approvals = files.documents.Approval.map((document) => resolveApproval(document, scope)).filter((each) => each !== undefined);
  const resolved = connections.flatMap((each) => resolveConnection(each, scope, leaveEnvironment) ?? []);
  const state = resolveState(chosen, scope, () => leaveEnvironment);
  const input: RuleInput = {
    declared: declaredNames(files),
    syncs,
    tests,
    approvals,
    rolesOf: rolesIn(connections),
    state: stateFacts(chosen, state),
  };
  RULES.forEach((rule) => {
    rule(input, scope.report);
  });
  const project: Project = {
    name: plain?.name ?? '',
    dir: scope.dir,
    environment: chosen.environment,
    environments: chosen.environments,
    vars: variables.all(),
    state,
    guards: resolveGuards(plain?.guards),
    ...connectionsAndSecrets(resolved),
    syncs,
    tests,
    approvals,
    dbt,
    written: {
      vars: writtenVariables(chosen, variables.all()),
      defaults: writtenDefaults(chosen, state, scope.cwd),
      connections: new Map(resolved.map(({ connection, written }) => [connection.name, written])),
      variablesOf: new Map(found.flatMap(({ sync, used }) => (sync === undefined ? [] : [[sync.name, used] as const]))),
    },
  };
  return { ...reading, plain, connections, project };
}

/** A sync, and the variables that it refers to. */
async function watchedSync(
  document: ConfigDocument,
  { variables, scope }: Reading,
  defaults: SyncDefaults,
): Promise<{ readonly sync: Sync | undefined; readonly used: ReadonlySet<string> }> {
  const used = new Set<string>();
  const lookup = (name: string): Replacement => {
    used.add(name);
    return variables.lookup(name);
  };
  return { sync: await resolveSync(document, { ...scope, variables: { lookup } }, defaults), used };
}

/** Asks the environment for what the command needs. */
function withSecrets(context: Context, draft: Draft, scope: Scope, options: LoadOptions): Project {
  const wanted = wantedSecrets(draft, options.secrets);
  if (wanted === undefined) return draft.project;
  const seen = new Set<string>();
  const lookup = environmentLookup(context.env);
  const env = (name: string): Replacement => {
    const found = lookup(name);
    if ('text' in found) seen.add(found.text);
    return found;
  };
  const resolved = draft.connections.flatMap((each) => resolveConnection(each, scope, wanted(each.name) ? env : leaveEnvironment) ?? []);
  const keyIsUsed = draft.project.syncs.some((sync) => sync.fields.some((field) => field.sensitive));
  const state = resolveState(draft.chosen, scope, (property) => (property === 'key' && !keyIsUsed ? leaveEnvironment : env));
  const { connections, secrets } = connectionsAndSecrets(resolved);
  const all = [...secrets, ...seen, ...(state.key === undefined ? [] : [state.key])];
  return { ...draft.project, state, connections, secrets: [...new Set(all)] };
}

function wantedSecrets(draft: Draft, option: SecretsOption): ((connection: string) => boolean) | undefined {
  if (option === 'none') return undefined;
  if (option === 'all') return () => true;
  const names = typeof option === 'function' ? option(draft.project) : option;
  const { state } = draft.project;
  return (name) => names.includes(name) || (state.type === 'connection' && state.connection === name);
}

function connectionsAndSecrets(resolved: readonly ResolvedConnection[]): Pick<Project, 'connections' | 'secrets'> {
  return {
    connections: new Map(resolved.map(({ connection }) => [connection.name, connection])),
    secrets: resolved.flatMap(({ secrets }) => secrets),
  };
}

function declaredNames({ documents }: ProjectFiles): RuleInput['declared'] {
  const of = (kind: Kind): readonly Declared[] => documents[kind].flatMap((document) => declaredName(document));
  return { Connection: of('Connection'), Sync: of('Sync'), Test: of('Test'), Approval: [] };
}

function declaredName({ root }: ConfigDocument): readonly Declared[] {
  const name = textAt(root, 'name');
  return name === undefined ? [] : [{ name, location: locate(root, ['name']) }];
}

function rolesIn(connections: readonly ConnectionDraft[]): RuleInput['rolesOf'] {
  return (name) => {
    const found = connections.find((each) => each.name === name);
    const roles = found?.schema['x-roles'] as readonly string[] | undefined;
    return found === undefined || roles === undefined ? undefined : { type: found.type, roles };
  };
}

function stateFacts(chosen: ChosenProject, state: Project['state']): RuleInput['state'] {
  return {
    connection: state.type === 'connection' ? state.connection : undefined,
    hasKey: nodeAt(chosen.root, ['state', 'key']) !== undefined,
    location: locate(chosen.root, ['state', 'connection']),
  };
}

/** A runner's disk is gone tomorrow, and with it what Sluice remembers. */
function stateIsWritten(context: Context, chosen: ChosenProject): readonly Problem[] {
  if (!inCi(context.env) || mapAt(chosen.root, 'state') !== undefined) return [];
  return [
    {
      message: 'the project does not say where its state lives, and the disk of a CI runner is gone tomorrow',
      location: locate(chosen.document.root, ['name']),
      hint: 'add state: { connection: NAME, schema: sluice }, or state: { path: FILE } on a disk that stays',
    },
  ];
}

/** A misspelt `--var` must not pass in silence. */
function unusedVariables({ chosen, variables }: Draft, given: Readonly<Record<string, string>>): readonly Problem[] {
  const environments = chosen.environments.map((name) => mapAt(chosen.document.root, 'environments', name, 'vars'));
  const known = new Set([mapAt(chosen.document.root, 'vars'), ...environments].flatMap((vars) => [...(vars?.entries.keys() ?? [])]));
  variables.used.forEach((name) => known.add(name));
  return Object.keys(given)
    .filter((name) => !known.has(name))
    .map((name) => {
      const near = nearest(name, [...known]);
      return { message: `--var ${name}: the project has no such variable`, hint: near === undefined ? undefined : `did you mean ${near}?` };
    });
}

/** By file, line and column, each problem once. Problems without a place come first. */
function sorted(problems: readonly Problem[]): readonly Problem[] {
  const once = new Map(problems.map((problem) => [formatProblem(problem), problem]));
  return [...once.values()].toSorted((a, b) => compareLocations(a.location, b.location));
}

function compareLocations(a: Location | undefined, b: Location | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return compareText(a.file, b.file) || a.line - b.line || a.column - b.column;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Names of the connections that syncs read from or write to. */
export function connectionsOf(syncs: readonly Sync[]): readonly string[] {
  return [...new Set(syncs.flatMap((sync) => [sync.source.connection, sync.destination.connection]))];
}
