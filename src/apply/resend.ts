/** Changes that were refused for now go out again, in ever smaller batches and one batch after the other. */
import { selectionOf } from '../destinations/batch.ts';
import type { Again, Outcome, WriteBatch } from '../destinations/destination.ts';
import { pause, type RetryPolicy, waitBefore } from './retry.ts';
import type { Answer, Line, Sent } from './send.ts';

/** A record that somebody holds is tried so often, within half a minute or so; then it is the next run's. */
const BUSY: RetryPolicy = { attempts: 5, baseMs: 1_000, maxWaitMs: 15_000, budgetMs: 60_000 };

/** A record that is too much even alone is tried so often: what runs beside it may have taken the time. */
const ALONE_ATTEMPTS = 3;

type SendAgain = (line: Line, batch: WriteBatch, attempt: number) => Promise<Sent>;

/** The batch's answers; those that said `again` come from sending them again. */
export async function resend(line: Line, batch: WriteBatch, outcomes: readonly Outcome[], attempt: number, send: SendAgain): Promise<Sent> {
  const left = [...outcomes.entries()].flatMap(([position, outcome]) => (outcome.status === 'again' ? [{ position, outcome }] : []));
  if (left.length === 0) return { outcomes: outcomes as readonly Answer[], failure: undefined };
  const answers: (Answer | undefined)[] = outcomes.map((outcome) => (outcome.status === 'again' ? undefined : outcome));
  const open = left.filter(({ position, outcome }) => {
    answers[position] = lastWord(outcome, batch.size, attempt, line.context.signal.aborted);
    return answers[position] === undefined;
  });
  if (open.length === 0) return { outcomes: answers, failure: undefined };
  // Smaller work is another work; the same again is another attempt, after a pause.
  const waits = batch.size === 1 || open.some(({ outcome }) => outcome.why === 'busy');
  if (waits) await waitFor(line, open.map(({ outcome }) => outcome), attempt); // prettier-ignore
  for (const half of halves(open.map(({ position }) => position))) {
    const sent = await send(line, await selectionOf(batch, half), waits ? attempt + 1 : attempt);
    for (const [index, position] of half.entries()) answers[position] = sent.outcomes[index];
    if (sent.failure !== undefined) return { outcomes: answers, failure: sent.failure };
  }
  return { outcomes: answers, failure: undefined };
}

/** What is said of a change that is not sent again; undefined when it is. */
function lastWord({ why, code, message }: Again, size: number, attempt: number, stopping: boolean): Answer | undefined {
  if (why === 'too_much' && size === 1 && attempt >= ALONE_ATTEMPTS) return { status: 'rejected', code, message };
  const isOver = stopping || (why === 'busy' && attempt >= BUSY.attempts);
  return isOver ? { status: 'not_attempted', message: `${code}: ${message}` } : undefined;
}

async function waitFor({ context, sync }: Line, refused: readonly Again[], attempt: number): Promise<void> {
  const asked = Math.max(0, ...refused.map(({ afterMs }) => afterMs ?? 0));
  const waitMs = waitBefore(context, BUSY, attempt, asked === 0 ? undefined : asked);
  context.emit({ type: 'apply:retry', sync, attempt, waitMs, reason: refused[0]?.message ?? '' });
  await pause(context, waitMs);
}

function halves(positions: readonly number[]): number[][] {
  const middle = Math.ceil(positions.length / 2);
  return [positions.slice(0, middle), positions.slice(middle)].filter((half) => half.length > 0);
}
