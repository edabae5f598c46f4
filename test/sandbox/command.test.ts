/** `sluice sandbox salesforce` as a process: what it prints works, and it ends when it is told to. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';

import { startSandbox } from '../../src/sandbox/salesforce/index.ts';
import { expectSchema, sluice } from '../cli/run.ts';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

interface ConnectionDocument {
  readonly login_url: string;
  readonly auth: { readonly client_id: string; readonly client_secret: string };
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-sandbox-'));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

class Running implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #output = { stdout: '', stderr: '' };

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [CLI, 'sandbox', 'salesforce', ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout.on('data', (chunk: Buffer) => (this.#output.stdout += chunk.toString()));
    this.#child.stderr.on('data', (chunk: Buffer) => (this.#output.stderr += chunk.toString()));
  }

  get stderr(): string {
    return this.#output.stderr;
  }

  /** What it printed, once it says how to stop it. */
  async ready(): Promise<string> {
    while (!this.#output.stderr.includes('Press Ctrl-C')) {
      if (this.#child.exitCode !== null) throw new Error(this.#output.stderr);
      await Promise.race([once(this.#child.stderr, 'data'), once(this.#child, 'close')]);
    }
    return this.#output.stdout;
  }

  async stop(): Promise<number | null> {
    const closed = once(this.#child, 'close') as Promise<[number | null]>;
    this.#child.kill('SIGINT');
    const [code] = await closed;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.kill('SIGKILL')) await once(this.#child, 'close');
  }
}

async function logIn({ login_url: url, auth }: ConnectionDocument): Promise<{ url: string; authorization: string }> {
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: auth.client_id, client_secret: auth.client_secret });
  const answer = await fetch(`${url}/services/oauth2/token`, { method: 'POST', body: form });
  const { access_token: token } = (await answer.json()) as { readonly access_token: string };
  return { url: `${url}/services/data/v67.0`, authorization: `Bearer ${token}` };
}

test('the document it prints is a connection of the project, and opens a session', async () => {
  await using running = new Running([]);
  const text = await running.ready();
  const document = parse(text) as ConnectionDocument;
  expect((await sluice(folder, ['init'])).code).toBe(0);
  await writeFile(join(folder, 'syncs', 'salesforce.yaml'), text);
  expect(await sluice(folder, ['validate'])).toMatchObject({ code: 0, stderr: '' });
  const { url, authorization } = await logIn(document);
  expect((await fetch(`${url}/limits`, { headers: { authorization } })).status).toBe(200);
  expect(running.stderr).toMatch(
    /A Salesforce org at http:\/\/127\.0\.0\.1:\d+: 7 objects, 0 records, kept in memory, gone when it stops\./,
  );
  expect(await running.stop()).toBe(0);
});

test('with a file it is the same org tomorrow, with the same connection', async () => {
  await writeFile(join(folder, 'objects.json'), JSON.stringify({ Plan__c: { fields: { Code__c: { type: 'string', externalId: true } } } }));
  const args = ['--file', 'org.jsonl', '--schema', 'objects.json', '--api-calls', '7', '--json'];
  const first = await (async () => {
    await using running = new Running(args);
    const document = JSON.parse(await running.ready()) as { readonly connection: ConnectionDocument };
    expectSchema('sandbox-salesforce', document);
    const { url, authorization } = await logIn(document.connection);
    const headers = { authorization, 'content-type': 'application/json' };
    const created = await fetch(`${url}/sobjects/Plan__c`, { method: 'POST', headers, body: '{"Code__c":"gold"}' });
    expect([created.status, created.headers.get('sforce-limit-info')]).toEqual([201, 'api-usage=1/7']);
    expect(await running.stop()).toBe(0);
    return document.connection;
  })();
  expect(await readFile(join(folder, 'org.jsonl'), 'utf8')).toContain('"Code__c":"gold"');
  await using again = new Running(args);
  const { connection } = JSON.parse(await again.ready()) as { readonly connection: ConnectionDocument };
  expect(connection.auth).toEqual(first.auth);
  const { url, authorization } = await logIn(connection);
  const found = await fetch(`${url}/sobjects/Plan__c/Code__c/GOLD`, { headers: { authorization } });
  expect(await found.json()).toMatchObject({ Code__c: 'gold' });
  expect(again.stderr).toContain('1 record, kept in org.jsonl when it stops');
});

test('what cannot be is refused', async () => {
  await using taken = await startSandbox();
  const port = new URL(taken.url).port;
  const refused = await sluice(folder, ['sandbox', 'salesforce', '--port', port]);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(`port ${port} is in use`)]);
  const high = await sluice(folder, ['sandbox', 'salesforce', '--port', '70000']);
  expect([high.code, high.stderr]).toEqual([1, expect.stringContaining('the highest port is 65535')]);
  const none = await sluice(folder, ['sandbox', 'salesforce', '--schema', 'none.json']);
  expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('none.json cannot be read')]);
});
