/** How the command line calls a command. */
import type { Shell } from './shell.ts';

/** What was typed behind the verb. */
export interface Invocation {
  /** In the order of the verb's arguments; one that repeats is a list. */
  readonly args: readonly unknown[];
  /** As commander names them: `--detailed-exitcode` is `detailedExitcode`. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Every verb and its options, for shell completion. */
  readonly verbs: readonly VerbWords[];
}

export interface VerbWords {
  /** `plan`, `state show`. */
  readonly verb: string;
  readonly options: readonly OptionWords[];
  /** Whether its arguments are names of syncs. */
  readonly takesSyncs: boolean;
}

export interface OptionWords {
  /** With its dashes: `--refresh`. */
  readonly name: string;
  readonly takesValue: boolean;
  /** The values it takes, when they are known. */
  readonly choices: readonly string[];
}

/** What one verb does. Returns the exit code. */
export type Action = (shell: Shell, invocation: Invocation) => Promise<number>;
