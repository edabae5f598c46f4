/** What `doctor` says about an org: the command itself, the real client, the sandbox. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { Fault } from '../../src/sandbox/salesforce/faults.ts';
import { type OrgProject, type OrgSetup, orgProject, type Yaml } from '../e2e/org.ts';

interface Check {
  readonly on: string;
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly hint: string | null;
}

const ON = 'crm (destination)';

/** The org with an assertion as the login, which tells most about what is wrong. */
async function org(setup: OrgSetup = {}, auth: Yaml = {}): Promise<OrgProject> {
  const o = await orgProject({ source: [], ...setup });
  const { clientId, username, privateKey } = o.sandbox.credentials;
  const way = { type: 'jwt', client_id: clientId, username, private_key: privateKey, ...auth };
  await o.p.connect({ type: 'salesforce', login_url: o.sandbox.url, ...setup.connection, auth: way });
  return o;
}

async function checked({ p }: OrgProject): Promise<{ readonly code: number; readonly checks: readonly Check[]; readonly text: string }> {
  const { code, json, stdout, stderr } = await p.run(['doctor', '--json']);
  return { code, checks: (json as { checks: Check[] }).checks.filter((check) => check.on === ON), text: `${stdout}${stderr}` };
}

function login(code: string, message: string): Fault {
  return { on: 'login', do: 'status', status: 400, code, message, times: 99 };
}

describe('doctor, of an org', () => {
  it('says which org it is, what may be written, and whether the clocks agree', async () => {
    await using o = await org();
    const { code, checks } = await checked(o);
    expect(code).toBe(0);
    expect(checks.map(({ check, ok }) => [check, ok])).toEqual(
      expect.arrayContaining([
        ['reach', true],
        ['rights on Account', true],
        ['limits', true],
      ]),
    );
    expect(checks.find(({ check }) => check === 'reach')?.detail).toBe(`salesforce:${o.sandbox.org.id}`);
  });

  it.each([
    [
      'an app that is blocked',
      login('OAUTH_APP_BLOCKED', 'this app is blocked by admin'),
      /the app is blocked in the org/,
      /Connected Apps OAuth Usage/,
    ],
    ['an address that may not log in', login('invalid_grant', 'ip restricted'), /does not let the user in from this address/, /IP ranges/],
    ['a user that is not active', login('invalid_grant', 'inactive user'), /the user or the org is not active/, /administrator/],
    ['a page instead of the API', { on: 'login', do: 'html', times: 99 }, /answers with a web page, not with data/, /login_url/],
  ] as const)('says what to do about %s', async (_what, fault, detail, hint) => {
    await using o = await org();
    o.sandbox.faults.add(fault);
    const { code, checks } = await checked(o);
    expect(code).toBe(1);
    expect(checks).toEqual([
      { on: ON, check: 'reach', ok: false, detail: expect.stringMatching(detail), hint: expect.stringMatching(hint) },
    ]);
  });

  it.each([
    ['another user', { username: 'nobody@acme.com' }, /"nobody@acme\.com" may not use the app, or is not known at this login URL/],
    ['another app', { client_id: 'nobody' }, /the app is not known here/],
    [
      'another audience',
      { audience: 'https://test.salesforce.com' },
      /the assertion is for https:\/\/test\.salesforce\.com, and the org is not there/,
    ],
    [
      'another key',
      { private_key: readFileSync(join(import.meta.dirname, 'keys', 'app.key'), 'utf8') },
      /the key does not belong to the certificate/,
    ],
    ['no key', { private_key: 'app.key' }, /auth\.private_key names a file that does not exist/],
  ])('finds %s, and shows no secret', async (_what, auth, detail) => {
    await using o = await org({}, auth);
    const { code, checks, text } = await checked(o);
    expect(code).toBe(1);
    expect(checks).toMatchObject([{ check: 'reach', ok: false, detail: expect.stringMatching(detail), hint: expect.stringMatching(/./) }]);
    expect(text).not.toMatch(/PRIVATE KEY|eyJ/);
  });

  it.each([
    [30, /clock is 30 minutes ahead of Salesforce's: assertions that it signs do not hold/],
    [-30, /clock is 30 minutes behind Salesforce's: assertions that it signs do not hold/],
  ])('blames a clock that is %i minutes ahead', async (minutes, detail) => {
    const now = (): number => Date.now() + minutes * 60_000;
    await using o = await org({ overrides: { context: { now } } });
    // An assertion from the future is refused like any other that does not hold.
    if (minutes > 0) o.sandbox.faults.add(login('invalid_grant', 'invalid assertion'));
    const { code, checks } = await checked(o);
    expect(code).toBe(1);
    expect(checks).toMatchObject([{ check: 'reach', ok: false, detail: expect.stringMatching(detail) }]);
  });

  it('finds a user who may not use the API', async () => {
    await using o = await org({ sandbox: { user: { apiEnabled: false } } });
    const { code, checks } = await checked(o);
    expect(code).toBe(1);
    const failed = checks.filter(({ ok }) => !ok);
    expect(failed.length).toBeGreaterThan(0);
    for (const { detail, hint } of failed) {
      expect(detail).toMatch(/the API is off for this user or org/);
      expect(hint).toMatch(/"API Enabled"/);
    }
  });
});
