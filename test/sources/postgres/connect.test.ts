import { once } from 'node:events';
import { chmod, chown, copyFile, readFile, stat } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { TransientError } from '../../../src/errors.ts';
import { onPostgres, type Postgres, startPostgres } from '../../support/postgres.ts';
import { problemOf, thrownBy } from '../../support/postgres-client.ts';
import { tcpProxy } from '../../support/tcp-proxy.ts';
import { open, query } from './harness.ts';

const TLS = join(import.meta.dirname, '..', '..', 'postgres', 'tls');
const AT = 'syncs/connections.yaml:3:1: warehouse: ';

let server: Postgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => server.stop());

/** What a user reads, who must never read a secret. */
async function refusal(work: Promise<unknown>): Promise<string> {
  const problem = await problemOf(work);
  expect(problem).not.toMatch(/correct|horse|s3cret/);
  return problem;
}

function changed(change: (url: URL) => void): string {
  const url = new URL(server.url);
  change(url);
  return url.href;
}

describe('a connection that cannot be made says why', () => {
  it('wrong host', async () => {
    expect(await refusal(open('postgres://u:s3cret@no-such-host.invalid/x'))).toBe(
      `${AT}there is no host "no-such-host.invalid"\n  Correct \`host\` (or PGHOST).`,
    );
  });

  it('nobody listens', async () => {
    await using proxy = await tcpProxy(server.port);
    await proxy.refuse();
    expect(await refusal(open(proxy.through(server.url)))).toBe(
      `${AT}no server listens at 127.0.0.1:${proxy.port}\n  Correct \`host\` and \`port\`, or start the server.`,
    );
    expect(await refusal(open('', { host: '/nowhere', user: 'ann' }))).toContain('no server listens at the socket in /nowhere');
  });

  it('no answer', async () => {
    await using proxy = await tcpProxy(server.port);
    await proxy.blackhole();
    const url = `${proxy.through(server.url)}?connect_timeout=1`;
    expect(await refusal(open(url))).toBe(
      `${AT}127.0.0.1:${proxy.port} does not answer\n  Correct \`host\` and \`port\`; a firewall may be in between.`,
    );
  });

  it('wrong password, and none', async () => {
    const wrong = changed((url) => (url.password = 's3cret'));
    expect(await refusal(open(wrong))).toBe(
      `${AT}wrong password for user "postgres"\n  Correct \`user\` and \`password\`, or PGUSER and PGPASSWORD.`,
    );
    const none = changed((url) => (url.password = ''));
    expect(await refusal(open(none))).toBe(
      `${AT}127.0.0.1:${server.port} wants a password for user "postgres"\n  Write \`password: \${env.NAME}\`, or set PGPASSWORD.`,
    );
    await using _fromEnvironment = await open(none, {}, { env: { PGPASSWORD: 'correct horse' } });
  });

  it('no such database, and no right to connect to it', async () => {
    expect(await refusal(open(changed((url) => (url.pathname = '/nope'))))).toBe(
      `${AT}there is no database "nope" on 127.0.0.1:${server.port}\n  Correct \`database\`, or PGDATABASE.`,
    );
    const own = await server.createDatabase();
    const name = new URL(own).pathname.slice(1);
    await onPostgres(server.url, `REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`, "CREATE ROLE outsider LOGIN PASSWORD 's3cret'");
    const outsider = changed((url) => Object.assign(url, { username: 'outsider', password: 's3cret', pathname: `/${name}` }));
    expect(await refusal(open(outsider))).toContain(`user "outsider" may not connect to the database "${name}"`);
  });

  it('too many connections: somebody may leave', async () => {
    await onPostgres(server.url, "CREATE ROLE lonely LOGIN PASSWORD 's3cret' CONNECTION LIMIT 1");
    const lonely = changed((url) => Object.assign(url, { username: 'lonely', password: 's3cret' }));
    await using _first = await open(lonely);
    expect(await thrownBy(open(lonely))).toBeInstanceOf(TransientError);
  });

  it('a server that is too old, or only looks like Postgres', async () => {
    await using old = await oldServer('9.6.24');
    expect(await refusal(open(`postgres://u:s3cret@127.0.0.1:${old.port}/x`, { tls: 'disable' }))).toBe(
      `syncs/connections.yaml:3:1: warehouse: the server is Postgres 9.6.24; Sluice needs 14 or newer\n  Upgrade the server. Systems that only speak the protocol of Postgres, such as Redshift, are not supported.`,
    );
  });
});

