/** The login of the Salesforce CLI: a program named `sf` in PATH. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { SalesforceClient } from '../../src/salesforce/client.ts';
import { sfCommand } from '../../src/salesforce/sf-cli.ts';
import { api, type Api, connection, EXPIRED, problemOf, quickContext, token } from './support.ts';

let place: string;
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'sluice-sf-'));
});
afterEach(async () => rm(place, { recursive: true, force: true }));

/** Installs an `sf` that answers by its first words; it writes down how it was called. */
async function install(answers: Readonly<Record<string, object>>): Promise<void> {
  const program = `#!${process.execPath}
const { appendFileSync } = require('node:fs');
const args = process.argv.slice(2);
appendFileSync(${JSON.stringify(join(place, 'calls'))}, JSON.stringify({ args, colour: process.env.NO_COLOR }) + '\\n');
const answers = ${JSON.stringify(answers)};
const answer = answers[args.slice(0, 3).join(' ')] ?? answers[args.slice(0, 2).join(' ')] ?? { status: 127, message: 'Command not found.' };
console.log(JSON.stringify(answer));
process.exitCode = answer.status;
`;
  await writeFile(join(place, 'sf'), program);
  await chmod(join(place, 'sf'), 0o755);
}

async function calls(): Promise<readonly { readonly args: readonly string[]; readonly colour: string }[]> {
  const lines = (await readFile(join(place, 'calls'), 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as { args: string[]; colour: string });
}

function open(auth: Readonly<Record<string, unknown>> = {}): SalesforceClient {
  return SalesforceClient.open(connection({ auth: { type: 'sf_cli', ...auth } }), quickContext({ env: { PATH: place, FORCE_COLOR: '1' } }));
}

function shown(server: Pick<Api, 'url'>, accessToken: string): object {
  return { status: 0, result: { id: '00D000000000001EAA', username: 'jane@acme.com', instanceUrl: server.url, accessToken } };
}

describe('the login of the sf CLI', () => {
  it('is asked for its token by the command that shows it', async () => {
    await using server = await api();
    const hidden = '[REDACTED] use "sf org auth show-access-token" to view';
    await install({ 'org display': shown(server, hidden), 'org auth show-access-token': { status: 0, result: { accessToken: token(1) } } });
    const client = open({ target_org: 'acme' });
    await client.request({ method: 'GET', path: '/limits' });
    expect(server.seen[0]?.headers['authorization']).toBe(`Bearer ${token(1)}`);
    expect(await calls()).toEqual([
      { args: ['org', 'display', '--json', '--target-org', 'acme'], colour: '1' },
      { args: ['org', 'auth', 'show-access-token', '--json', '--no-prompt', '--target-org', 'acme'], colour: '1' },
    ]);
  });

  it('is taken from older versions, which show it at once', async () => {
    await using server = await api();
    await install({ 'org display': shown(server, token(1)) });
    await open().request({ method: 'GET', path: '/limits' });
    expect(server.seen[0]?.headers['authorization']).toBe(`Bearer ${token(1)}`);
    expect((await calls()).map(({ args }) => args.join(' '))).toEqual(['org display --json']);
  });

  it('ends with a hint when its session does and sf does not renew it', async () => {
    await using server = await api({ answer: () => EXPIRED });
    await install({ 'org display': shown(server, token(1)) });
    expect(await problemOf(open().request({ method: 'GET', path: '/limits' }))).toMatch(/the session has ended[\s\S]*sf org login web/);
    expect(server.seen).toHaveLength(1);
  });

  it('says what sf says when it fails', async () => {
    const message = 'No authorization information found for acme.';
    await install({ 'org display': { status: 1, name: 'NamedOrgNotFoundError', message } });
    expect(await problemOf(open({ target_org: 'acme' }).identity())).toMatch(
      /crm: sf org display failed: No authorization information found for acme\.\n {2}Log in: sf org login web/,
    );
  });

  it('says that there is no sf', async () => {
    expect(await problemOf(open().identity())).toMatch(/crm: the Salesforce CLI \(sf\) is not installed here, or not in PATH/);
  });

  it('says when neither command shows a token', async () => {
    await install({
      'org display': { status: 0, result: { instanceUrl: 'https://acme.my.salesforce.com' } },
      'org auth show-access-token': { status: 0, result: {} },
    });
    expect(await problemOf(open().identity())).toMatch(/crm: sf does not show its token/);
  });
});

describe('on Windows, where sf is a batch file', () => {
  const { location, name } = connection({});
  const command = (org: string): unknown => sfCommand(['org', 'display', '--json', '--target-org', org], { name, location }, 'win32');

  it('is started by a shell', () => {
    expect(command('jane+1@acme.com.uat')).toEqual({
      file: 'sf org display --json --target-org jane+1@acme.com.uat',
      args: [],
      shell: true,
    });
  });

  it.each(['a & calc', 'a|b', '%PATH%', '"x"', 'a\nb', 'a^b', '$(x)'])('and never with what a shell reads: %j', async (org) => {
    expect(await problemOf(() => command(org))).toMatch(/crm: `auth.target_org` has characters that a Windows shell would read/);
  });
});
