/** Builds what a command works with from the options and the process. */
import { createRegistry, type Registry } from '../commands/registry.ts';
import { type GlobalOptions, type Host, Shell } from '../commands/shell.ts';
import { type Context, inCi, processContext } from '../context.ts';
import { createPaint, wantsColour } from '../report/colour.ts';
import { createProgress } from '../report/progress.ts';

export interface ShellParts {
  /** As commander parsed them. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly host: Host;
  readonly registry: Partial<Registry> | undefined;
  readonly connectionSchemas: ReadonlyMap<string, object> | undefined;
  readonly context: Partial<Pick<Context, 'now' | 'sleep' | 'fetch' | 'randomHex'>> | undefined;
}

export function createShell(parts: ShellParts): Shell {
  const { cwd, env, signal } = parts;
  // A job may have a terminal, and still nobody who reads a redrawn line or answers.
  const host = inCi(env) ? { ...parts.host, ask: null } : parts.host;
  const options = globalOptions(parts.options);
  const flag = parts.options.color !== false;
  const now = parts.context?.now ?? Date.now;
  const progress = createProgress({
    write: (text) => host.stderr(shellRedact(text)),
    isTTY: host.isTTY.stderr && !inCi(env) && env['TERM'] !== 'dumb',
    quiet: options.quiet,
    now,
    paint: createPaint(wantsColour({ flag, env, isTTY: host.isTTY.stderr })),
    columns: host.columns,
  });
  const context = { ...processContext({ cwd, env, signal, emit: progress.emit }), ...parts.context };
  const paint = createPaint(!options.json && wantsColour({ flag, env, isTTY: host.isTTY.stdout }));
  const shell = new Shell({
    context,
    options,
    registry: createRegistry(parts.registry),
    connectionSchemas: parts.connectionSchemas,
    paint,
    host,
    progress,
  });
  // Progress shows what the command learns to hide only later.
  const shellRedact = (text: string): string => shell.redact(text);
  return shell;
}

function globalOptions(options: Readonly<Record<string, unknown>>): GlobalOptions {
  return {
    dir: typeof options.dir === 'string' ? options.dir : 'syncs',
    env: typeof options.env === 'string' ? options.env : undefined,
    vars: (options.var ?? {}) as Readonly<Record<string, string>>,
    select: (options.select ?? []) as readonly string[],
    json: options.json === true,
    quiet: options.quiet === true,
  };
}
