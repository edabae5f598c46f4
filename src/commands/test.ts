/** `sluice test`: the Test documents, each against the plan of a private little world. Opens no connection. */
import type { Project, SyncTest } from '../config/model.ts';
import { EXIT, InternalError, UserError } from '../errors.ts';
import { visible } from '../report/escape.ts';
import { plural } from '../report/format.ts';
import { errorText, whereOf } from '../report/json.ts';
import { listArgument } from './arguments.ts';
import type { Invocation } from './invocation.ts';
import { openProject } from './project.ts';
import type { Shell } from './shell.ts';
import { differences } from './testing/compare.ts';
import { expectedOf } from './testing/given.ts';
import { inSandbox } from './testing/sandbox.ts';

interface TestResult {
  readonly test: SyncTest;
  /** Why it failed; empty when it passed. */
  readonly failures: readonly string[];
}

export async function test(shell: Shell, { args }: Invocation): Promise<number> {
  const { project, syncs } = await openProject(shell, { names: listArgument(args[0]), secrets: 'none' });
  const tests = project.tests.filter((each) => syncs.some((sync) => sync.name === each.sync));
  const results: TestResult[] = [];
  for (const each of tests) {
    const result = { test: each, failures: await runTest(shell, project, each) };
    results.push(result);
    if (!shell.options.json) await shell.print(resultText(shell, result));
  }
  const failed = results.filter((result) => result.failures.length > 0).length;
  if (shell.options.json)
    await shell.printJson({ passed: results.length - failed, failed, tests: results.map((result) => resultDocument(result)) });
  else await shell.print(summaryText(shell, results.length, failed));
  return failed === 0 ? EXIT.ok : EXIT.error;
}

async function runTest(shell: Shell, project: Project, test: SyncTest): Promise<readonly string[]> {
  const sync = project.syncs.find((each) => each.name === test.sync);
  if (sync === undefined) throw new InternalError(`the test "${test.name}" passed validation without its sync`);
  try {
    return await inSandbox(shell, project, test, sync, async (file) => differences(file, sync, expectedOf(test)));
  } catch (error) {
    if (error instanceof UserError) return errorText(error).split('\n');
    throw error;
  }
}

function resultText(shell: Shell, { test, failures }: TestResult): string {
  const name = `${visible(test.sync)}: ${visible(test.name)}`;
  if (failures.length === 0) return `${shell.paint.ok('ok  ')}  ${name}\n`;
  return [
    `${shell.paint.error('FAIL')}  ${name}   ${shell.paint.dim(whereOf(test.location) ?? '')}`,
    ...failures.map((line) => `        ${visible(line)}`),
    '',
  ].join('\n');
}

function summaryText(shell: Shell, all: number, failed: number): string {
  if (all === 0) return 'There are no Test documents.\n';
  return failed === 0
    ? `${shell.paint.ok(`${plural(all, 'test')} passed.`)}\n`
    : `${shell.paint.error(`${failed} of ${plural(all, 'test')} failed.`)}\n`;
}

function resultDocument({ test, failures }: TestResult): Readonly<Record<string, unknown>> {
  return { name: test.name, sync: test.sync, where: whereOf(test.location), passed: failures.length === 0, failures };
}
