/** `sluice ls`: the syncs of a project, and with `--why` the reason each is selected. */
import type { Context } from '../context.ts';
import { dependencies } from '../config/graph.ts';
import { loadProject } from '../config/load.ts';
import type { Mode, OnMissing, Sync } from '../config/model.ts';
import { selectWithReasons } from '../config/select.ts';
import { compareWith, modifiedIn, openBase } from './base.ts';

export interface LsOptions {
  readonly dir: string;
  readonly environment?: string | undefined;
  readonly vars?: Readonly<Record<string, string>> | undefined;
  readonly names: readonly string[];
  readonly selectors: readonly string[];
  readonly connectionSchemas?: ReadonlyMap<string, object> | undefined;
  /** The branch to compare with; then what is modified is listed, unless syncs are named. */
  readonly base?: string | undefined;
}

/** One sync as `ls --json` prints it. */
export interface LsSync {
  readonly name: string;
  readonly description: string | null;
  readonly owner: string | null;
  readonly tags: readonly string[];
  readonly source: string;
  readonly destination: string;
  readonly object: string;
  readonly mode: Mode;
  readonly on_missing: OnMissing;
  readonly fields: number;
  readonly schedule: string | null;
  /** Syncs whose records it refers to: they are applied before it. */
  readonly needs: readonly string[];
  readonly file: string;
  readonly line: number;
  /** Why it is listed: `every sync`, `named`, or the selectors that fit. */
  readonly why: readonly string[];
}

export interface LsResult {
  readonly project: string;
  readonly environment: string | null;
  readonly syncs: readonly LsSync[];
}

/** Needs no secret and no connection. */
export async function ls(context: Context, options: LsOptions): Promise<LsResult> {
  const { names, selectors, base: ref, ...load } = options;
  const base = await openBase(context, ref, load);
  const project = await loadProject(context, { ...load, secrets: 'none' });
  const modified = base === undefined ? undefined : modifiedIn(compareWith(base, project), project);
  const parents = Map.groupBy(dependencies(project.syncs), (each) => each.sync.name);
  const syncs = selectWithReasons(project, names, selectors, modified).map(({ sync, why }) =>
    describe(sync, why, [...new Set(parents.get(sync.name)?.map((each) => each.parent.name))].toSorted()),
  );
  return { project: project.name, environment: project.environment, syncs };
}

function describe(sync: Sync, why: readonly string[], needs: readonly string[]): LsSync {
  return {
    name: sync.name,
    description: sync.description ?? null,
    owner: sync.owner ?? null,
    tags: sync.tags,
    source: sync.source.connection,
    destination: sync.destination.connection,
    object: sync.destination.object,
    mode: sync.mode,
    on_missing: sync.onMissing,
    fields: sync.fields.length,
    schedule: sync.schedule ?? null,
    needs,
    file: sync.location.file,
    line: sync.location.line,
    why,
  };
}

/** A line per sync, in columns: name, where from, where to, tags, file; with `why` the reasons instead of tags and file. */
export function renderLs(
  result: LsResult,
  options: { readonly why?: boolean | undefined; readonly base?: string | undefined } = {},
): string {
  if (result.syncs.length === 0) {
    if (options.base !== undefined) return `Nothing is selected: no sync differs from ${printable(options.base)}.\n`;
    return `${result.project} has no syncs.\n`;
  }
  const rows = result.syncs.flatMap((sync) => {
    const ends = [sync.name, `${sync.source} -> ${sync.destination}.${sync.object}`];
    if (options.why !== true) return [[...ends, sync.tags.join(','), `${sync.file}:${sync.line}`]];
    return sync.why.map((why, index) => (index === 0 ? [...ends, why] : ['', '', why]));
  });
  const shown = rows.map((row) => row.map((cell) => printable(cell)));
  const widths = shown[0]?.map((_, column) => Math.max(...shown.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = shown.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

/** Without control characters: a name must not drive the terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}|\p{Cf}/gu, '\uFFFD');
}
