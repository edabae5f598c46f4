/** Tells a person, or a program, that a command failed. Returns the exit code. */
import type { Host, Shell } from '../commands/shell.ts';
import { InternalError, TransientError, UserError } from '../errors.ts';

export interface ErrorReport {
  readonly host: Host;
  readonly json: boolean;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absent when the failure came before any command began. */
  readonly shell: Shell | undefined;
}

/** Errors print on stderr; with `--json` also, as the one document, on stdout. */
export async function reportError(error: unknown, report: ErrorReport): Promise<number> {
  const { errorDocument, errorText, exitCodeOfError, toJson } = await import('../report/json.ts');
  const { visibleLines } = await import('../report/escape.ts');
  const { redactData } = await import('../report/redact.ts');
  report.shell?.end();
  const redact = report.shell?.redact ?? ((text: string) => text);
  const mask = (text: string): string => redact(isOurs(error) ? text : maskFolders(text, report));
  if (report.json) await report.host.stdout(toJson(redactData(errorDocument(error), mask)));
  else report.host.stderr(`${paintError(report, 'Error:')} ${visibleLines(mask(errorText(error)))}\n`);
  for (const line of extraLines(error, report.env.SLUICE_DEBUG === '1')) report.host.stderr(`${visibleLines(mask(line))}\n`);
  return exitCodeOfError(error);
}

function paintError(report: ErrorReport, text: string): string {
  return report.shell === undefined ? text : report.shell.paint.error(text);
}

/** Somebody other than us has to act: no report is asked for. */
function isOurs(error: unknown): boolean {
  return error instanceof UserError || error instanceof TransientError;
}

function extraLines(error: unknown, debug: boolean): readonly string[] {
  const stack = debug ? stacksOf(error) : [];
  if (error instanceof UserError) return stack;
  if (error instanceof TransientError) return ['The same command may succeed later.', ...stack];
  if (isSystemError(error) && !(error instanceof InternalError)) return stack;
  const hint = debug ? '' : ' Add SLUICE_DEBUG=1 to see where it happened.';
  return [...stack, `This is a bug in Sluice. Please report it, with what you typed and the text above.${hint}`];
}

/** A refusal by the operating system: a folder that may not be written, a full disk. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

/** The stack, and those of the causes. */
function stacksOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  const cause = error.cause === undefined ? [] : stacksOf(error.cause).map((stack) => `Caused by: ${stack}`);
  return [error.stack ?? error.message, ...cause];
}

/** A report may be pasted in public: the reader's folders are no part of it. */
function maskFolders(text: string, { cwd, env }: ErrorReport): string {
  const home = env.HOME ?? '';
  const withoutCwd = cwd.length > 1 ? text.replaceAll(cwd, '.') : text;
  return home.length > 1 ? withoutCwd.replaceAll(home, '~') : withoutCwd;
}
