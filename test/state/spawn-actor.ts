/** Processes of their own that work on a state and say a word at each step. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Actor extends AsyncDisposable {
  readonly process: ChildProcess;
  /** The next word it says; undefined when it ends. */
  readonly next: () => Promise<string | undefined>;
  readonly ended: Promise<unknown>;
}

/** `temporary`: where it leaves its temporary files when it is killed. */
export function spawnActor(script: string, temporary: string, args: readonly (string | number)[]): Actor {
  const child = spawn(process.execPath, [join(import.meta.dirname, script), ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: temporary },
  });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    process: child,
    ended,
    next: async () => (await lines.next()).value,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
