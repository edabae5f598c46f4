/** The inputs of action.yml, read and checked. */
import * as core from '@actions/core';

import { ActionError } from './run.ts';

const COMMANDS = ['validate', 'plan', 'apply', 'drift', 'post', 'approved', 'list'] as const;
export type CommandName = (typeof COMMANDS)[number];

export interface Inputs {
  readonly command: CommandName;
  /** Folder of the project, relative to the workspace. */
  readonly project: string;
  readonly environment: string | undefined;
  readonly syncs: readonly string[];
  readonly select: readonly string[];
  /** `auto`, `none`, or what `plan --base` takes. */
  readonly base: string;
  readonly comment: boolean;
  readonly issue: boolean;
  /** A saved plan to apply. */
  readonly plan: string | undefined;
  /** An envelope to stay within. */
  readonly within: string | undefined;
  /** That the envelope is of. */
  readonly approvedCommit: string | undefined;
  readonly tolerance: string | undefined;
  readonly due: boolean;
  /** Folder that an earlier job has written. */
  readonly report: string | undefined;
  /** File of the workflow that plans pull requests. */
  readonly workflow: string;
  readonly token: string | undefined;
}

export function readInputs(): Inputs {
  const command = core.getInput('command', { required: true });
  if (!isCommand(command)) throw new ActionError(`command: there is no command "${command}"; there are ${COMMANDS.join(', ')}`);
  return {
    command,
    project: core.getInput('project'),
    environment: optional('environment'),
    syncs: words('syncs'),
    select: words('select'),
    base: core.getInput('base'),
    comment: core.getBooleanInput('comment'),
    issue: core.getBooleanInput('issue'),
    plan: optional('plan'),
    within: optional('within'),
    approvedCommit: optional('approved-commit'),
    tolerance: optional('tolerance'),
    due: core.getBooleanInput('due'),
    report: optional('report'),
    workflow: core.getInput('workflow'),
    token: optional('github-token'),
  };
}

function isCommand(text: string): text is CommandName {
  return (COMMANDS as readonly string[]).includes(text);
}

function optional(name: string): string | undefined {
  const value = core.getInput(name);
  return value === '' ? undefined : value;
}

/** Separated by spaces or lines. What begins with a dash would be read as an option. */
function words(name: string): readonly string[] {
  const found = core
    .getInput(name)
    .split(/\s+/)
    .filter((word) => word !== '');
  const option = found.find((word) => word.startsWith('-'));
  if (option !== undefined) throw new ActionError(`${name}: "${option}" is not a name`);
  return found;
}
