/** `sluice ls`: the syncs of a project, and with `--why` the reason each is selected. */
import type { Context } from '../context.ts';
import { loadProject } from '../config/load.ts';
import type { Mode, OnMissing, Sync } from '../config/model.ts';
import { selectWithReasons } from '../config/select.ts';

export interface LsOptions {
  readonly dir: string;
  readonly environment?: string | undefined;
  readonly vars?: Readonly<Record<string, string>> | undefined;
  readonly names: readonly string[];
  readonly selectors: readonly string[];
  readonly connectionSchemas?: ReadonlyMap<string, object> | undefined;
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
  const { names, selectors, ...load } = options;
  const project = await loadProject(context, { ...load, secrets: 'none' });
  const syncs = selectWithReasons(project, names, selectors).map(({ sync, why }) => describe(sync, why));
  return { project: project.name, environment: project.environment, syncs };
}

function describe(sync: Sync, why: readonly string[]): LsSync {
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
    file: sync.location.file,
    line: sync.location.line,
    why,
  };
}

/** A line per sync, in columns: name, where from, where to, tags, file; with `why` the reason instead of tags and file. */
export function renderLs(result: LsResult, options: { readonly why?: boolean | undefined } = {}): string {
  if (result.syncs.length === 0) return `${result.project} has no syncs.\n`;
  const rows = result.syncs.map((sync) => {
    const ends = [sync.name, `${sync.source} -> ${sync.destination}.${sync.object}`].map((text) => printable(text));
    const rest = options.why === true ? [sync.why.join('; ')] : [sync.tags.join(','), `${sync.file}:${sync.line}`];
    return [...ends, ...rest.map((text) => printable(text))];
  });
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) =>
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