describe('TLS', () => {
  let secure: Postgres;
  beforeAll(async () => {
    secure = await startPostgres();
    const data = join(secure.folder, 'data');
    const { uid, gid } = await stat(data);
    for (const file of ['server.crt', 'server.key']) {
      await copyFile(join(TLS, file), join(data, file));
      await chmod(join(data, file), 0o600);
      await chown(join(data, file), uid, gid);
    }
    await onPostgres(secure.url, 'ALTER SYSTEM SET ssl = on');
    await secure.restart('fast');
  });
  afterAll(async () => secure.stop());

  const CA = join(TLS, 'ca.crt');
  const ENCRYPTED = 'select ssl::text as ssl from pg_stat_ssl where pid = pg_backend_pid()';

  it.each([
    [{}, 'true'],
    [{ tls: 'disable' }, 'false'],
    [{ tls: 'require' }, 'true'],
    [{ tls: 'verify-ca', tls_ca: CA }, 'true'],
    [{ tls: 'verify-full', tls_ca: CA }, 'true'],
  ])('%j', async (options, expected) => {
    await using opened = await open(secure.url, options);
    expect(await opened.texts(ENCRYPTED)).toEqual([{ ssl: expected }]);
  });

  it('that is preferred is done without where the server has none', async () => {
    await using opened = await open(server.url);
    expect(await opened.texts(ENCRYPTED)).toEqual([{ ssl: 'false' }]);
  });

  it('that is required and refused is an error', async () => {
    expect(await refusal(open(server.url, { tls: 'require' }))).toBe(
      `${AT}127.0.0.1:${server.port} does not speak TLS, and \`tls: require\` asks for it\n  Turn on TLS in the server, or write \`tls: disable\` when the way to it is safe.`,
    );
  });

  it('believes no stranger', async () => {
    const unknown = `${AT}the server's certificate is not signed by an authority that is trusted here`;
    expect(await refusal(open(secure.url, { tls: 'verify-full' }))).toContain(unknown);
    expect(await refusal(open(secure.url, { tls: 'verify-ca' }))).toContain(unknown);
    const localhost = new URL(secure.url);
    localhost.hostname = 'localhost';
    const ca = await readFile(CA, 'utf8');
    expect(await refusal(open(localhost.href, { tls: 'verify-full', tls_ca: ca }))).toContain(
      `${AT}the server's certificate is not for the host "localhost"`,
    );
    await using _byAuthority = await open(localhost.href, { tls: 'verify-ca', tls_ca: ca });
  });

  it('reaches a statement that has to be stopped', async () => {
    const controller = new AbortController();
    await using opened = await open(secure.url, { tls: 'verify-full', tls_ca: CA }, { signal: controller.signal });
    setTimeout(() => controller.abort(), 150);
    const started = performance.now();
    expect((await thrownBy(opened.source.extract(query('select pg_sleep(30)::text as a')))).name).toBe('AbortError');
    expect(performance.now() - started).toBeLessThan(25_000);
  });

  it('carries a million rows', async () => {
    await using opened = await open(secure.url, { tls: 'require' });
    const { from } = await opened.source.extract(query('select n, md5(n::text) as m from generate_series(1, 1000000) as n'));
    expect(await opened.workspace.rows(`SELECT count(*)::INTEGER AS n, count(DISTINCT m)::INTEGER AS m FROM ${from}`)).toEqual([
      { n: 1_000_000, m: 1_000_000 },
    ]);
  });
});

describe.each([14, 16, 18] as const)('Postgres %i', (major) => {
  it('is described and read', async () => {
    await using own = await startPostgres({ major });
    await onPostgres(own.url, 'CREATE TABLE t AS SELECT 1 AS a, ARRAY[1.50] AS b, NULL::date AS c');
    await using opened = await open(own.url);
    expect(opened.source.engine).toBe(`postgres ${major}`);
    expect(await opened.texts('select * from t')).toEqual([{ a: '1', b: '[1.50]', c: null }]);
    expect(await problemOf(opened.source.describe(query('select nope from t')))).toContain('10:12: column "nope" does not exist');
    expect(await problemOf(opened.source.describe(query('with x as (delete from t returning a) select a from x')))).toContain(
      'writes, in its WITH',
    );
    const hashed = await opened.source.hashed(query('select * from t'));
    expect((await opened.texts(hashed))[0]?.['row_hash']).toMatch(/^-?\d+$/);
  });
});

/** Lets everybody in and says that it is of that version. */
async function oldServer(version: string): Promise<AsyncDisposable & { readonly port: number }> {
  const message = (type: string, body: Buffer): Buffer => {
    const head = Buffer.alloc(5);
    head.write(type);
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const greeting = Buffer.concat([
    message('R', Buffer.alloc(4)),
    message('S', Buffer.from(`server_version\0${version}\0`)),
    message('K', Buffer.alloc(8)),
    message('Z', Buffer.from('I')),
  ]);
  const listener = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(greeting));
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    port: (listener.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      listener.close();
      await once(listener, 'close');
    },
  };
}
