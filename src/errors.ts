/**
 * The three kinds of failure, chosen by who has to act:
 * the user ({@link UserError}), a retry ({@link TransientError}), or us ({@link InternalError}).
 */

/** A place in a file the user wrote. Lines and columns count from 1. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong with the user's files: what, where, and what would be right. */
export interface Problem {
  readonly message: string;
  readonly location?: Location | undefined;
  /** What to do about it: a sentence. */
  readonly hint?: string | undefined;
}

/** Exit codes of the command line (DESIGN 8). */
export const EXIT = { ok: 0, error: 1, changes: 2, forbidden: 3, stale: 4, partial: 5 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface UserErrorOptions {
  readonly location?: Location | undefined;
  readonly hint?: string | undefined;
  readonly exitCode?: ExitCode;
  readonly cause?: unknown;
}

/** The user's mistake, or a state of the world only they can change. Says what is wrong, where, and what to do. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly problems: readonly Problem[];
  readonly exitCode: ExitCode;

  constructor(message: string, options: UserErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.problems = [{ message, location: options.location, hint: options.hint }];
    this.exitCode = options.exitCode ?? EXIT.error;
  }

  /** Several problems reported at once: validation never stops at the first. */
  static of(problems: readonly Problem[]): UserError {
    const error = new UserError(problems.map((problem) => formatProblem(problem)).join('\n'));
    (error as { problems: readonly Problem[] }).problems = problems;
    return error;
  }
}

/** A failure that the same request may survive later: lock contention, a dropped connection, a rate limit. */
export class TransientError extends Error {
  override readonly name = 'TransientError';
  /** How long the other side asked us to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Our bug. The command line asks for a report. */
export class InternalError extends Error {
  override readonly name = 'InternalError';
}

/** `file:line:column: message` with the hint on a line of its own. */
export function formatProblem(problem: Problem): string {
  const at = problem.location;
  const where = at === undefined ? '' : `${at.file}:${at.line}:${at.column}: `;
  const hint = problem.hint === undefined ? '' : `\n  ${problem.hint}`;
  return `${where}${problem.message}${hint}`;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
