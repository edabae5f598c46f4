/** What the command line prints with --json, and how it is read. */
import type { ApplyDocument, PlanDocument } from '../../src/plan/document.ts';
import type { Ended } from './cli.ts';
import { ActionError } from './run.ts';

export type { ApplyDocument, PlanDocument };

export interface ProblemDocument {
  readonly message: string;
  /** `file:line:column`. */
  readonly where: string | null;
  readonly hint: string | null;
}

export interface ErrorDocument {
  readonly error: ProblemDocument & { readonly problems: readonly ProblemDocument[] };
}

export interface ValidateDocument {
  readonly valid: boolean;
  readonly syncs: number;
  readonly problems: readonly ProblemDocument[];
}

export interface LsDocument {
  readonly project: string;
  readonly environment: string | null;
  readonly syncs: readonly { readonly name: string; readonly needs: readonly string[] }[];
}

export type Read<T> = { readonly document: T } | { readonly problems: readonly ProblemDocument[] };

/** The document, or the problems that stood in its way. Throws when there is neither. */
export function documentOf<T>(ended: Ended): Read<T> {
  const parsed = parse(ended);
  if (!isError(parsed)) return { document: parsed as T };
  const { problems, ...first } = parsed.error;
  return { problems: problems.length === 0 ? [first] : problems };
}

function parse({ code, stdout }: Ended): unknown {
  try {
    return JSON.parse(stdout);
  } catch (error) {
    throw new ActionError(`sluice ended with ${code} and without a result; what it said stands above`, { cause: error });
  }
}

function isError(document: unknown): document is ErrorDocument {
  return typeof document === 'object' && document !== null && 'error' in document;
}
