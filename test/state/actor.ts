/**
 * A process of its own that works on a state file, for tests that kill it, race it or read beside it.
 * Prints a word when it reaches a step; `wait` keeps it there until it is killed.
 */
import { UserError } from '../../src/errors.ts';
import { LocalState } from '../../src/state/local/local.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import { openPlan } from '../support/plan-file.ts';
import { beginRun, intent, planOf, runStart, testContext } from './harness.ts';

const [path = '', role = '', size = '0', dieAt = '0'] = process.argv.slice(2);
/** A plan that exists, so that this process need not write it. */
const planFile = process.env['SLUICE_TEST_PLAN'];
const count = Number(size);
const context = testContext();
const state = new LocalState(context, { path, project: 'acme', environment: null });

function say(word: string): void {
  process.stdout.write(`${word}\n`);
}

function waitForever(): Promise<never> {
  setInterval(() => undefined, 1000);
  return Promise.withResolvers<never>().promise;
}

/** `SIGKILL` before the statement that contains the text. */
function dieBefore(text: string): void {
  const original = Object.getOwnPropertyDescriptor(Workspace.prototype, 'run')?.value as Workspace['run'];
  Workspace.prototype.run = function (this: Workspace, ...args) {
    if (args[0].includes(text)) process.kill(process.pid, 'SIGKILL');
    return original.apply(this, args);
  };
}

async function apply(): Promise<void> {
  const changes = Array.from({ length: count }, (_, seq) => intent(seq, seq));
  const plan = planFile === undefined ? await planOf('s', changes) : await openPlan(planFile);
  const { run } = await beginRun(state, runStart('s', { runId: `run-of-${process.pid}` }), plan);
  await run.intend([{ from: 0, to: count - 1 }]);
  await run.record([{ from: 0, to: Math.floor(count / 2) - 1, status: 'applied' }]);
  say('recorded');
  if (role === 'die') await waitForever();
  if (role === 'die-before') dieBefore(dieAt);
  if (role === 'die-after') setTimeout(() => process.kill(process.pid, 'SIGKILL'), Number(dieAt));
  await run.finish({ status: 'finished', finishedAt: 1_790_000_001_000 });
  say('finished');
}

async function read(stay: boolean): Promise<void> {
  await using workspace = await Workspace.open();
  say(`count ${(await state.attach(workspace, 's')).count}`);
  if (stay) await waitForever();
}

async function race(): Promise<void> {
  // All start at the same instant, whatever each needed to get here.
  await context.sleep(Math.max(0, Number(dieAt) - Date.now()));
  await state.acquire('s', `racer ${process.pid}`).then(
    () => say('won'),
    () => say('lost'),
  );
  await waitForever();
}

/** Says what goes wrong, for tests of a disk or folder that refuses. */
async function tell(work: () => Promise<void>): Promise<void> {
  await work().catch((error: unknown) => say(error instanceof UserError ? error.message : `unexpected: ${String(error)}`));
}

if (role === 'read') await read(true);
else if (role === 'count') await read(false);
else if (role === 'race') await race();
else if (role === 'tell') await tell(apply);
else await apply();
