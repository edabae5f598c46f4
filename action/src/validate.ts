/** What can be known without a connection: the project is valid, and its tests pass. */
import * as core from '@actions/core';

import { documentOf, type ProblemDocument, type ValidateDocument } from './documents.ts';
import { type Job, place } from './job.ts';
import { annotate, problemsMarkdown } from './problems.ts';
import { writeSummary } from './report.ts';

/** What is wrong with the project, in any of its environments unless one is named. */
async function findProblems({ sluice, inputs }: Job): Promise<readonly ProblemDocument[]> {
  const read = documentOf<ValidateDocument>(await sluice(['validate', '--json', ...place(inputs)]));
  return 'document' in read ? read.document.problems : read.problems;
}

export async function validate(job: Job): Promise<void> {
  const problems = await findProblems(job);
  annotate(problems);
  if (problems.length > 0) {
    await writeSummary(problemsMarkdown('The project is not valid', problems));
    core.setFailed(`the project is not valid: ${problems.length === 1 ? 'one problem' : `${problems.length} problems`}`);
    return;
  }
  const { code, stdout } = await job.sluice(['test', '--no-color', ...job.inputs.syncs, ...place(job.inputs)]);
  core.info(stdout.replaceAll('::', ': :'));
  core.setOutput('exit-code', code);
  await writeSummary(`## Sluice: the project is valid\n\n${code === 0 ? 'Its tests pass.' : 'Its tests fail: see the log.'}\n`);
  if (code !== 0) core.setFailed('the tests of the project fail');
}
