/** `sluice history`: past runs, and what one of them did. */
import { EXIT, UserError } from '../errors.ts';
import { renderRun, renderRuns, type RunRecord } from '../report/history-text.ts';
import type { Run, State } from '../state/state.ts';
import { Workspace } from '../workspace/workspace.ts';
import { numberOption, textOption } from './arguments.ts';
import type { Invocation } from './invocation.ts';
import { openProject, openProjectState } from './project.ts';
import type { Shell } from './shell.ts';

const RUNS = 20;
const RECORDS = 50;

export async function history(shell: Shell, { args, options }: Invocation): Promise<number> {
  const { project, syncs, named } = await openProject(shell, { secrets: 'state' });
  await using state = await openProjectState(shell, project);
  const runs = (await state.runs()).filter((run) => !named || syncs.some((sync) => sync.name === run.sync));
  const newest = runs.toSorted((a, b) => b.startedAt - a.startedAt || b.serial - a.serial);
  const runId = textOption(args[0]);
  if (runId !== undefined) await showRun(shell, state, findRun(newest, runId), numberOption(options.limit) ?? RECORDS);
  else await showRuns(shell, newest.slice(0, numberOption(options.limit) ?? RUNS));
  return EXIT.ok;
}

async function showRuns(shell: Shell, runs: readonly Run[]): Promise<void> {
  if (shell.options.json) return shell.printJson({ runs: runs.map((run) => runDocument(run)) });
  await shell.print(renderRuns(runs));
}

/** A run by its id, or by the beginning of it when only one run begins so. Throws `UserError`. */
export function findRun(runs: readonly Run[], typed: string): Run {
  const exact = runs.find((run) => run.runId === typed);
  const alike = runs.filter((run) => run.runId.startsWith(typed));
  const found = exact ?? (alike.length === 1 ? alike[0] : undefined);
  if (found !== undefined) return found;
  if (alike.length > 1)
    throw new UserError(`${alike.length} runs begin with "${typed}"`, {
      hint: `Type more of it: ${alike
        .slice(0, 5)
        .map((run) => run.runId)
        .join(', ')}.`,
    });
  throw new UserError(`there is no run "${typed}"`, { hint: 'List them with: sluice history' });
}

async function showRun(shell: Shell, state: State, run: Run, limit: number): Promise<void> {
  await using workspace = await Workspace.open();
  const relation = await state.runRecords(workspace, run.runId);
  const rows = await workspace.rows(
    `SELECT key, action, status, array_to_string(fields, ', ') AS fields, code, message FROM ${relation} AS records WHERE sync = $sync ORDER BY seq LIMIT $limit`,
    { sync: run.sync, limit },
  );
  const total = await workspace.count(`SELECT count(*) FROM ${relation} AS records WHERE sync = $sync`, { sync: run.sync });
  const records = rows.map((row): RunRecord => ({
    key: JSON.parse(String(row.key)) as string[],
    action: String(row.action),
    status: String(row.status),
    fields: textOrNull(row.fields),
    code: textOrNull(row.code),
    message: textOrNull(row.message),
  }));
  if (shell.options.json) await shell.printJson({ run: runDocument(run), records, total });
  else await shell.print(renderRun(run, records, total));
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** A run as `history --json` prints it. */
export function runDocument(run: Run): Readonly<Record<string, unknown>> {
  return {
    run_id: run.runId,
    plan_id: run.planId,
    sync: run.sync,
    serial: run.serial,
    started_at: new Date(run.startedAt).toISOString(),
    finished_at: run.finishedAt === null ? null : new Date(run.finishedAt).toISOString(),
    status: run.status,
    owner: run.owner,
    commit: run.commit,
    counts: run.counts,
  };
}
