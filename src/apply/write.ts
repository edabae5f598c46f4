/** Steps 3 and 4 of the applier: the changes of one sync go to its destination. */
import type { Context } from '../context.ts';
import { TransientError, type UserError } from '../errors.ts';
import type { PlanFile } from '../plan/plan-file.ts';
import { count, plural } from '../words.ts';
import { type ChangeBatch, firstOf, loadBatch, type Phase, readBatches, seqsOf, sizeOf } from './batches.ts';
import { deliver, type Delivered, recorded } from './outcomes.ts';
import { holdChildren } from './parents.ts';
import type { Budget, Run, Runs } from './runs.ts';

/** Sends the changes of a phase, batch by batch, until they are sent or something says stop. */
export async function writePhase(context: Context, file: PlanFile, runs: Runs, run: Run, phase: Phase, budget: Budget): Promise<void> {
  const batches = readBatches(file.workspace, run.sync.name, phase, { batchSize: run.destination.capabilities.batchSize, skip: run.done });
  for await (const planned of batches) {
    run.stopped = run.stopped ?? stopReason(context, run);
    if (run.stopped !== undefined) return;
    if (budget.left <= 0) {
      run.limited = true;
      return;
    }
    const batch = sizeOf(planned) <= budget.left ? planned : firstOf(planned, budget.left);
    run.limited = run.limited || batch !== planned;
    budget.take(sizeOf(batch));
    await writeBatch(context, file, runs, run, batch, phase);
    context.emit({
      type: 'apply:progress',
      sync: run.sync.name,
      done: run.tally.done,
      total: run.total,
      rejected: run.tally.counts.rejected,
    });
  }
}

/** Announce, send, record: in this order, each durable before the next. A destination out of reach ends the run cleanly. */
async function writeBatch(context: Context, file: PlanFile, runs: Runs, run: Run, batch: ChangeBatch, phase: Phase): Promise<void> {
  const { destination, planned, sync, tally } = run;
  const { workspace } = file;
  const { ready, held } = await holdChildren(workspace, batch, run, runs);
  await tally.add(workspace, sync.name, { batch, pass: phase.pass }, held);
  if (ready.ranges.length === 0) return;
  await runs.hold();
  const changes = await loadBatch(workspace, planned, ready);
  await run.writer.intend(ready.ranges);
  const limiter = runs.limiters.of(sync.destination.connection, destination.capabilities.rate);
  const delivery = { context, workspace, destination, planned, readBack: run.readBack, limiter, hold: async () => runs.hold() };
  const delivered = await deliver(delivery, changes);
  const outcomes = recorded(seqsOf(ready), delivered.outcomes);
  await run.writer.record(outcomes);
  judge(run, delivered);
  await tally.add(workspace, sync.name, { batch, pass: phase.pass }, outcomes);
}

/** Goes on after a batch that failed for now, unless the destination keeps failing; ends the run when no write can succeed. */
function judge(run: Run, { outcomes, failure, notes }: Delivered): void {
  for (const [note, records] of notes) run.notes.set(note, (run.notes.get(note) ?? 0) + records);
  if (failure !== undefined && !(failure instanceof TransientError)) {
    run.stopped = withHint(failure);
    return;
  }
  const busy = outcomes.find((outcome) => outcome.status === 'not_attempted');
  run.trouble = busy?.message ?? run.trouble;
  const isLost = outcomes.length > 0 && outcomes.every(({ status }) => status === 'unknown' || status === 'not_attempted');
  if (failure === undefined && !isLost) {
    run.breaker.succeeded();
    return;
  }
  run.trouble = failure?.message ?? outcomes[0]?.message ?? 'nobody knows whether it was written';
  run.breaker.failed(run.trouble);
}

/** What to do stands below what is wrong. */
function withHint({ message, problems }: UserError): string {
  return [message, ...problems.flatMap(({ hint }) => (hint === undefined ? [] : [`  ${hint}`]))].join('\n');
}

function stopReason(context: Context, run: Run): string | undefined {
  if (context.signal.aborted) return 'stopped on request';
  if (run.breaker.open !== undefined) return run.breaker.open;
  const { rejectLimit, tally } = run;
  const { rejected } = tally.counts;
  return rejectLimit !== null && rejected > rejectLimit
    ? `stopped: ${plural(rejected, 'record was', 'records were')} rejected, the limit is ${count(rejectLimit)} (guard rejects)`
    : undefined;
}
