/** Applies, and says in the summary of the job what became of it. */
import { resolve } from 'node:path';

import * as core from '@actions/core';

import { renderApplyMarkdown } from '../../src/report/apply-markdown.ts';
import { type ApplyDocument, documentOf } from './documents.ts';
import { FAILURES, type Job, selection } from './job.ts';
import { annotate, problemsMarkdown } from './problems.ts';
import { writeSummary } from './report.ts';

export async function apply(job: Job): Promise<void> {
  const { plan, within, approvedCommit, tolerance, due } = job.inputs;
  const workspace = (path: string): string => resolve(job.run.workspace, path);
  const ended = await job.sluice([
    'apply',
    ...(plan === undefined ? [] : [workspace(plan)]),
    ...selection(job.inputs),
    '--yes',
    '--json',
    ...(within === undefined ? [] : ['--within', workspace(within)]),
    ...(approvedCommit === undefined ? [] : ['--envelope-commit', approvedCommit]),
    ...(tolerance === undefined ? [] : ['--tolerance', tolerance]),
    ...(due ? ['--due'] : []),
  ]);
  core.setOutput('exit-code', ended.code);
  const read = documentOf<ApplyDocument>(ended);
  if ('problems' in read) {
    annotate(read.problems);
    await writeSummary(problemsMarkdown('Sluice did not apply', read.problems));
  } else {
    const { applied, held, rejected } = read.document.summary;
    for (const [name, value] of Object.entries({ applied, held, rejected })) core.setOutput(name, value);
    await writeSummary(renderApplyMarkdown(read.document));
  }
  if (ended.code !== 0) core.setFailed(`apply: ${FAILURES[ended.code] ?? `exit code ${ended.code}`}`);
}
