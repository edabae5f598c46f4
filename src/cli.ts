#!/usr/bin/env node
/** The command line: wiring, signals, and the one place that maps errors to exit codes. */
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

import type { CommanderError } from 'commander';

import { nodeTooOld } from './cli/node-version.ts';
import { createProgram } from './cli/program.ts';
import { reportError } from './cli/report-error.ts';
import { terraformHint } from './cli/terraform.ts';
import type { Action, Invocation } from './commands/invocation.ts';
import type { Registry } from './commands/registry.ts';
import type { Host, Shell } from './commands/shell.ts';
import type { Context } from './context.ts';
import { EXIT, UserError } from './errors.ts';
import { SLUICE_VERSION } from './version.ts';

/** What tests replace. */
export interface Overrides {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly host?: Partial<Host>;
  /** Added to the connectors that come with Sluice. */
  readonly registry?: Partial<Registry>;
  /** The schema of each connection type, ours included. */
  readonly connectionSchemas?: ReadonlyMap<string, object>;
  readonly context?: Partial<Pick<Context, 'now' | 'sleep' | 'fetch' | 'randomHex'>>;
}

/** Second Ctrl-C, as shells count it: 128 + SIGINT. */
const INTERRUPTED = 130;

/** Runs one command line, without the program's name. Returns the exit code. */
export async function main(argv: readonly string[], overrides: Overrides = {}): Promise<number> {
  const host = { ...processHost(), ...overrides.host };
  const session: Session = { shell: undefined, code: EXIT.ok, interrupted: false, json: argv.includes('--json') };
  const output: string[] = [];
  const program = createProgram({
    version: SLUICE_VERSION,
    write: (text) => output.push(text),
    run: async (verb, load, invocation) => {
      session.code = await runAction({ verb, load, invocation, host, overrides, session });
    },
  });
  try {
    await program.parseAsync(argv.length === 0 ? ['--help'] : [...argv], { from: 'user' });
    return session.code;
  } catch (error) {
    if (isCommanderError(error) && error.exitCode === 0) {
      await host.stdout(output.join(''));
      return EXIT.ok;
    }
    const code = await reportError(isCommanderError(error) ? usageError(error, output) : error, {
      host,
      json: session.json,
      cwd: overrides.cwd ?? process.cwd(),
      env: overrides.env ?? process.env,
      shell: session.shell,
    });
    return session.interrupted ? INTERRUPTED : code;
  } finally {
    session.shell?.end();
  }
}

interface Session {
  shell: Shell | undefined;
  code: number;
  interrupted: boolean;
  readonly json: boolean;
}

interface ActionCall {
  readonly verb: string;
  readonly load: () => Promise<Action>;
  readonly invocation: Invocation;
  readonly host: Host;
  readonly overrides: Overrides;
  readonly session: Session;
}

async function runAction(call: ActionCall): Promise<number> {
  const { verb, load, invocation, host, overrides } = call;
  const { createShell } = await import('./cli/create-shell.ts');
  const controller = new AbortController();
  const signals = listen(controller, verb, host);
  try {
    const cwd = overrides.cwd ?? process.cwd();
    const env = overrides.env ?? process.env;
    const shell = createShell({
      options: invocation.options,
      cwd,
      env,
      signal: controller.signal,
      host,
      registry: overrides.registry,
      connectionSchemas: overrides.connectionSchemas,
      context: overrides.context,
    });
    call.session.shell = shell;
    const action = await load();
    return await action(shell, invocation);
  } catch (error) {
    if (!controller.signal.aborted || !isInterruption(error)) throw error;
    call.session.interrupted = true;
    throw new UserError('stopped before the end', { cause: error });
  } finally {
    signals();
  }
}

/** First signal: finish what is in flight. Second: end at once. Returns what removes the handlers. */
function listen(controller: AbortController, verb: string, host: Host): () => void {
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    const what = verb === 'apply' || verb === 'revert' ? 'finishing the batch in flight' : 'stopping';
    host.stderr(`\n${what}; press Ctrl-C again to stop at once\n`);
    controller.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return () => process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
}

/** What an aborted wait or an interrupted statement throws. */
function isInterruption(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || /interrupt/i.test(error.message));
}

function isCommanderError(error: unknown): error is CommanderError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('commander.');
}

/** What was typed wrong, in our form. A command without its subcommand shows its help. */
function usageError(error: CommanderError, output: readonly string[]): UserError {
  if (error.code === 'commander.help') return new UserError('a subcommand is missing', { hint: 'Type the same with --help.' });
  const message = error.message.replace(/^error: /, '');
  const [first = message, ...rest] = message.split('\n');
  const hint = terraformHint(first);
  return new UserError(first, { hint: [...(hint === undefined ? rest : [hint]), ...output, 'Type: sluice --help'].join('\n').trim() });
}

function processHost(): Host {
  return {
    stdout: async (text) => {
      if (process.stdout.write(text)) return;
      await once(process.stdout, 'drain');
    },
    stderr: (text) => void process.stderr.write(text),
    ask: process.stdin.isTTY ? askPerson : null,
    isTTY: { stdout: process.stdout.isTTY, stderr: process.stderr.isTTY },
    columns: () => process.stderr.columns || 80,
    chdir: (folder) => process.chdir(folder),
    makePrivate: () => void process.umask(0o077),
  };
}

/** The question goes to stderr: stdout may be a file. */
async function askPerson(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}

/** Bytes of V8's space for new objects. */
const NEW_SPACE = 16 * 1024 * 1024;

/**
 * V8 lets the space for new objects grow with the machine, to 128 MB and more, and gives little of it back. What passes through
 * here are batches, which a small one serves nearly as fast (Node 24, 2026-11). Its size can be given only to a new process; that
 * it stops growing can be said at any time.
 */
function keepHeapSmall(): void {
  const timer = setInterval(() => {
    const size = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')?.space_size ?? 0;
    if (size < NEW_SPACE) return;
    setFlagsFromString('--semi-space-growth-factor=1');
    clearInterval(timer);
  }, 50);
  timer.unref();
}

async function start(): Promise<void> {
  const problem = nodeTooOld(process.versions.node);
  if (problem !== undefined) {
    process.stderr.write(problem);
    process.exitCode = EXIT.error;
    return;
  }
  keepHeapSmall();
  // The reader of a pipe may leave early (`| head`): then there is nobody left to tell.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok);
    process.stderr.write(`Error: the output cannot be written: ${error.message}\n`);
    process.exit(EXIT.error);
  });
  process.exitCode = await main(process.argv.slice(2));
}

function isMain(): boolean {
  const started = process.argv[1];
  return started !== undefined && realpathSync(started) === fileURLToPath(import.meta.url);
}

if (isMain()) await start();
