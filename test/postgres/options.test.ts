import { writeFile } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';

import { type ClientOptions, clientOptions } from '../../src/postgres/options.ts';
import { folder } from '../support/database.ts';
import { contextWith, postgresConnection, problemOf } from '../support/postgres-client.ts';

function optionsOf(document: Record<string, unknown>, env: Record<string, string> = {}, cwd?: string): ClientOptions {
  return clientOptions(postgresConnection(document), contextWith(cwd === undefined ? { env } : { env, cwd }));
}

describe('where a connection leads', () => {
  it('is what the document says, then its URL, then the environment, part by part', () => {
    const env = { PGHOST: 'env.example', PGPORT: '1111', PGDATABASE: 'env', PGUSER: 'env', PGPASSWORD: 'env', PGSSLMODE: 'require' };
    expect(optionsOf({}, env)).toMatchObject({
      host: 'env.example',
      port: 1111,
      database: 'env',
      user: 'env',
      password: 'env',
      tls: { mode: 'require' },
    });
    const url = 'postgres://url@url.example/url?sslmode=disable';
    expect(optionsOf({ url }, env)).toMatchObject({
      host: 'url.example',
      port: 1111,
      database: 'url',
      user: 'url',
      password: 'env',
      tls: { mode: 'disable' },
    });
    expect(optionsOf({ url, host: 'document.example', port: 2222, tls: 'verify-full' }, env)).toMatchObject({
      host: 'document.example', port: 2222, database: 'url', user: 'url', tls: { mode: 'verify-full' },
    }); // prettier-ignore
  });

  it('has defaults, and an empty variable is none', () => {
    const options = optionsOf({ user: 'ann' }, { PGHOST: '', PGPORT: '' });
    expect(options).toMatchObject({
      host: 'localhost',
      port: 5432,
      database: 'ann',
      user: 'ann',
      password: undefined,
      tls: { mode: 'prefer' },
      schemas: [],
    });
  });

  it.each([
    [
      'postgres://ann:p%40ss%2Fword%25@db.example:6543/gold',
      { host: 'db.example', port: 6543, database: 'gold', user: 'ann', password: 'p@ss/word%' },
    ],
    ['postgresql://ann@[::1]:6543/gold', { host: '::1', port: 6543 }],
    ['postgres:///gold?host=/var/run/postgresql&user=ann', { host: '/var/run/postgresql', database: 'gold', user: 'ann' }],
    ['postgres://ann:secret@/gold?host=/run', { host: '/run', password: 'secret', database: 'gold' }],
    ['postgres://ann@%2Frun%2Fpg/gold', { host: '/run/pg' }],
    ['postgres://db.example/gold?connect_timeout=3&application_name=x', { connectTimeoutMs: 3000 }],
    ['postgres://db.example/gold?options=-c%20geqo%3Doff', { startupOptions: '-c geqo=off' }],
  ])('reads %s', (url, expected) => {
    expect(optionsOf({ url, ...(url.includes('ann') ? {} : { user: 'u' }) })).toMatchObject(expected);
  });

  it.each([
    ['mysql://ann:secret@db/x', '`url` is not the URL of a Postgres database'],
    ['postgres://ann:100%@db/x', '`url` is not the URL of a Postgres database'],
    ['postgres://ann:secret@one,two/x', '`url` is not the URL of a Postgres database'],
    ['postgres://ann:secret@db:99999/x', '`url` is not the URL of a Postgres database'],
    ['postgres://ann:secret@db/x?sslmod=require', '`url` has a parameter that is not known\n  Did you mean sslmode?'],
    ['postgres://ann:12?secret@db/x', '`url` has a parameter that is not known\n  Known: '],
    ['postgres://ann:secret@db/x?sslmode=maybe', 'the mode of TLS is not known'],
  ])('refuses %s without showing it', async (url, message) => {
    const problem = await problemOf(Promise.resolve().then(() => optionsOf({ url })));
    expect(problem).toMatch(/^syncs\/connections\.yaml:3:1: /);
    expect(problem).toContain(message);
    expect(problem).not.toContain('secret');
  });

  it('refuses a port that is none', async () => {
    expect(await problemOf(Promise.resolve().then(() => optionsOf({}, { PGPORT: 'five' })))).toContain('PGPORT is not a port number');
  });
});

describe('certificates', () => {
  it('are files relative to the document, or the text itself', async () => {
    await using dir = await folder();
    await writeFile(dir.file('ca.pem'), '-----BEGIN CERTIFICATE-----\nfile');
    const connection = { ...postgresConnection({ tls_ca: './ca.pem' }), location: { file: 'connections.yaml', line: 1, column: 1 } };
    expect(clientOptions(connection, contextWith({ cwd: dir.path })).tls.ca).toContain('file');
    const inline = '-----BEGIN CERTIFICATE-----\ninline';
    expect(optionsOf({ tls_ca: inline }).tls.ca).toBe(inline);
  });

  it('that are missing, or lack their other half, are said so', async () => {
    expect(await problemOf(Promise.resolve().then(() => optionsOf({ tls_ca: 'nowhere.pem' })))).toContain(
      'a certificate file does not exist',
    );
    expect(await problemOf(Promise.resolve().then(() => optionsOf({ tls_cert: '-----BEGIN' })))).toContain('needs its key');
  });
});
