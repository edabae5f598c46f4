/**
 * A Salesforce org on this machine: a server on the loopback address that keeps records in memory and answers like the REST and
 * Bulk APIs. Built from recorded answers of real orgs (2021) and from the documentation; it has never been compared with a live org.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { processContext } from '../../context.ts';
import type { State } from './call.ts';
import { Calls } from './calls.ts';
import { Faults } from './faults.ts';
import { loadOrg, saveOrg } from './file.ts';
import { Quota } from './limits.ts';
import { Org } from './org.ts';
import { routes } from './routes.ts';
import type { SandboxSchema } from './schema.ts';
import { dispatchInside, SandboxServer } from './server.ts';
import { type Credentials, type KeptCredentials, Sessions } from './sessions.ts';
import type { UserOptions } from './users.ts';

export type { FieldDef, ObjectDef, SandboxSchema } from './schema.ts';
export type { Org } from './org.ts';

export interface SandboxOptions {
  /** 0 or absent: any that is free. */
  readonly port?: number;
  /** JSON lines: read at the start if it is there, written at the stop. */
  readonly file?: string;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Random bytes as hexadecimal text. */
  readonly randomHex?: (length: number) => string;
  /** Objects and fields beyond the standard ones. */
  readonly schema?: SandboxSchema;
  readonly user?: UserOptions;
  /** API calls a day; default 100,000. */
  readonly dailyApiRequests?: number;
}

export interface Sandbox extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`: where to log in, and the instance. */
  readonly url: string;
  /** The records, without the network. */
  readonly org: Org;
  readonly calls: Calls;
  readonly faults: Faults;
  readonly quota: Quota;
  readonly sessions: Sessions;
  readonly credentials: Credentials;
}

/** Above what the server answers in Salesforce's words: so that Node's own limit never speaks first. */
const MAX_HEADERS = 128 * 1024;

export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const outside = processContext({ cwd: '.', env: {}, emit: () => undefined, signal: new AbortController().signal });
  const now = options.now ?? outside.now;
  const org = new Org({ now, user: options.user });
  const kept = options.file === undefined ? undefined : await loadOrg(org, options.file);
  for (const [object, def] of Object.entries(options.schema ?? {})) org.define(object, def);
  const sessions = new Sessions(org, options.randomHex ?? outside.randomHex, kept);
  const server = createServer({ maxHeaderSize: MAX_HEADERS });
  const url = await listen(server, options.port ?? 0);
  const parts = { org, calls: new Calls(), faults: new Faults(), quota: new Quota(options.dailyApiRequests ?? 100_000) };
  const state: State = { ...parts, now, url, dispatch: async (call) => dispatchInside(routes, call) };
  const answers = new SandboxServer({ state, sessions, routes });
  server.on('request', (request, response) => void answers.answer(request, response));
  return {
    ...parts,
    url,
    sessions,
    credentials: sessions.credentials,
    async [Symbol.asyncDispose]() {
      await stop(server);
      if (options.file !== undefined) await saveOrg(org, keptOf(sessions.credentials), options.file);
    },
  };
}

function keptOf({ clientId, clientSecret, refreshToken }: Credentials): KeptCredentials {
  return { clientId, clientSecret, refreshToken };
}

async function listen(server: Server, port: number): Promise<string> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  const closed = once(server, 'close');
  server.close();
  await closed;
}
