/** Connections of type postgres as the code under test gets them. */
import type { Connection } from '../../src/config/model.ts';
import { type Context, processContext } from '../../src/context.ts';
import { formatProblem, UserError } from '../../src/errors.ts';
import { PgClient } from '../../src/postgres/client.ts';

/** A connection document. Relative files stand beside `cwd`. */
export function postgresConnection(options: Readonly<Record<string, unknown>>): Connection {
  return { name: 'warehouse', type: 'postgres', options, location: { file: 'syncs/connections.yaml', line: 3, column: 1 } };
}

export function contextWith(options: { env?: Context['env']; signal?: AbortSignal; cwd?: string } = {}): Context {
  return processContext({
    cwd: options.cwd ?? '/',
    env: options.env ?? {},
    emit: () => undefined,
    signal: options.signal ?? new AbortController().signal,
  });
}

export async function connected(url: string, options: Readonly<Record<string, unknown>> = {}, signal?: AbortSignal): Promise<PgClient> {
  const context = contextWith(signal === undefined ? {} : { signal });
  return PgClient.connect(postgresConnection({ url, ...options }), context, { application: 'sluice test' });
}

/** What the work threw. */
export async function thrownBy(work: Promise<unknown>): Promise<Error> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof Error) return thrown;
  throw new Error('nothing was thrown');
}

/** The text that a user would read. */
export async function problemOf(work: Promise<unknown>): Promise<string> {
  const error = await thrownBy(work);
  if (!(error instanceof UserError)) throw new Error(`expected a UserError, got ${String(error)}`, { cause: error });
  return error.problems.map((problem) => formatProblem(problem)).join('\n');
}
