/** Runs the action as GitHub's runner does: variables, inputs with their defaults, the event file, files for the output. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { parse } from 'yaml';

import { childEnv } from '../compile-cache.ts';
import type { GitHubServer } from './server.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

interface ActionFile {
  readonly inputs: Readonly<Record<string, { readonly required?: boolean; readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly runs: { readonly using: string; readonly main: string };
}

/** One job: what set it off. */
export interface Trigger {
  /** Default: `push`. */
  readonly event?: string;
  /** The event file. */
  readonly payload?: object;
  /** Default: the commit that is checked out. */
  readonly sha?: string;
  /** Counts the runs of the workflow. */
  readonly number?: number;
  readonly attempt?: number;
  readonly workflow?: string;
  /** Secrets and such, as `env:` of the job. */
  readonly env?: Readonly<Record<string, string>>;
  /** Called with every line, as it comes. */
  readonly onLine?: (line: string, kill: (signal: NodeJS.Signals) => void) => void;
}

export interface JobResult {
  /** 0: the step succeeded. */
  readonly code: number;
  readonly log: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  /** `error file=a.yaml,line=1,col=2: text`, in order. */
  readonly annotations: readonly string[];
}

/** `workspace` holds a checkout; `temp` is the runner's own folder. */
export async function runAction(
  place: { readonly workspace: string; readonly temp: string; readonly github: GitHubServer },
  inputs: Readonly<Record<string, string>>,
  trigger: Trigger = {},
): Promise<JobResult> {
  const action = parse(await readFile(join(ROOT, 'action.yml'), 'utf8')) as ActionFile;
  const files = await runnerFiles(place.temp, trigger.payload ?? {});
  const env = { ...childEnv(), ...runnerEnv(place, files, trigger), ...inputEnv(action, inputs, place.github.token), ...trigger.env };
  const child = spawn(process.execPath, [join(ROOT, action.runs.main)], { cwd: place.workspace, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      text.split('\n').forEach((line) => trigger.onLine?.(line, (signal) => void child.kill(signal)));
    });
  }
  const code = await new Promise<number>((done, fail) => {
    child.on('error', fail).on('close', (exit) => done(exit ?? 1));
  });
  const outputs = parseOutputs(await readFile(files.output, 'utf8'));
  const strangers = Object.keys(outputs).filter((name) => !(name in action.outputs));
  if (strangers.length > 0) throw new Error(`action.yml has no output ${strangers.join(', ')}`);
  return { code, log, outputs, summary: await readFile(files.summary, 'utf8'), annotations: annotationsOf(log) };
}

let steps = 0;

async function runnerFiles(
  temp: string,
  payload: object,
): Promise<{ readonly output: string; readonly summary: string; readonly event: string }> {
  steps += 1;
  const folder = join(temp, `_step_${steps}`);
  await mkdir(folder, { recursive: true });
  const files = { output: join(folder, 'output'), summary: join(folder, 'summary'), event: join(folder, 'event.json') };
  await writeFile(files.output, '');
  await writeFile(files.summary, '');
  await writeFile(files.event, JSON.stringify(payload));
  return files;
}

function runnerEnv(
  { workspace, temp, github }: Parameters<typeof runAction>[0],
  files: { readonly output: string; readonly summary: string; readonly event: string },
  { event = 'push', sha, number = 1, attempt = 1, workflow = 'sluice', payload }: Trigger,
): Readonly<Record<string, string>> {
  const base = (payload as { readonly pull_request?: { readonly base: { readonly ref: string } } } | undefined)?.pull_request?.base.ref;
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: temp,
    CI: 'true',
    RUNNER_TEMP: temp,
    GITHUB_ACTIONS: 'true',
    GITHUB_WORKSPACE: workspace,
    GITHUB_OUTPUT: files.output,
    GITHUB_STEP_SUMMARY: files.summary,
    GITHUB_EVENT_PATH: files.event,
    GITHUB_EVENT_NAME: event,
    GITHUB_REPOSITORY: github.repository,
    GITHUB_API_URL: github.url,
    GITHUB_SERVER_URL: 'https://github.test',
    GITHUB_SHA: sha ?? execFileSync('git', ['-C', workspace, 'rev-parse', 'HEAD'], { encoding: 'utf8' }).trim(),
    GITHUB_RUN_ID: String(5000 + number),
    GITHUB_RUN_NUMBER: String(number),
    GITHUB_RUN_ATTEMPT: String(attempt),
    GITHUB_WORKFLOW: workflow,
    ...(base === undefined ? {} : { GITHUB_BASE_REF: base }),
  };
}

/** Every declared input is set, with its default where the workflow says nothing. */
function inputEnv(
  { inputs: declared }: ActionFile,
  given: Readonly<Record<string, string>>,
  token: string,
): Readonly<Record<string, string>> {
  const strangers = Object.keys(given).filter((name) => !(name in declared));
  if (strangers.length > 0) throw new Error(`action.yml has no input ${strangers.join(', ')}`);
  return Object.fromEntries(
    Object.entries(declared).map(([name, { default: standard = '' }]) => [
      `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
      given[name] ?? standard.replace('${{ github.token }}', token),
    ]),
  );
}

/** `name<<DELIMITER`, the value, `DELIMITER`. */
function parseOutputs(text: string): Readonly<Record<string, string>> {
  const found = text.matchAll(/^([\w-]+)<<(ghadelimiter_[\w-]+)\r?\n([\s\S]*?)\r?\n\2$/gm);
  return Object.fromEntries([...found].map(([, name = '', , value = '']) => [name, value]));
}

/** `::error title=Sluice,file=a.yaml,line=1,col=2::text`. */
function annotationsOf(log: string): readonly string[] {
  return [...log.matchAll(/^::(error|warning|notice)(?: ([^:\n]*(?::(?!:)[^:\n]*)*))?::(.*)$/gm)].map(
    ([, kind = '', where = '', text = '']) => {
      const place = where
        .split(',')
        .filter((part) => part !== '' && part !== 'title=Sluice')
        .join(',');
      return `${kind}${place === '' ? '' : ` ${place}`}: ${text.replaceAll('%0A', '\n').replaceAll('%25', '%').replaceAll('%3A', ':')}`;
    },
  );
}
