/** `plan --envelope` writes what a review approves; `apply --within` holds a new plan to it. */
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { check, readSchema } from '../config/schemas.ts';
import { EXIT, messageOf, type Problem, UserError } from '../errors.ts';
import { Repository } from '../git/repository.ts';
import type { PlanDocument } from '../plan/document.ts';
import { beyond, type Envelope, ENVELOPE_FORMAT, envelopeOf, isSignedWith } from '../plan/envelope.ts';
import { textOption } from './arguments.ts';
import type { Invocation } from './invocation.ts';
import type { OpenedProject } from './project.ts';
import type { Shell } from './shell.ts';
import { checkReplaces, type Kind } from './write-stream.ts';

const KEY = 'SLUICE_ENVELOPE_KEY';
const DAYS_VALID = 14;
const MOST_DAYS = 3650;

const ENVELOPE: Kind = { name: 'an envelope', begins: (text) => /^\{\s*"format_version":\s*"\d/.test(text) && text.includes('"plan_id"') };

/** Throws `UserError` for what no envelope can be made of, or written to: before anything is planned. */
export async function checkEnvelopeOptions(shell: Shell, options: Invocation['options'], out: string | undefined): Promise<void> {
  const [days, commit] = [options.envelopeDays, textOption(options.envelopeCommit)];
  if (options.envelope === undefined && (days !== undefined || commit !== undefined))
    throw new UserError('--envelope-days and --envelope-commit belong to an envelope', { hint: 'Name it: --envelope envelope.json.' });
  if (typeof days === 'number' && (days < 1 || days > MOST_DAYS))
    throw new UserError(`--envelope-days ${days} is not from 1 to ${MOST_DAYS}`);
  if (commit !== undefined && !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(commit))
    throw new UserError(`--envelope-commit ${commit} is not the whole id of a commit`, { hint: 'Take the one of: git rev-parse HEAD' });
  const file = textOption(options.envelope);
  if (file === undefined) return;
  const path = resolve(shell.context.cwd, file);
  if (path === out) throw new UserError('--out and --envelope name the same file', { hint: 'The plan and its envelope are two files.' });
  await checkReplaces(path, file, ENVELOPE);
}

/** Writes the envelope of a plan, where `--envelope` asks for one. */
export async function writeEnvelope(
  shell: Shell,
  opened: OpenedProject,
  options: Invocation['options'],
  document: PlanDocument,
): Promise<void> {
  const file = textOption(options.envelope);
  if (file === undefined) return;
  const daysValid = typeof options.envelopeDays === 'number' ? options.envelopeDays : DAYS_VALID;
  const repository = await repositoryOf(shell, opened);
  const envelope = envelopeOf(document, opened.project, {
    commit: textOption(options.envelopeCommit) ?? (await repository?.head()) ?? null,
    now: shell.context.now(),
    daysValid,
    key: keyOf(shell),
  });
  const path = resolve(shell.context.cwd, file);
  try {
    await writeFile(path, `${JSON.stringify(envelope, null, 2)}\n`);
  } catch (error) {
    throw new UserError(`the envelope cannot be written to ${file}: ${messageOf(error)}`, { hint: 'Choose another place.', cause: error });
  }
}

/** An envelope that counts here and now. */
export interface Approval {
  readonly file: string;
  readonly envelope: Envelope;
  /** Percent. */
  readonly tolerance: number;
}

/** Reads the envelope that `--within` names. */
export async function readApproval(shell: Shell, options: Invocation['options']): Promise<Approval | undefined> {
  const file = textOption(options.within);
  if (file !== undefined) return { file, envelope: await readEnvelope(shell, file), tolerance: toleranceOf(textOption(options.tolerance)) };
  if (options.tolerance === undefined && options.envelopeCommit === undefined) return undefined;
  throw new UserError('--tolerance and --envelope-commit belong to an envelope', { hint: 'Name it: --within envelope.json.' });
}

/** Throws `UserError` (exit 4) when the envelope does not count here and now: another project, too old, of another commit. */
export async function checkApproval(
  shell: Shell,
  opened: OpenedProject,
  options: Invocation['options'],
  { file, envelope }: Approval,
): Promise<void> {
  const problem =
    foreign(envelope, opened) ?? expired(envelope, shell) ?? unsigned(envelope, shell) ?? (await strange(shell, opened, options, envelope));
  if (problem !== undefined) throw refused([{ ...problem, message: `${file}: ${problem.message}` }]);
}

/** Throws `UserError` (exit 4) with every difference when the plan goes beyond what was approved. `planned`: of a saved plan, see `beyond`. */
export function holdWithin(
  { file, envelope, tolerance }: Approval,
  opened: OpenedProject,
  document: PlanDocument,
  planned?: ReadonlyMap<string, string>,
): void {
  const problems = beyond(envelope, { document, project: opened.project, planned, tolerance });
  if (problems.length === 0) return;
  const hint = 'Nothing was applied. Review the plan as it is now, and apply within its envelope.';
  throw refused(
    problems.map((problem, index) => ({
      ...problem,
      message: `beyond ${file}: ${problem.message}`,
      ...(index === problems.length - 1 ? { hint } : {}),
    })),
  );
}

function refused(problems: readonly Problem[]): UserError {
  const error = UserError.of(problems);
  (error as { exitCode: number }).exitCode = EXIT.stale;
  return error;
}

function toleranceOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const [, digits] = /^(\d{1,4})%?$/.exec(text) ?? [];
  if (digits === undefined) throw new UserError(`--tolerance "${text}" is not a percentage`, { hint: 'For example: --tolerance 10%' });
  return Number(digits);
}

async function readEnvelope(shell: Shell, file: string): Promise<Envelope> {
  let data: unknown;
  try {
    data = JSON.parse(await readFile(resolve(shell.context.cwd, file), 'utf8'));
  } catch (error) {
    throw new UserError(`${file} is not an envelope: ${messageOf(error)}`, {
      hint: 'Name a file that `sluice plan --envelope` wrote.',
      cause: error,
    });
  }
  const version = (data as { format_version?: unknown } | null)?.format_version;
  if (typeof version === 'string' && version.split('.')[0] !== ENVELOPE_FORMAT.split('.')[0]) {
    throw refused([
      {
        message: `${file} has the format ${version}; this Sluice knows ${ENVELOPE_FORMAT}`,
        hint: 'Plan again with the version that applies.',
      },
    ]);
  }
  if (check(readSchema('envelope'), data).length > 0) {
    throw new UserError(`${file} is not an envelope`, { hint: 'Name a file that `sluice plan --envelope` wrote.' });
  }
  return data as Envelope;
}

function foreign({ project, environment }: Envelope, { project: own }: OpenedProject): Problem | undefined {
  if (project !== own.name) return { message: `it approves changes of the project ${project}, this is ${own.name}` };
  if (environment === own.environment) return undefined;
  return { message: `it approves changes in ${nameOf(environment)}, this is ${nameOf(own.environment)}` };
}

function nameOf(environment: string | null): string {
  return environment === null ? 'no environment' : `the environment ${environment}`;
}

function expired({ expires_at }: Envelope, shell: Shell): Problem | undefined {
  const until = Date.parse(expires_at);
  if (until > shell.context.now()) return undefined;
  return { message: `it expired at ${expires_at}`, hint: 'Plan and review again.' };
}

function unsigned(envelope: Envelope, shell: Shell): Problem | undefined {
  const key = keyOf(shell);
  if (key === undefined || isSignedWith(envelope, key)) return undefined;
  return { message: envelope.signature === undefined ? `it is not signed, and ${KEY} is set` : `its signature is not of this ${KEY}` };
}

/**
 * A branch must not bring its own approval. So an envelope counts for the commit it was made of: one that is part of what is
 * checked out, or one that the caller, who fetched the envelope from a run it trusts, names (`--envelope-commit`).
 */
async function strange(
  shell: Shell,
  opened: OpenedProject,
  options: Invocation['options'],
  { commit }: Envelope,
): Promise<Problem | undefined> {
  const named = textOption(options.envelopeCommit);
  if (named !== undefined) {
    return named === commit ? undefined : { message: `it is of commit ${commit ?? 'none'}, not of ${named}` };
  }
  const repository = await repositoryOf(shell, opened);
  if (repository === undefined) {
    if (commit === null) return undefined;
    return {
      message: `it is of commit ${commit}, and there is no Git repository here in which it could be found`,
      hint: 'Name the commit with --envelope-commit once you trust the run that made the envelope.',
    };
  }
  if (commit !== null && (await repository.contains(commit))) return undefined;
  return {
    message: `it was made of commit ${commit ?? 'none'}, which is not part of what is checked out`,
    hint: 'Apply the commit that was reviewed, or one that it was merged into. After a squash the reviewed commit is in no branch: name it with --envelope-commit once you trust the run that made the envelope.',
  };
}

/** Undefined outside of a repository. A repository that cannot be read is no reason to let an envelope pass. */
async function repositoryOf(shell: Shell, { project }: OpenedProject): Promise<Repository | undefined> {
  try {
    return await Repository.around(project.dir, shell.context);
  } catch (error) {
    if (error instanceof UserError && error.message.includes('is not in a Git repository')) return undefined;
    throw error;
  }
}

function keyOf(shell: Shell): string | undefined {
  const key = shell.context.env[KEY];
  return key === undefined || key === '' ? undefined : key;
}
