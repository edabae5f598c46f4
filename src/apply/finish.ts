/** Step 5 of the applier: state-only changes, the run's record, and what is said of it. */
import type { Context } from '../context.ts';
import type { SyncApply } from '../plan/document.ts';
import type { PlanFile } from '../plan/plan-file.ts';
import type { RunStatus } from '../state/state.ts';
import { normalisedSentence } from '../plan/sync-plan.ts';
import { plural } from '../words.ts';
import type { ApplyRequest, Run } from './runs.ts';

/** Ends the run: finished when every change of the plan was attempted and its outcome is known. */
export async function finishRun(context: Context, request: ApplyRequest, file: PlanFile, run: Run): Promise<SyncApply> {
  const { counts } = run.tally;
  const left = request.adoptOnly ? 0 : await unsent(file, run, 1);
  const references = request.adoptOnly ? 0 : await unsent(file, run, 2);
  const whole =
    left === 0 && references === 0 && counts.unknown === 0 && run.stopped === undefined && (!request.adoptOnly || run.total === 0);
  const status: RunStatus = whole ? 'finished' : 'partial';
  await run.writer.finish({ status, finishedAt: context.now() });
  context.emit({ type: 'apply:done', sync: run.sync.name, ms: context.now() - run.startedAt });
  const adopted = await file.workspace.count("SELECT count(*) FROM plan.adoptions WHERE sync = $sync AND kind = 'adopt'", {
    sync: run.sync.name,
  });
  const reason = run.stopped ?? run.trouble;
  const limited = run.limited && reason === undefined;
  return {
    name: run.sync.name,
    run_id: run.runId,
    serial: run.writer.serial,
    status: run.empty && whole ? 'nothing' : whole || limited || request.adoptOnly ? 'applied' : 'partial',
    ...counts,
    held: counts.held + run.plan.summary.held,
    not_attempted: left,
    adopted,
    limited,
    duration_ms: context.now() - run.startedAt,
    messages: [...(reason === undefined ? [] : [reason]), ...remarks(run)],
    rejects: run.tally.rejectGroups(),
  };
}

/** What the plan left out, and what went well and is worth knowing. */
function remarks({ notes, readBack, plan }: Run): string[] {
  const { rejected } = plan.summary;
  return [
    ...(rejected === 0 ? [] : [`${plural(rejected, 'record was', 'records were')} rejected by the plan`]),
    ...[...notes].map(([note, records]) => `${plural(records, 'record')} ${note}`),
    ...[...readBack.normalised].map(([field, records]) => normalisedSentence(field, records)),
  ];
}

/** Changes of a pass that neither this run nor an earlier one of the same plan has attempted. */
async function unsent(file: PlanFile, run: Run, pass: 1 | 2): Promise<number> {
  const planned = await file.workspace.count(
    `SELECT count(*) FROM plan.changes WHERE sync = $sync AND pass = $pass AND seq NOT IN (SELECT unnest(CAST(from_json($done, '["BIGINT"]') AS BIGINT[])))`,
    { sync: run.sync.name, pass, done: JSON.stringify([...run.done]) },
  );
  return Math.max(0, planned - run.tally.settled(pass));
}
