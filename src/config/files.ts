/** The YAML files of a project folder, as documents sorted by their kind. */
import { relative, sep } from 'node:path';

import { messageOf, type Problem, UserError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { type FileView, workingTree } from './file-view.ts';
import { type ConfigDocument, locate, textAt } from './nodes.ts';
import { quoted } from './schema-errors.ts';
import { parseYaml } from './yaml.ts';

const KINDS = ['Project', 'Connection', 'Sync', 'Test', 'Approval'] as const;
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
export async function readProjectFiles(dir: string, cwd: string, files: FileView = workingTree): Promise<ProjectFiles> {
  const paths = await yamlFiles(files, dir, shownPath(cwd, dir));
  const parsed = await Promise.all(paths.map(async (path) => readDocuments(files, path, shownPath(cwd, path))));
  const documents = parsed.flatMap((each) => each.documents);
  const kinds = documents.map((document) => ({ document, kind: textAt(document.root, 'kind') }));
  const of = (kind: Kind): readonly ConfigDocument[] => kinds.filter((each) => each.kind === kind).map((each) => each.document);
  return {
    documents: { Project: of('Project'), Connection: of('Connection'), Sync: of('Sync'), Test: of('Test'), Approval: of('Approval') },
    problems: [...parsed.flatMap((each) => each.problems), ...kinds.flatMap(({ document, kind }) => kindProblem(document, kind))],
  };
}

async function yamlFiles(files: FileView, dir: string, shown: string): Promise<readonly string[]> {
  const kind = await files.kindOf(dir);
  if (kind !== 'folder') {
    const message = kind === undefined ? `there is no folder ${shown}` : `${shown} is not a folder`;
    throw new UserError(message, { hint: 'name the project folder with --dir, or start a project with sluice init' });
  }
  return (await files.filesBelow(dir, /\.ya?ml$/i)).toSorted();
}

async function readDocuments(
  files: FileView,
  path: string,
  file: string,
): Promise<{ documents: readonly ConfigDocument[]; problems: readonly Problem[] }> {
  const source = await readText(files, path);
  if ('problem' in source) return { documents: [], problems: [{ message: source.problem, location: { file, line: 1, column: 1 } }] };
  const { roots, problems } = parseYaml(source.text, file);
  return { documents: roots.map((root) => ({ root, path })), problems };
}

/** A text file, or why it cannot be read. */
export async function readText(files: FileView, path: string): Promise<{ readonly text: string } | { readonly problem: string }> {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(await files.read(path)) };
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
