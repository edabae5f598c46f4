/** The YAML files of a project folder, as documents sorted by their kind. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

import { messageOf, type Problem, UserError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { type ConfigDocument, locate, textAt } from './nodes.ts';
import { quoted } from './schema-errors.ts';
import { parseYaml } from './yaml.ts';

const KINDS = ['Project', 'Connection', 'Sync', 'Test'] as const;
export type Kind = (typeof KINDS)[number];

export interface ProjectFiles {
  readonly documents: Readonly<Record<Kind, readonly ConfigDocument[]>>;
  readonly problems: readonly Problem[];
}

/** A path as messages show it: relative to where the user stands, with forward slashes. */
export function shownPath(cwd: string, path: string): string {
  const short = relative(cwd, path);
  return (short === '' ? '.' : short).split(sep).join('/');
}

/** Reads every `*.yaml` and `*.yml` below `dir`; dot folders and `node_modules` are skipped. */
export async function readProjectFiles(dir: string, cwd: string): Promise<ProjectFiles> {
  const paths = await yamlFiles(dir, shownPath(cwd, dir));
  const parsed = await Promise.all(paths.map(async (path) => readDocuments(path, shownPath(cwd, path))));
  const documents = parsed.flatMap((each) => each.documents);
  const kinds = documents.map((document) => ({ document, kind: textAt(document.root, 'kind') }));
  const of = (kind: Kind): readonly ConfigDocument[] => kinds.filter((each) => each.kind === kind).map((each) => each.document);
  return {
    documents: { Project: of('Project'), Connection: of('Connection'), Sync: of('Sync'), Test: of('Test') },
    problems: [...parsed.flatMap((each) => each.problems), ...kinds.flatMap(({ document, kind }) => kindProblem(document, kind))],
  };
}

async function yamlFiles(dir: string, shown: string): Promise<readonly string[]> {
  const folder = await stat(dir).catch(() => undefined);
  if (folder === undefined || !folder.isDirectory()) {
    const message = folder === undefined ? `there is no folder ${shown}` : `${shown} is not a folder`;
    throw new UserError(message, { hint: 'name the project folder with --dir, or start a project with sluice init' });
  }
  return (await walk(dir)).toSorted();
}

/** Symbolic links to files are followed, links to folders are not: they may lead in circles. */
async function walk(dir: string): Promise<readonly string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch((error: unknown) => {
    throw new UserError(`${dir} cannot be read: ${messageOf(error)}`, { cause: error });
  });
  const found = await Promise.all(
    entries.map(async (entry) => {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') return [];
      const path = join(dir, entry.name);
      if (entry.isDirectory()) return walk(path);
      if (!/\.ya?ml$/i.test(entry.name)) return [];
      return entry.isFile() || (await stat(path).catch(() => undefined))?.isFile() === true ? [path] : [];
    }),
  );
  return found.flat();
}

async function readDocuments(path: string, file: string): Promise<{ documents: readonly ConfigDocument[]; problems: readonly Problem[] }> {
  const source = await readText(path);
  if ('problem' in source) return { documents: [], problems: [{ message: source.problem, location: { file, line: 1, column: 1 } }] };
  const { roots, problems } = parseYaml(source.text, file);
  return { documents: roots.map((root) => ({ root, path })), problems };
}

/** A text file, or why it cannot be read. */
export async function readText(path: string): Promise<{ readonly text: string } | { readonly problem: string }> {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path)) };
  } catch (error) {
    if (error instanceof TypeError) return { problem: 'the file is not UTF-8 text' };
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return { problem: 'the file does not exist' };
    return { problem: code === 'EISDIR' ? 'this is a folder, not a file' : `the file cannot be read: ${messageOf(error)}` };
  }
}

function kindProblem({ root }: ConfigDocument, kind: string | undefined): readonly Problem[] {
  if (kind !== undefined && (KINDS as readonly string[]).includes(kind)) return [];
  const expected = `expected one of ${KINDS.join(', ')}`;
  if (kind === undefined) return [{ message: 'missing key "kind"', location: locate(root, ['kind']), hint: expected }];
  const near = nearest(kind, KINDS);
  const message = `kind: ${expected}; found ${quoted(kind)}${near === undefined ? '' : `. Did you mean ${quoted(near)}?`}`;
  return [{ message, location: locate(root, ['kind']) }];
}
