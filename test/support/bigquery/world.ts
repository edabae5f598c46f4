/** What every call works on, and what a call and its answer are. */
import type { DuckDBConnection } from '@duckdb/node-api';

import type { MemoryCatalog } from './catalog.ts';
import type { Engine } from './engine.ts';
import { ApiError } from './errors.ts';
import type { JobFault } from './faults.ts';
import type { Jobs } from './jobs.ts';
import type { LoggedRequest } from './requests.ts';

export interface World {
  readonly url: string;
  readonly project: string;
  /** Where jobs run and datasets lie that name no location. */
  readonly location: string;
  readonly now: () => number;
  readonly catalog: MemoryCatalog;
  readonly engine: Engine;
  readonly duckdb: DuckDBConnection;
  readonly jobs: Jobs;
  /** A folder for files that are being loaded. */
  readonly folder: string;
}

/** One request, taken apart. */
export interface Call {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** What stood in the braces of the route's path. */
  readonly params: Readonly<Record<string, string>>;
  readonly log: LoggedRequest;
  readonly jobFault: JobFault | undefined;
  /** The result table of the job must be gone. */
  readonly expire: boolean;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Undefined: an empty body. */
  readonly body?: Readonly<Record<string, unknown>> | undefined;
}

export function jsonOf(body: Buffer): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch (error) {
    throw new ApiError('badRequest', `Invalid JSON payload received. ${(error as Error).message}`);
  }
}

/** A part of the path that the route has. */
export function param(call: Call, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`the route has no {${name}}`);
  return value;
}
