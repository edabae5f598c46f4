/** What is wrong with a connection document, as `validate` says it. */
import { describe, expect, it } from 'vitest';

import { load, problems, withSync } from '../config/folder.ts';

function documents(lines: string): Record<string, string> {
  const crm = `kind: Connection\nname: crm\ntype: salesforce\n${lines}`;
  return { ...withSync(), 'syncs/connections.yaml': 'kind: Connection\nname: warehouse\ntype: duckdb\n', 'syncs/crm.yaml': crm };
}

async function problemsOf(lines: string): Promise<readonly string[]> {
  return problems(documents(lines));
}

const JWT = 'auth: { type: jwt, client_id: app, username: sync@acme.com, private_key: app.key }\n';

describe('connection documents of type salesforce', () => {
  it.each([
    ['jwt', JWT],
    [
      'jwt with all of it',
      'auth: { type: jwt, client_id: a, username: b, private_key: c, certificate: d, audience: "https://login.salesforce.com" }',
    ],
    [
      'client_credentials',
      'login_url: https://acme.my.salesforce.com\nauth: { type: client_credentials, client_id: app, client_secret: x }',
    ],
    ['refresh_token', 'auth: { type: refresh_token, client_id: app, refresh_token: x }'],
    ['access_token', 'auth: { type: access_token, access_token: x, instance_url: "https://acme.my.salesforce.com/" }'],
    ['sf_cli', 'auth: { type: sf_cli }'],
    ['sf_cli of one org', 'auth: { type: sf_cli, target_org: jane@acme.com }'],
    ['secrets of the environment', 'auth: { type: jwt, client_id: "${env.A}", username: "${env.B}", private_key: "${env.C}" }'],
    ['a server on this machine', `login_url: http://localhost:8443\n${JWT}`],
    [
      'all options',
      `${JWT}api_version: "66.0"\napi_budget: 80%\nassign: true\nallow_duplicates: true\nbulk_from: 500\ncollection_size: 50\n`,
    ],
    ['an assignment rule', `${JWT}assign: 01Q5e000000abcdEAA\n`],
  ])('may log in by %s', async (_what, lines) => {
    expect(await problemsOf(lines)).toEqual([]);
  });

  it.each([
    ['no login', 'description: x', ['syncs/crm.yaml:1:1: missing key "auth"']],
    ['no way to log in', 'auth: { client_id: app }', ['syncs/crm.yaml:4:1: auth: missing key "type"']],
    [
      'an unknown way',
      'auth:\n  type: password\n  username: jane',
      ['syncs/crm.yaml:5:9: auth.type: expected one of jwt, client_credentials, refresh_token, access_token, sf_cli; found "password"'],
    ],
    [
      'a misspelt way',
      'auth:\n  type: client_credential\n  client_id: app',
      [
        'syncs/crm.yaml:5:9: auth.type: expected one of jwt, client_credentials, refresh_token, access_token, sf_cli; found "client_credential". Did you mean "client_credentials"?',
      ],
    ],
    [
      'what the way needs',
      'auth:\n  type: jwt\n  client_id: app',
      ['syncs/crm.yaml:4:1: auth: missing key "username"', 'syncs/crm.yaml:4:1: auth: missing key "private_key"'],
    ],
    [
      'a misspelt key',
      'auth:\n  type: jwt\n  client_id: app\n  user_name: jane\n  private_key: x',
      ['syncs/crm.yaml:7:3: auth: unknown key "user_name"; did you mean "username"?'],
    ],
    [
      'a key of another way',
      'auth:\n  type: client_credentials\n  client_id: app\n  client_secret: x\n  refresh_token: y',
      ['syncs/crm.yaml:8:3: auth: unknown key "refresh_token"\n  known keys: type, client_id, client_secret'],
    ],
    [
      'a value of the wrong kind, which is not shown',
      'auth:\n  type: client_credentials\n  client_id: app\n  client_secret: 123456',
      ['syncs/crm.yaml:7:18: auth.client_secret: expected a string, found a value that is not shown'],
    ],
    ['a way that is no map', 'auth: jwt', ['syncs/crm.yaml:4:7: auth: expected a map, found "jwt"']],
    [
      'an API without encryption',
      `login_url: http://acme.my.salesforce.com\n${JWT}`,
      [
        'syncs/crm.yaml:4:12: login_url: expected https:// and a host, and not lightning.force.com: https://acme.my.salesforce.com, found "http://acme.my.salesforce.com"',
      ],
    ],
    [
      'the address of the web interface',
      `login_url: https://acme.lightning.force.com/lightning/page/home\n${JWT}`,
      [
        'syncs/crm.yaml:4:12: login_url: expected https:// and a host, and not lightning.force.com: https://acme.my.salesforce.com, found "https://acme.lightning.force.com/lightning/page/home"',
      ],
    ],
    [
      'a version that is a number',
      `api_version: 67.0\n${JWT}`,
      ['syncs/crm.yaml:4:14: api_version: expected a version in quotes: "67.0", found the number 67.0'],
    ],
    ['a share above all', `api_budget: 110%\n${JWT}`, ['syncs/crm.yaml:4:13: api_budget: expected a share from 1% to 100%, found "110%"']],
    [
      'more records than a request may hold',
      `collection_size: 500\n${JWT}`,
      ['syncs/crm.yaml:4:18: collection_size: expected a number from 1 to 200, found the number 500'],
    ],
  ])('say where and what is wrong: %s', async (_what, lines, expected) => {
    expect(await problemsOf(lines)).toEqual(expected);
  });

  it('keep the secrets of every way out of reports', async () => {
    const ways = [
      'auth: { type: jwt, client_id: app, username: u, private_key: the-private-key }',
      'auth: { type: client_credentials, client_id: app, client_secret: the-client-secret }',
      'auth: { type: refresh_token, client_id: app, client_secret: the-client-secret, refresh_token: the-refresh-token }',
      'auth: { type: access_token, access_token: the-access-token, instance_url: "https://acme.my.salesforce.com" }',
    ];
    const projects = await Promise.all(ways.map(async (way) => load(documents(way), { secrets: 'all' })));
    expect(projects.map((project) => project.secrets)).toEqual([
      ['the-private-key'],
      ['the-client-secret'],
      ['the-client-secret', 'the-refresh-token'],
      ['the-access-token'],
    ]);
  });
});
