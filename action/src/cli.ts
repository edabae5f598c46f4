/** Sluice itself: the action is a small program around its command line, because DuckDB does not fit into one file. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

import * as core from '@actions/core';

import { ActionError, type Run } from './run.ts';

/** Where action.yml is: this file is bundled into `action/index.js`. */
const HOME = resolve(import.meta.dirname, '..');

export interface Ended {
  readonly code: number;
  readonly stdout: string;
}

export type Sluice = (args: readonly string[]) => Promise<Ended>;

/** The command line that the project has installed, else the one beside action.yml. `offline`: it sees no credentials. */
export async function openSluice(run: Run, project: string, trust: 'full' | 'offline'): Promise<Sluice> {
  const script = (await installedIn(resolve(run.workspace, project))) ?? (await besideAction());
  core.info(`Sluice: ${script}`);
  const env = trust === 'full' ? withoutRunner(process.env) : bare(process.env);
  return async (args) => start(script, args, run.workspace, env);
}

/** `node_modules/sluice` of the project's folder or of one above it. */
async function installedIn(folder: string): Promise<string | undefined> {
  const manifest = join(folder, 'node_modules', 'sluice', 'package.json');
  if (existsSync(manifest)) {
    const { bin } = JSON.parse(await readFile(manifest, 'utf8')) as { readonly bin: { readonly sluice: string } };
    return join(dirname(manifest), bin.sluice);
  }
  const parent = dirname(folder);
  return parent === folder ? undefined : installedIn(parent);
}

/** A checkout runs from its sources, and may lack its dependencies; a published package has `dist/` only. */
async function besideAction(): Promise<string> {
  if (!hasDependencies()) await install();
  const source = join(HOME, 'src', 'cli.ts');
  return existsSync(source) ? source : join(HOME, 'dist', 'cli.js');
}

function hasDependencies(): boolean {
  try {
    createRequire(join(HOME, 'package.json')).resolve('@duckdb/node-api');
    return true;
  } catch {
    return false;
  }
}

/** Exactly what package-lock.json says; no script of a package runs. */
async function install(): Promise<void> {
  core.startGroup('npm ci');
  try {
    const { code } = await start(undefined, ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'], HOME, bare(process.env));
    if (code !== 0) throw new ActionError(`npm ci in ${HOME} ended with ${code}`);
  } finally {
    core.endGroup();
  }
}

type Env = Readonly<Record<string, string | undefined>>;

/** What a program needs to run at all, and nothing that opens a door. */
const HARMLESS = /^(PATH|HOME|USERPROFILE|TMPDIR|TEMP|TMP|SYSTEMROOT|COMSPEC|LANG|LC_.*|TZ|CI|NO_COLOR|RUNNER_TEMP|RUNNER_TOOL_CACHE)$/i;

function bare(env: Env): Env {
  return Object.fromEntries(Object.entries(env).filter(([name]) => HARMLESS.test(name)));
}

/** Inputs hold the token; the runner's own variables are doors into the job. */
const RUNNER = /^(INPUT_.*|STATE_.*|ACTIONS_.*|GITHUB_(TOKEN|ENV|PATH|OUTPUT|STATE|STEP_SUMMARY))$/i;

function withoutRunner(env: Env): Env {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !RUNNER.test(name)));
}

/** Runs a script, or npm without one. A cancelled job reaches it as the signal that it is: an apply ends its batch. */
async function start(script: string | undefined, args: readonly string[], cwd: string, env: Env): Promise<Ended> {
  const [program, ...first] = script === undefined ? ['npm'] : [process.execPath, script];
  const child = spawn(program, [...first, ...args], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: program === 'npm' && process.platform === 'win32',
  });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', forward).on('SIGTERM', forward);
  const output: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => void output.push(text));
  createInterface({ input: child.stderr }).on('line', (line) => {
    core.info(harmless(line));
  });
  try {
    const code = await new Promise<number>((done, fail) => {
      child.on('error', (error) => {
        fail(new ActionError(`${program} does not start: ${error.message}`));
      });
      child.on('close', (exit) => {
        done(exit ?? 1);
      });
    });
    return { code, stdout: output.join('') };
  } finally {
    process.off('SIGINT', forward).off('SIGTERM', forward);
  }
}

/** The runner obeys a line that begins like a command of its own, whoever wrote it. */
function harmless(line: string): string {
  return line.replaceAll('::', ': :').replaceAll('##[', '## [');
}
