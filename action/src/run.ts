/** What started this job, from the runner's variables and the event file. */
import { readFile } from 'node:fs/promises';

/** A rule of the action was broken, or GitHub cannot do what was asked. The message is for people. */
export class ActionError extends Error {
  override readonly name = 'ActionError';
}

export interface Pull {
  readonly number: number;
  /** Commit at the head of the branch. */
  readonly head: string;
  /** Name of the branch it wants to be merged into. */
  readonly base: string;
  /** It comes from another repository: nobody here has agreed to what it says. */
  readonly fork: boolean;
  readonly merged: boolean;
}

export interface Run {
  readonly event: string;
  /** `owner/name`. */
  readonly repository: string;
  readonly apiUrl: string;
  /** Commit that the event is about. */
  readonly sha: string;
  readonly workspace: string;
  /** A folder that the runner empties after the job. */
  readonly temp: string;
  readonly id: string;
  /** Counts the runs of this workflow. */
  readonly number: number;
  readonly attempt: number;
  /** Name of the workflow: runs of one workflow are in order by number. */
  readonly workflow: string;
  /** Where people look at the run. */
  readonly url: string;
  readonly pull: Pull | undefined;
  /** On a push: the commit that the branch was at before, unless it is new. */
  readonly before: string | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;

export async function readRun(env: Env): Promise<Run> {
  const needed = (name: string): string => {
    const value = env[name];
    if (value === undefined || value === '') throw new ActionError(`${name} is not set: this program is run by GitHub Actions`);
    return value;
  };
  const repository = needed('GITHUB_REPOSITORY');
  const id = needed('GITHUB_RUN_ID');
  return {
    event: needed('GITHUB_EVENT_NAME'),
    repository,
    apiUrl: needed('GITHUB_API_URL'),
    sha: needed('GITHUB_SHA'),
    workspace: needed('GITHUB_WORKSPACE'),
    temp: needed('RUNNER_TEMP'),
    id,
    number: Number(needed('GITHUB_RUN_NUMBER')),
    attempt: Number(env['GITHUB_RUN_ATTEMPT'] ?? '1'),
    workflow: needed('GITHUB_WORKFLOW'),
    url: `${needed('GITHUB_SERVER_URL')}/${repository}/actions/runs/${id}`,
    ...ofEvent(JSON.parse(await readFile(needed('GITHUB_EVENT_PATH'), 'utf8')) as Event, repository),
  };
}

/** The parts of an event that are read. */
interface Event {
  readonly before?: string;
  readonly pull_request?: {
    readonly number: number;
    readonly merged?: boolean;
    readonly head: { readonly sha: string; readonly repo: { readonly full_name: string } | null };
    readonly base: { readonly ref: string };
  };
}

/** A fork that was deleted since has no repository: it stays somebody else's. */
function ofEvent({ before, pull_request: pull }: Event, repository: string): Pick<Run, 'pull' | 'before'> {
  const known = before === undefined || /^0+$/.test(before) ? undefined : before;
  if (pull === undefined) return { pull: undefined, before: known };
  const fork = pull.head.repo?.full_name.toLowerCase() !== repository.toLowerCase();
  return { pull: { number: pull.number, head: pull.head.sha, base: pull.base.ref, fork, merged: pull.merged === true }, before: known };
}
