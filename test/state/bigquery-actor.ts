/** A process of its own that works on a BigQuery state, for tests that kill it. Prints a word when it reaches a step. */
import { openState } from './bigquery-backend.ts';
import { beginRun, intent, planOf, runStart, testContext } from './harness.ts';

const [url = '', project = '', dataset = ''] = process.argv.slice(2);
const state = openState(testContext(), { url, project }, dataset);
/** Half of them are acknowledged. */
const COUNT = 11;

function say(word: string): void {
  process.stdout.write(`${word}\n`);
}

const plan = await planOf(
  's',
  Array.from({ length: COUNT }, (_, seq) => intent(seq, seq)),
);
const { run } = await beginRun(state, runStart('s', { runId: `run-of-${process.pid}` }), plan);
await run.intend([{ from: 0, to: COUNT - 1 }]);
await run.record([{ from: 0, to: Math.floor(COUNT / 2) - 1, status: 'applied' }]);
say('recorded');
await run.finish({ status: 'finished', finishedAt: 1_790_000_001_000 });
say('finished');
process.exit();
