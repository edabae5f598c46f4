import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import packageJson from '../../package.json' with { type: 'json' };
import { nodeTooOld, OLDEST_NODE } from '../../src/cli/node-version.ts';
import { allowances, parseKey } from '../../src/commands/arguments.ts';
import { folder } from '../support/database.ts';
import { sluice, sluiceJson } from './run.ts';

interface Failure {
  readonly message: string;
  readonly where: string | null;
  readonly problems: readonly unknown[];
}

test('what is typed wrong is an error with a suggestion, and exit code 1', async () => {
  await using here = await folder();
  const unknown = await sluice(here.path, ['plam']);
  expect(unknown).toMatchObject({ code: 1, stdout: '' });
  expect(unknown.stderr).toContain("Error: unknown command 'plam'");
  expect(unknown.stderr).toContain('Did you mean plan?');
  expect((await sluice(here.path, ['plan', '--refresh', 'some'])).stderr).toContain('Allowed choices are changed, all, none');
  expect((await sluice(here.path, ['plan', '--var', 'x'])).stderr).toContain('It must look like name=value.');
  expect((await sluice(here.path, ['apply', '--limit', 'ten'])).stderr).toContain('It must be a whole number.');
  expect((await sluice(here.path, ['state'])).code).toBe(1);
});

test.each([
  [['apply', '--auto-approve'], 'It is called --yes here.'],
  [['apply', '-auto-approve'], 'It is called --yes here.'],
  [['plan', '-out=plan.duckdb'], 'Options have two dashes: --out'],
  [['plan', '-target=accounts'], 'Name the sync instead: sluice plan accounts.'],
  [['plan', '--refresh-only'], 'sluice drift'],
  [['destroy'], 'Sluice deletes only what a plan shows'],
  [['import'], 'Records that exist are found by their key'],
  [['force-unlock'], 'sluice state unlock SYNC --generation N'],
])('a hand used to Terraform is told the word: %j', async (args, hint) => {
  await using here = await folder();
  const { code, stderr } = await sluice(here.path, args);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^Error: unknown (option|command) /);
  expect(stderr).toContain(hint);
});

test('with --json an error is the one document on stdout', async () => {
  await using here = await folder();
  for (const args of [['plam'], ['plan'], ['show', 'nowhere.duckdb'], ['plan', '--refresh', 'x'], ['apply'], ['state', 'list']]) {
    const { code, document, stderr } = await sluiceJson(here.path, 'error', args);
    expect(code).toBe(1);
    expect((document.error as Failure).message).not.toBe('');
    expect(stderr).toBe('');
  }
});

test('all problems of a project come at once, with file, line and column', async () => {
  await using here = await folder();
  await mkdir(here.file('syncs'));
  await writeFile(here.file('syncs/project.yaml'), 'kind: Project\nname: p\nstat: {}\nguards: { deletes: { maxx: 1 } }\n');
  const { code, document } = await sluiceJson(here.path, 'error', ['plan']);
  const failure = document.error as Failure;
  expect(code).toBe(1);
  expect(failure.problems.length).toBe(2);
  expect(failure.where).toBe('syncs/project.yaml:3:1');
  const validated = await sluiceJson(here.path, 'validate', ['validate']);
  expect(validated.code).toBe(1);
  expect(validated.document).toMatchObject({ valid: false });
  expect(validated.document.problems).toEqual(failure.problems);
  expect((await sluice(here.path, ['validate'])).stdout).toContain('2 problems.');
});

test('--allow: what is wrong is said, and a sync that is not there is an error', () => {
  expect(allowances(['deletes:a=1200', 'rejects:a=5'], ['a'])).toEqual([
    { guard: 'deletes', sync: 'a', count: 1200 },
    { guard: 'rejects', sync: 'a', count: 5 },
  ]);
  expect(() => allowances(['deletes=1'], ['a'])).toThrow('GUARD:SYNC=N');
  expect(() => allowances(['delets:a=1'], ['a'])).toThrow('there is no guard "delets"');
  expect(() => allowances(['deletes:b=1'], ['a'])).toThrow('there is no sync "b"');
  expect(() => allowances(['deletes:a=-1'], ['a'])).toThrow('GUARD:SYNC=N');
});

test('keys as typed', () => {
  expect(parseKey('001,A', ['id'])).toEqual(['001,A']);
  expect(parseKey('001,A', ['id', 'region'])).toEqual(['001', 'A']);
  expect(parseKey('["a,b","c"]', ['id', 'region'])).toEqual(['a,b', 'c']);
  expect(parseKey('[broken', ['id'])).toEqual(['[broken']);
  expect(() => parseKey('001', ['id', 'region'])).toThrow("the key '001' has 1 part, the sync's key has 2: id, region");
});

test('an error shows no escape sequence of a file name', async () => {
  await using here = await folder();
  const { stderr } = await sluice(here.path, ['show', 'x\u001b[31m.duckdb']);
  expect(stderr).not.toContain('\u001b');
  expect(stderr).toContain('x\\u001b[31m.duckdb');
});

test('our own mistakes ask for a report, without the reader of the folders', async () => {
  await using here = await folder();
  await mkdir(here.file('syncs'));
  await writeFile(
    here.file('syncs/all.yaml'),
    `kind: Project
name: p
state: { path: ${join('..', 'state.duckdb')} }
---
{ kind: Connection, name: files, type: duckdb }
---
{ kind: Connection, name: crm, type: duckdb, path: ../crm.duckdb }
---
kind: Sync
name: s
source: { connection: files, query: select 1 as id, key: id }
destination: { connection: crm, object: T, key: Id }
fields: { Id2: id }
`,
  );
  const sources = new Map([
    [
      'duckdb',
      async () => async () => {
        throw new TypeError(`cannot read ${here.path}/secret-folder/x`);
      },
    ],
  ]);
  const options = { overrides: { registry: { sources } } };
  const { code, stderr } = await sluice(here.path, ['validate', '--online'], options);
  expect(code).toBe(1);
  expect(stderr).toContain('Error: cannot read ./secret-folder/x');
  expect(stderr).toContain('This is a bug in Sluice. Please report it');
  expect(stderr).not.toContain(here.path);
  expect(stderr).not.toMatch(/\n {4}at /);
  const debug = await sluice(here.path, ['validate', '--online'], { ...options, env: { SLUICE_DEBUG: '1' } });
  expect(debug.stderr).toMatch(/\n {4}at /);
});

test('a Node that is too old is told so, by the version that package.json asks for', () => {
  expect(packageJson.engines.node).toBe(`>=${OLDEST_NODE}`);
  expect(nodeTooOld('20.20.2')).toBe(
    'Error: Sluice needs Node 24 or newer, and this is Node 20.20.2\n  Install a newer one, or put it first in PATH.\n',
  );
  expect([nodeTooOld('24.0.0'), nodeTooOld('26.1.0'), nodeTooOld(process.versions.node)]).toEqual([undefined, undefined, undefined]);
});

test('a sync whose file has a mistake is not missing: the mistake is told', async () => {
  await using here = await folder();
  await sluice(here.path, ['init']);
  const path = join(here.path, 'syncs', 'customers.yaml');
  await writeFile(path, (await readFile(path, 'utf8')).replace('fields:', 'feilds:'));
  const { code, stderr } = await sluice(here.path, ['plan', 'customers']);
  expect([code, stderr]).toEqual([1, expect.stringContaining('unknown key "feilds"')]);
  expect(stderr).not.toContain('the project has');
});
