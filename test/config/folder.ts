/** Project folders for tests: files in, a project or its problems out. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { type LoadOptions, loadProject } from '../../src/config/load.ts';
import type { Project, Sync } from '../../src/config/model.ts';
import { type Context, processContext } from '../../src/context.ts';
import { formatProblem, UserError } from '../../src/errors.ts';

export type Files = Readonly<Record<string, string>>;

export interface Folder extends AsyncDisposable {
  readonly cwd: string;
}

/** A folder that is removed when the test ends. Paths are relative to it. */
export async function folder(files: Files): Promise<Folder> {
  const cwd = await mkdtemp(join(tmpdir(), 'sluice-config-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, path)), { recursive: true });
    await writeFile(join(cwd, path), text);
  }
  return { cwd, [Symbol.asyncDispose]: async () => rm(cwd, { recursive: true, force: true }) };
}

export function context(cwd: string, env: Readonly<Record<string, string>> = {}): Context {
  return processContext({ cwd, env, emit: () => undefined, signal: new AbortController().signal });
}

export type Loading = Partial<LoadOptions> & { readonly env?: Readonly<Record<string, string>> };

/** Loads `syncs/` of the given files. */
export async function load(files: Files, { env, ...options }: Loading = {}): Promise<Project> {
  await using place = await folder(files);
  return await loadProject(context(place.cwd, env), { dir: 'syncs', secrets: 'none', ...options });
}

/** Every problem as the user sees it. */
export async function problems(files: Files, loading: Loading = {}): Promise<readonly string[]> {
  try {
    await load(files, loading);
  } catch (error) {
    if (error instanceof UserError) return error.problems.map((problem) => formatProblem(problem));
    throw error;
  }
  return [];
}

/** The first problem; more than one is a failure of the test. */
export async function problem(files: Files, loading: Loading = {}): Promise<string> {
  const found = await problems(files, loading);
  return found.length === 1 ? found.join() : `expected one problem, found ${found.length}:\n${found.join('\n')}`;
}

/** A project with a source `warehouse` and a destination `crm`. */
export const BASE: Files = {
  'syncs/project.yaml': 'kind: Project\nname: acme\n',
  'syncs/connections.yaml':
    'kind: Connection\nname: warehouse\ntype: duckdb\n---\nkind: Connection\nname: crm\ntype: duckdb\npath: ../crm.duckdb\n',
};

export const SYNC = `kind: Sync
name: accounts
source:
  connection: warehouse
  query: select id, name from accounts
  key: id
destination:
  connection: crm
  object: Account
  key: Id
fields:
  Name: name
`;

/** The project with one sync: {@link SYNC} after a replacement, which must take place. */
export function withSync(replace: string | RegExp = 'name: accounts', by = 'name: accounts', more: Files = {}): Files {
  if ((typeof replace === 'string' ? SYNC.indexOf(replace) : SYNC.search(replace)) < 0)
    throw new Error(`nothing to replace: ${String(replace)}`);
  const text = SYNC.replace(replace, () => by);
  return { ...BASE, 'syncs/sync.yaml': text, ...more };
}

/** {@link withSync} with lines added at the end. */
export function withLines(lines: string, more: Files = {}): Files {
  return { ...BASE, 'syncs/sync.yaml': `${SYNC}${lines}\n`, ...more };
}

export async function loadSync(files: Files, loading: Loading = {}): Promise<Sync> {
  const { syncs } = await load(files, loading);
  const [sync] = syncs;
  if (sync === undefined) throw new Error('the project has no sync');
  return sync;
}
