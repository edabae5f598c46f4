/** Which folder of `src/` may import which: DESIGN's layers as a table, and a checker that reads the imports. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, posix, relative, sep } from 'node:path';

import ts from 'typescript';

/** One import of a relative module. Paths are relative to `src/`, with forward slashes. */
export interface Import {
  readonly from: string;
  readonly to: string;
  /** `import type`: nothing of it is left at run time. */
  readonly typeOnly: boolean;
}

/** From the top to the bottom. A file imports from its own layer and from those below. */
const LAYERS: readonly (readonly string[])[] = [
  ['cli'],
  ['index', 'commands'],
  ['config', 'plan', 'rehearsal', 'apply', 'report', 'git'],
  ['sources', 'destinations', 'state'],
  ['canonical', 'workspace', 'sql', 'postgres', 'bigquery', 'salesforce', 'dbt', 'sandbox'],
  ['errors', 'context', 'events', 'nearest', 'version', 'words'],
];
const CONNECTOR_FOLDERS: ReadonlySet<string> = new Set(['sources', 'destinations']);
/** The vocabulary that every layer speaks: types and a few constants, so that nothing comes along with it. */
const VOCABULARY = 'config/model.ts';

/** Every broken rule as a sentence; empty when all arrows point the right way. */
export function findWrongImports(imports: readonly Import[]): readonly string[] {
  return [...imports.flatMap((each) => wrongArrow(each)), ...folderCycles(imports)];
}

function wrongArrow(each: Import): readonly string[] {
  if (each.from === VOCABULARY && !each.typeOnly) return [`${each.from} must import ${each.to} with 'import type'`];
  if (each.to === VOCABULARY) return [];
  const [from, to] = [layerOf(each.from), layerOf(each.to)];
  if (from === undefined) return [`${each.from} belongs to no layer: add its folder to LAYERS`];
  if (to === undefined) return [`${each.from} imports ${each.to}, which belongs to no layer`];
  if (to < from) return [`${each.from} imports ${each.to}, which stands above it`];
  return wrongSibling(each);
}

/** A connector knows its own folder and the shared files of its kind; the two kinds and the state do not know each other. */
function wrongSibling({ from, to }: Import): readonly string[] {
  const [fromFolder, toFolder] = [folderOf(from), folderOf(to)];
  if (CONNECTOR_FOLDERS.has(fromFolder) && layerOf(to) === layerOf(from) && fromFolder !== toFolder) {
    return [`${from} imports ${to}: a connector imports no sibling`];
  }
  const [fromConnector, toConnector] = [connectorOf(from), connectorOf(to)];
  const siblings = fromConnector !== undefined && toConnector !== undefined && fromConnector !== toConnector;
  return siblings ? [`${from} imports ${to}: a connector imports no sibling`] : [];
}

/** Folders that need each other at run time, directly or around a corner. */
function folderCycles(imports: readonly Import[]): readonly string[] {
  const graph = new Map<string, Set<string>>();
  for (const { from, to, typeOnly } of imports) {
    const [a, b] = [folderOf(from), folderOf(to)];
    if (typeOnly || a === b || to === VOCABULARY) continue;
    graph.set(a, (graph.get(a) ?? new Set()).add(b));
  }
  const cyclic = [...graph.keys()].filter((folder) => reaches(graph, folder, folder)).sort();
  return cyclic.length === 0 ? [] : [`folders import each other in a circle: ${cyclic.join(', ')}`];
}

function reaches(graph: ReadonlyMap<string, ReadonlySet<string>>, start: string, goal: string): boolean {
  const seen = new Set<string>();
  const open = [...(graph.get(start) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === goal) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(...(graph.get(next) ?? []));
  }
  return false;
}

function folderOf(file: string): string {
  return file.split('/')[0]?.replace(/\.ts$/, '') ?? file;
}

/** `destinations/duckdb/write.ts` belongs to the connector `destinations/duckdb`; `destinations/index.ts` to none. */
function connectorOf(file: string): string | undefined {
  const parts = file.split('/');
  return parts.length > 2 && CONNECTOR_FOLDERS.has(parts[0] ?? '') ? parts.slice(0, 2).join('/') : undefined;
}

function layerOf(file: string): number | undefined {
  const index = LAYERS.findIndex((layer) => layer.includes(folderOf(file)));
  return index < 0 ? undefined : index;
}

/** All relative imports of the TypeScript files under `root`. */
export async function readImports(root: string): Promise<readonly Import[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts')).map((entry) => join(entry.parentPath, entry.name));
  const found = await Promise.all(
    files.map(async (file) => importsOf(relative(root, file).split(sep).join('/'), await readFile(file, 'utf8'))),
  );
  return found.flat();
}

/** Static imports, re-exports and `import('...')` of one file. `file` is relative to the root. */
export function importsOf(file: string, text: string): readonly Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean): void => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier) || !specifier.text.startsWith('.')) return;
    found.push({ from: file, to: posix.normalize(posix.join(dirname(file), specifier.text)), typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeImport(node));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0], false);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest));
  return found;
}

/** `import type { A }` and `import { type A, type B }`. */
function isTypeImport(node: ts.ImportDeclaration): boolean {
  const clause = node.importClause;
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const named = clause.namedBindings;
  return (
    clause.name === undefined &&
    named !== undefined &&
    ts.isNamedImports(named) &&
    named.elements.length > 0 &&
    named.elements.every((element) => element.isTypeOnly)
  );
}
