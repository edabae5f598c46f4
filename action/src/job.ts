/** What every command of the action works with. */
import { posix } from 'node:path';

import type { Sluice } from './cli.ts';
import type { Inputs } from './inputs.ts';
import type { Run } from './run.ts';

export interface Job {
  readonly run: Run;
  readonly inputs: Inputs;
  readonly sluice: Sluice;
  /** Of this job; the runner empties it. */
  readonly folder: string;
}

/** Options that say which project, environment and syncs. */
export function selection({ project, environment, syncs, select }: Inputs): readonly string[] {
  return [...syncs, ...select.flatMap((each) => ['--select', each]), ...place({ project, environment })];
}

export function place({ project, environment }: Pick<Inputs, 'project' | 'environment'>): readonly string[] {
  return ['--dir', project, ...(environment === undefined ? [] : ['--env', environment])];
}

/** What a comment or an issue is about. The folder names the project, because a project that is not valid has no other name. */
export function subject({ inputs }: Job): { readonly project: string; readonly environment: string | null } {
  return { project: posix.normalize(inputs.project.replaceAll('\\', '/')).replace(/\/$/, ''), environment: inputs.environment ?? null };
}

/** Why a command that ended so fails the job. */
export const FAILURES: Readonly<Record<number, string>> = {
  1: 'it ended with an error',
  3: 'a guard, a check or a limit forbids it',
  4: 'what was approved is not what would be done',
  5: 'it was applied in part',
};
