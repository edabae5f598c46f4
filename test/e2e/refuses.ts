/** What every test of bad input holds on to: the exit code, every word that is said, and that nothing was written. */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { afterAll, expect } from 'vitest';

import { copyOf } from '../support/copy.ts';
import { type Account, project, type Ran, type Setup, type TestProject } from '../support/project.ts';

export const ADA: Account = ['1', 'Ada', 'Team', 5];
export const BOB: Account = ['2', 'Bob', 'Team', 7];

const template: { made?: Promise<TestProject> } = {};

afterAll(async () => {
  await (await template.made)?.[Symbol.asyncDispose]();
});

/** Two records were written, Ada's plan has changed since: whoever writes leaves a trace. */
export async function moving(setup?: Setup): Promise<TestProject> {
  if (setup !== undefined) return movingOf(setup);
  template.made ??= movingOf({});
  return copyOf(await template.made);
}

async function movingOf(setup: Setup): Promise<TestProject> {
  const p = await project({ source: [ADA, BOB], ...setup });
  await p.apply();
  await p.source(['1', 'Ada', 'Scale', 5], BOB);
  return p;
}

/** Every file of the project by its content: databases, state, journals, plans. Who held a lease last is no data. */
export async function footprint(p: TestProject): Promise<Readonly<Record<string, string>>> {
  const names = await readdir(p.root, { recursive: true });
  const files = names.filter((name) => !/^state\.duckdb\.d\/lease/.test(name)).sort();
  const entries = files.map(async (name): Promise<[string, string]> => {
    const path = join(p.root, name);
    return [
      relative(p.root, path),
      (await stat(path)).isDirectory()
        ? 'folder'
        : createHash('sha256')
            .update(await readFile(path))
            .digest('hex'),
    ];
  });
  return Object.fromEntries(await Promise.all(entries));
}

export interface Refusal {
  readonly args: readonly string[];
  readonly code: number;
  /** All of stdout and stderr, paths of the project written as `<root>`. */
  readonly says: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Inside the test's process: for a case that a real process was asked about already. */
  readonly isHere?: boolean;
}

/** Runs a real process. */
export async function expectRefusal(p: TestProject, refusal: Refusal): Promise<void> {
  const before = await footprint(p);
  const ran = await p.run(refusal.args, { process: refusal.isHere !== true, env: refusal.env ?? {} });
  expect(saidBy(p, ran)).toBe(refusal.says);
  expect(ran.code).toBe(refusal.code);
  expect(await footprint(p), 'files').toEqual(before);
}

/** Without the places and numbers that differ from run to run. */
export function saidBy(p: TestProject, ran: Pick<Ran, 'stdout' | 'stderr'>): string {
  return `${ran.stdout}${ran.stderr}`
    .replaceAll(p.root, '<root>')
    .replaceAll(/\(process \d+\)/g, '(process N)')
    .replaceAll(/\.plan\.duckdb-\w+/g, '.plan.duckdb-X')
    .trim();
}

/** What `plan` says of a sync that cannot be planned. */
export function unplanned(error: string, object = 'Account'): string {
  return `accounts   warehouse -> crm.${object}\n${error
    .split('\n')
    .map((line, index) => (index === 0 ? `    error: ${line}` : `      ${line}`))
    .join('\n')}\n1 sync could not be planned.`;
}

/** What `apply --yes` adds to it. */
export function unapplied(error: string, object = 'Account'): string {
  const sentence = (error.split('\n')[0] ?? '').replace(/^\S+:\d+:\d+: /, '');
  return `${unplanned(error, object)}\naccounts   failed\n    ${sentence}\nApply: nothing was written.`;
}
