/** The command line inside the test's process, its output caught, in a folder of the test's own. */
import { readFileSync } from 'node:fs';

import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { expect } from 'vitest';

import { main, type Overrides } from '../../src/cli.ts';

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What a person at the terminal answers; absent: nobody is there. */
  readonly answer?: string;
  readonly overrides?: Omit<Overrides, 'cwd' | 'env' | 'host'>;
}

/** Types one command in `cwd`. Never touches the test's own folder, environment or output. */
export async function sluice(cwd: string, args: readonly string[], options: RunOptions = {}): Promise<Result> {
  const [out, err]: [string[], string[]] = [[], []];
  const before = process.cwd();
  try {
    const { answer } = options;
    const code = await main(args, {
      ...options.overrides,
      cwd,
      env: { USER: 'alice', ...options.env },
      host: {
        stdout: async (text) => void out.push(text),
        stderr: (text) => void err.push(text),
        ask:
          answer === undefined
            ? null
            : async (question) => {
                err.push(question);
                return answer;
              },
        isTTY: { stdout: false, stderr: false },
        columns: () => 100,
        makePrivate: () => undefined,
      },
    });
    return { code, stdout: out.join(''), stderr: err.join('') };
  } finally {
    process.chdir(before);
  }
}

/** Runs with `--json` and holds what stdout says to its schema. */
export async function sluiceJson(
  cwd: string,
  schema: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<{ code: number; document: Record<string, unknown>; stderr: string }> {
  const { code, stdout, stderr } = await sluice(cwd, [...args, '--json'], options);
  const document = JSON.parse(stdout) as Record<string, unknown>;
  expectSchema(schema, document);
  return { code, document, stderr };
}

export function expectSchema(name: string, document: unknown): void {
  const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true, strictRequired: false });
  formats.default(ajv);
  const validate = ajv.compile(JSON.parse(readFileSync(new URL(`../../schemas/${name}.schema.json`, import.meta.url), 'utf8')) as object);
  validate(document);
  expect(validate.errors ?? []).toEqual([]);
}
