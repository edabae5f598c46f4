/** What a command gets from the command line: options, a context, and the only ways to print. */
import type { Context } from '../context.ts';
import type { Paint } from '../report/colour.ts';
import type { Progress } from '../report/progress.ts';
import { createRedact, type Redact, redactData } from '../report/redact.ts';
import { toJson } from '../report/json.ts';
import type { Registry } from './registry.ts';

/** Options of every command. */
export interface GlobalOptions {
  /** The project folder as typed. */
  readonly dir: string;
  readonly env: string | undefined;
  readonly vars: Readonly<Record<string, string>>;
  readonly select: readonly string[];
  readonly json: boolean;
  readonly quiet: boolean;
}

/** What the process offers; tests pass their own. */
export interface Host {
  /** Resolves when the text was taken: a slow reader slows the command down. */
  readonly stdout: (text: string) => Promise<void>;
  readonly stderr: (text: string) => void;
  /** Asks a person; null when nobody sits at the terminal. */
  readonly ask: ((question: string) => Promise<string>) | null;
  readonly isTTY: { readonly stdout: boolean; readonly stderr: boolean };
  readonly columns: () => number;
  readonly chdir: (folder: string) => void;
  /** Files that are made from here on are readable by their owner only. */
  readonly makePrivate: () => void;
}

export interface ShellParts {
  readonly context: Context;
  readonly options: GlobalOptions;
  readonly registry: Registry;
  readonly connectionSchemas: ReadonlyMap<string, object> | undefined;
  readonly paint: Paint;
  readonly host: Host;
  readonly progress: Progress;
}

export class Shell {
  readonly context: Context;
  readonly options: GlobalOptions;
  readonly registry: Registry;
  /** Schemas of connection types; undefined: those that come with Sluice. */
  readonly connectionSchemas: ReadonlyMap<string, object> | undefined;
  readonly paint: Paint;
  readonly host: Host;
  readonly #progress: Progress;
  #redact: Redact = (text) => text;

  constructor(parts: ShellParts) {
    this.context = parts.context;
    this.options = parts.options;
    this.registry = parts.registry;
    this.connectionSchemas = parts.connectionSchemas;
    this.paint = parts.paint;
    this.host = parts.host;
    this.#progress = parts.progress;
  }

  /** From here on these values never leave the program. */
  hide(secrets: readonly string[]): void {
    this.#redact = createRedact(secrets);
  }

  readonly redact: Redact = (text) => this.#redact(text);

  /** Prints a result. */
  async print(text: string): Promise<void> {
    this.#progress.clear();
    await this.host.stdout(this.#redact(text));
  }

  /** Prints the one JSON document of this command. */
  async printJson(document: unknown): Promise<void> {
    this.#progress.clear();
    await this.host.stdout(toJson(redactData(document, this.#redact)));
  }

  /** Prints what is not a result: a hint, the next step. Not with `--quiet`. */
  tell(text: string): void {
    if (this.options.quiet) return;
    this.#progress.clear();
    this.host.stderr(this.#redact(`${text}\n`));
  }

  /** Takes the progress line away: before a question, and at the end. */
  end(): void {
    this.#progress.clear();
  }
}
