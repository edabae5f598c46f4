/** The query of a sync: written in the document, in a `.sql` file, or the whole of a table. */
import { dirname, relative, resolve, sep } from 'node:path';

import type { Location } from '../errors.ts';
import { duckdbDialect } from '../sql/duckdb.ts';
import { dialectOf } from '../sql/of-connection.ts';
import { type DbtFiles, modelQuery } from './dbt.ts';
import { lookupFor, type Scope } from './document.ts';
import type { FileView } from './file-view.ts';
import { readText, shownPath } from './files.ts';
import { interpolateText, offsetLocation } from './interpolate.ts';
import type { DbtSource } from './model.ts';
import { type ConfigNode, locate, type MapNode, nodeAt, textAt } from './nodes.ts';

export interface QueryText {
  readonly query: string;
  /** Where each line of `query` stands. */
  readonly lines: readonly Location[];
  /** The dbt model that it reads. */
  readonly dbt?: DbtSource;
}

/** What the query's connection is, and where dbt's models are found. */
export interface SourceFacts {
  /** Undefined when there is no such connection. */
  readonly connectionType: string | undefined;
  readonly dbt: DbtFiles | undefined;
}

/** The query of a checked Sync document; undefined when something is wrong, which is reported. `path` is the document's file. */
export async function queryOf(root: MapNode, path: string, scope: Scope, facts: SourceFacts): Promise<QueryText | undefined> {
  const found = await rawQuery(root, path, scope, facts);
  if (found === undefined) return undefined;
  const query = withoutEnd(found.query);
  if (query.trim() === '') {
    scope.report({ message: 'the query is empty', location: found.lines[0] ?? locate(root, ['source']) });
    return undefined;
  }
  return { ...found, query, lines: found.lines.slice(0, query.split('\n').length) };
}

/** Without the semicolons and white space at the end. */
export function withoutEnd(sql: string): string {
  return sql.replace(/[\s;]+$/, '');
}

async function rawQuery(root: MapNode, path: string, scope: Scope, facts: SourceFacts): Promise<QueryText | undefined> {
  const query = nodeAt(root, ['source', 'query']);
  if (query?.kind === 'scalar') return { query: query.text, lines: query.lines };
  const table = nodeAt(root, ['source', 'table']);
  if (table !== undefined) return tableQuery(table, root, scope, facts);
  const file = nodeAt(root, ['source', 'file']);
  if (file?.kind === 'scalar') return modelFile(file.text, { path, at: file.location, scope });
  const model = await modelQuery(textAt(root, 'source', 'dbt') ?? '', { root, scope, ...facts });
  return model === undefined ? undefined : { ...model, lines: [locate(root, ['source', 'dbt'])] };
}

function tableQuery(table: ConfigNode, root: MapNode, scope: Scope, { connectionType }: SourceFacts): QueryText | undefined {
  const parts =
    table.kind === 'list'
      ? table.items.flatMap((item) => (item.kind === 'scalar' ? [item.text] : []))
      : table.kind === 'scalar'
        ? table.text.split('.')
        : [];
  const location = locate(root, ['source', 'table']);
  if (parts.every((part) => part.trim() !== '')) {
    const dialect = dialectOf(connectionType) ?? duckdbDialect;
    return { query: `select * from ${dialect.qualified(...parts)}`, lines: [location] };
  }
  scope.report({
    message: 'source.table: a part of the name is empty',
    location,
    hint: 'a name that holds a dot is written as a list: ["my.schema", "accounts"]',
  });
  return undefined;
}

interface ModelPlace {
  readonly path: string;
  readonly at: Location;
  readonly scope: Scope;
}

/** A `.sql` file inside the project folder; links that lead out of it are refused. */
async function modelFile(name: string, { path, at, scope }: ModelPlace): Promise<QueryText | undefined> {
  const file = resolve(dirname(path), name);
  const shown = shownPath(scope.cwd, file);
  if (!(await isInside(scope.files, file, scope.dir))) {
    scope.report({
      message: `source.file: ${shown} lies outside the project folder`,
      location: at,
      hint: `move it below ${shownPath(scope.cwd, scope.dir)}`,
    });
    return undefined;
  }
  const source = await readText(scope.files, file);
  if ('problem' in source) {
    scope.report({ message: `source.file: ${shown}: ${source.problem}`, location: at });
    return undefined;
  }
  return interpolateFile(source.text.replaceAll('\r\n', '\n'), shown, scope);
}

function interpolateFile(text: string, file: string, scope: Scope): QueryText | undefined {
  const lines = text.split('\n').map((_, index): Location => ({ file, line: index + 1, column: 1 }));
  const start: Location = { file, line: 1, column: 1 };
  const result = interpolateText(text, {
    lookup: lookupFor(scope.variables, undefined),
    sql: true,
    locate: (offset) => offsetLocation(lines, text, offset) ?? start,
    report: scope.report,
  });
  return result.left ? undefined : { query: result.text, lines };
}

/** Of a file that does not exist only the path is judged: reading it says the rest. */
async function isInside(files: FileView, file: string, dir: string): Promise<boolean> {
  const real = await files.realPath(file);
  const [from, to] = real === undefined ? [dir, file] : [(await files.realPath(dir)) ?? dir, real];
  const path = relative(from, to);
  return path !== '..' && !path.startsWith(`..${sep}`) && resolve(from, path) === to;
}
