/** `sluice test`: the Test documents of the selected syncs. Opens no connection and needs no secret. */
import { EXIT } from '../errors.ts';
import { passed, rehearse, type TestResult } from '../rehearsal/rehearse.ts';
import { testResultsDocument } from '../report/test-json.ts';
import { renderTest, renderTestTotals } from '../report/test-text.ts';
import { listArgument } from './arguments.ts';
import type { Invocation } from './invocation.ts';
import { openProject } from './project.ts';
import type { Shell } from './shell.ts';

export async function test(shell: Shell, { args }: Invocation): Promise<number> {
  const started = shell.context.now();
  const { project, syncs } = await openProject(shell, { names: listArgument(args[0]), secrets: 'none' });
  const tests = project.tests.filter((each) => syncs.some((sync) => sync.name === each.sync));
  const results: TestResult[] = [];
  for await (const result of rehearse(shell.context, project, tests)) {
    results.push(result);
    if (!shell.options.json) await shell.print(renderTest(result, shell.paint));
  }
  const good = results.filter((result) => passed(result)).length;
  const totals = { passed: good, failed: results.length - good, ms: shell.context.now() - started };
  if (shell.options.json) await shell.printJson(testResultsDocument(results, totals));
  else await shell.print(renderTestTotals(totals, shell.paint));
  return totals.failed === 0 ? EXIT.ok : EXIT.error;
}
