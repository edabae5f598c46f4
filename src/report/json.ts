/** Documents as JSON for programs: exactly one on stdout. */
import { EXIT, formatProblem, type Location, messageOf, type Problem, UserError } from '../errors.ts';

/** What `--json` prints when a command fails; described by `schemas/error.schema.json`. */
export interface ErrorDocument {
  readonly error: ErrorEntry & {
    /** Every problem, when there are several; the first one is repeated above. */
    readonly problems: readonly ErrorEntry[];
  };
}

export interface ErrorEntry {
  readonly message: string;
  /** `file:line:column`. */
  readonly where: string | null;
  readonly hint: string | null;
}

/** What JSON leaves as it is though a terminal obeys it or hides it: C1 controls, bidirectional overrides, invisible characters. */
const UNSEEN = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

export function toJson(document: unknown): string {
  return `${jsonText(document, 2)}\n`;
}

/** JSON that is safe to look at; whoever parses it gets the very same values. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export function errorDocument(error: unknown): ErrorDocument {
  const problems = problemsOf(error).map((problem) => problemDocument(problem));
  const [first = { message: messageOf(error), where: null, hint: null }] = problems;
  return { error: { ...first, problems } };
}

/** What is wrong, one by one: an error of ours may carry several problems. */
export function problemsOf(error: unknown): readonly Problem[] {
  return error instanceof UserError ? error.problems : [{ message: messageOf(error) }];
}

/** A problem as JSON. */
export function problemDocument(problem: Problem): ErrorEntry {
  return { message: problem.message, where: whereOf(problem.location), hint: problem.hint ?? null };
}

export function whereOf(location: Location | undefined): string | null {
  return location === undefined ? null : `${location.file}:${location.line}:${location.column}`;
}

/** The text of an error for a terminal. */
export function errorText(error: unknown): string {
  return problemsOf(error)
    .map((problem) => formatProblem(problem))
    .join('\n');
}

/** The exit code of an error. */
export function exitCodeOfError(error: unknown): number {
  return error instanceof UserError ? error.exitCode : EXIT.error;
}
