/** Connections of type bigquery as the code under test gets them. */
import { setImmediate } from 'node:timers/promises';

import type { Connection } from '../../src/config/model.ts';
import type { Context } from '../../src/context.ts';
import { contextWith } from './postgres-client.ts';

export { problemOf, thrownBy } from './postgres-client.ts';

/** A connection document. Relative files stand beside `cwd`. */
export function bigqueryConnection(options: Readonly<Record<string, unknown>> = {}): Connection {
  return {
    name: 'warehouse',
    type: 'bigquery',
    options: { project: 'acme-test', ...options },
    location: { file: 'syncs/connections.yaml', line: 3, column: 1 },
  };
}

/** A context that does not really wait: `slept` says how long it would have. */
export function impatient(
  env: Context['env'],
  signal: AbortSignal = new AbortController().signal,
): Context & { readonly slept: readonly number[] } {
  const slept: number[] = [];
  const sleep = async (ms: number): Promise<void> => {
    slept.push(ms);
    await setImmediate();
  };
  return { ...contextWith({ env, signal }), sleep, slept };
}
