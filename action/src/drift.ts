/** Looks for what moved in the destinations, and keeps one issue about it. */
import * as core from '@actions/core';

import { driftCount, driftTitle, renderDriftMarkdown } from '../../src/report/drift-markdown.ts';
import { documentOf, type PlanDocument } from './documents.ts';
import { type Job, selection, subject } from './job.ts';
import { annotate, problemsMarkdown, problemsOf } from './problems.ts';
import { publishIssue } from './publish.ts';
import { type Report, writeReport, writeSummary } from './report.ts';

export async function drift(job: Job): Promise<void> {
  const ended = await job.sluice(['drift', '--json', ...selection(job.inputs)]);
  core.setOutput('exit-code', ended.code);
  const read = documentOf<PlanDocument>(ended);
  if ('problems' in read) {
    annotate(read.problems);
    await writeSummary(problemsMarkdown('Sluice could not look for drift', read.problems));
    core.setFailed('drift: it ended with an error');
    return;
  }
  const { document } = read;
  const failed = problemsOf(document);
  annotate(failed);
  const records = driftCount(document);
  core.setOutput('drift', records);
  const text = renderDriftMarkdown(document);
  await writeSummary(`## ${driftTitle(document)}\n\n${text}`);
  const about = `${text}\n[The run that looked](${job.run.url}).\n`;
  // What could not be read may have moved: an issue is closed only after everything was looked at.
  const report: Report = {
    kind: 'drift',
    ...subject(job),
    title: driftTitle(document),
    text: about,
    clean: records === 0 && failed.length === 0,
  };
  if (records > 0 || failed.length === 0) {
    await writeReport(job.folder, report);
    if (job.inputs.issue) await publishIssue(job.run, job.inputs.token, report);
  }
  if (failed.length > 0) core.setFailed(`drift: ${failed.length} of ${document.syncs.length} syncs could not be read`);
}
