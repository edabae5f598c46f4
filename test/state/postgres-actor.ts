/**
 * A process of its own that works on a Postgres state, for tests that kill it or race it. Prints a word when it reaches a
 * step; then it waits to be killed.
 */
import { PgClient } from '../../src/postgres/client.ts';
import { beginRun, intent, planOf, runStart, testContext } from './harness.ts';
import { openState } from './postgres-backend.ts';

const [url = '', role = '', detail = ''] = process.argv.slice(2);
const context = testContext();
const state = openState(context, url);
/** Half of them are acknowledged. */
const COUNT = 11;

function say(word: string): void {
  process.stdout.write(`${word}\n`);
}

function waitForever(): Promise<never> {
  setInterval(() => undefined, 1000);
  return Promise.withResolvers<never>().promise;
}

/** `SIGKILL` before the statement of a fold that contains the text. */
function dieBefore(text: string): void {
  for (const method of ['run', 'rows'] as const) {
    const original = Object.getOwnPropertyDescriptor(PgClient.prototype, method)?.value as (
      ...args: Parameters<PgClient['run']>
    ) => Promise<never>;
    PgClient.prototype[method] = function (this: PgClient, ...args: Parameters<PgClient['run']>) {
      if (args[0].includes(text)) process.kill(process.pid, 'SIGKILL');
      return original.apply(this, args);
    };
  }
}

async function apply(): Promise<void> {
  const plan = await planOf(
    's',
    Array.from({ length: COUNT }, (_, seq) => intent(seq, seq)),
  );
  const { run } = await beginRun(state, runStart('s', { runId: `run-of-${process.pid}` }), plan);
  await run.intend([{ from: 0, to: COUNT - 1 }]);
  await run.record([{ from: 0, to: Math.floor(COUNT / 2) - 1, status: 'applied' }]);
  say('recorded');
  if (role === 'stay') await waitForever();
  if (role === 'die-before') dieBefore(detail);
  await run.finish({ status: 'finished', finishedAt: 1_790_000_001_000 });
  say('finished');
}

async function race(): Promise<void> {
  // All start at the same instant, whatever each needed to get here.
  await context.sleep(Math.max(0, Number(detail) - Date.now()));
  await state.acquire('s', `racer ${process.pid}`).then(
    () => say('won'),
    (error: unknown) => say(String(error).includes('is being applied by racer') ? 'lost' : String(error)),
  );
  await waitForever();
}

await (role === 'race' ? race() : apply());
process.exit();
