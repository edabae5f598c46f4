/** `sluice test` as it is typed, over a project in a folder of its own. Both connections point nowhere. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';

import { createProgram } from '../../src/cli/program.ts';
import { createShell } from '../../src/cli/create-shell.ts';
import { test } from '../../src/commands/test.ts';
import { readSchema } from '../../src/config/schemas.ts';
import { UserError } from '../../src/errors.ts';
import { errorText } from '../../src/report/json.ts';
import { SLUICE_VERSION } from '../../src/version.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A clock that stands still, so that texts can be compared whole. */
const CLOCK = { now: () => Date.UTC(2026, 0, 31) };

export async function typeTest(cwd: string, args: readonly string[] = []): Promise<Ran> {
  const before = process.cwd();
  const output = { stdout: '', stderr: '' };
  const result = { code: -1 };
  const host = {
    stdout: (text: string) => Promise.resolve(void (output.stdout += text)),
    stderr: (text: string) => void (output.stderr += text),
    ask: null,
    isTTY: { stdout: false, stderr: false },
    columns: () => 100,
    chdir: (folder: string) => {
      process.chdir(folder);
    },
    makePrivate: () => undefined,
  };
  const program = createProgram({
    version: SLUICE_VERSION,
    write: (text) => void (output.stdout += text),
    run: async (_verb, _load, invocation) => {
      const { signal } = new AbortController();
      const shell = createShell({
        options: invocation.options,
        cwd,
        env: {},
        signal,
        host,
        registry: undefined,
        connectionSchemas: undefined,
        context: CLOCK,
      });
      result.code = await test(shell, invocation);
    },
  });
  try {
    await program.parseAsync(['test', ...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { code: error.exitCode, stdout: output.stdout, stderr: errorText(error) };
  } finally {
    process.chdir(before);
  }
  return { ...output, code: result.code };
}

/** With `--json`, held to the schema. */
export async function typeTestJson(cwd: string, args: readonly string[] = []): Promise<{ code: number; document: unknown }> {
  const ran = await typeTest(cwd, [...args, '--json']);
  const document = JSON.parse(ran.stdout) as Record<string, unknown>;
  const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true, strictRequired: false }).compile(readSchema('test-results'));
  validate(document);
  expect(validate.errors ?? []).toEqual([]);
  return { code: ran.code, document };
}

const PROJECT = `
kind: Project
name: acme
state: { path: ../state.duckdb }
`;

/** Nobody can open these, and nobody knows their secrets. */
const CONNECTIONS = `
kind: Connection
name: warehouse
type: duckdb
path: nowhere/\${env.WAREHOUSE}/warehouse.duckdb
---
kind: Connection
name: crm
type: duckdb
path: nowhere/\${env.CRM}/crm.duckdb
`;

/** The default sync: `id, name, plan, seats, note` of a query that nothing can run. */
export const SYNC = `
kind: Sync
name: accounts
source:
  connection: warehouse
  query: select * from a_table_that_is_nowhere
  key: id
destination: { connection: crm, object: Account, key: Id }
fields:
  Name: name
  Plan: plan
  Seats: seats
`;

export class RehearsalProject implements AsyncDisposable {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  static async create(files: { readonly sync?: string; readonly tests: string; readonly project?: string }): Promise<RehearsalProject> {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'sluice-rehearsal-')));
    const made = new RehearsalProject(root);
    await made.write('syncs/project.yaml', (files.project ?? PROJECT).trimStart());
    await made.write('syncs/connections.yaml', CONNECTIONS.trimStart());
    await made.write('syncs/accounts.yaml', (files.sync ?? SYNC).trimStart());
    await made.write('syncs/tests.yaml', files.tests.trimStart());
    return made;
  }

  async write(name: string, text: string): Promise<void> {
    const path = join(this.root, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}

/** What the command says of one test, by default of the default sync. */
export async function verdict(test: string, sync?: string, projectFile?: string): Promise<string> {
  const tests = `kind: Test\nname: it\nsync: accounts\n${test.trimStart()}`;
  await using project = await RehearsalProject.create({
    tests,
    ...(sync === undefined ? {} : { sync }),
    ...(projectFile === undefined ? {} : { project: projectFile }),
  });
  const ran = await typeTest(project.root);
  return ran.stdout === '' ? ran.stderr : ran.stdout;
}
