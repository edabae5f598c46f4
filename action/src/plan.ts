/** Plans what the pull request changes, and says so in its comment and in the summary of the job. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import * as core from '@actions/core';

import { documentOf, type PlanDocument, type ProblemDocument } from './documents.ts';
import { FAILURES, type Job, selection, subject } from './job.ts';
import { annotate, problemsMarkdown, problemsOf } from './problems.ts';
import { publishComment } from './publish.ts';
import { type Report, writeReport, writeSummary } from './report.ts';

export async function plan(job: Job): Promise<void> {
  const file = join(job.folder, 'plan.duckdb');
  const encrypted = (process.env['SLUICE_PLAN_KEY'] ?? '') !== '';
  try {
    await planInto(job, file, encrypted);
  } finally {
    // Every reader of a repository can download its artifacts: an open plan file does not outlive the step.
    if (!encrypted) await rm(file, { force: true });
  }
}

async function planInto(job: Job, file: string, encrypted: boolean): Promise<void> {
  const envelope = join(job.folder, 'envelope.json');
  const ended = await job.sluice([
    'plan',
    '--json',
    ...selection(job.inputs),
    ...baseOption(job),
    '--out',
    file,
    ...(encrypted ? ['--encrypt'] : []),
    '--envelope',
    envelope,
    ...reviewed(job),
  ]);
  core.setOutput('exit-code', ended.code);
  const read = documentOf<PlanDocument>(ended);
  if ('problems' in read) {
    annotate(read.problems);
    return fail(job, 'Sluice could not plan', read.problems);
  }
  const { document } = read;
  annotate(problemsOf(document));
  setCounts(document);
  if (encrypted) core.setOutput('plan-path', file);
  await writeSummary(await shown(job, file, 'summary'));
  const text = await shown(job, file, 'comment');
  const report: Report = { kind: 'plan', ...subject(job), title: '', text, clean: document.syncs.length === 0 };
  await writeReport(job.folder, report, envelope);
  if (job.inputs.comment) await publishComment(job.run, job.inputs.token, report);
  if (ended.code !== 0) core.setFailed(`plan: ${FAILURES[ended.code] ?? `exit code ${ended.code}`}`);
}

/** On a pull request: what its branch changes. */
function baseOption({ run, inputs: { base } }: Job): readonly string[] {
  if (base === 'none' || (base === 'auto' && run.pull === undefined)) return [];
  return ['--base', base === 'auto' ? `origin/${run.pull?.base ?? ''}` : base];
}

/** People review the head of the branch. What is checked out is the merge that GitHub tries, a commit that nobody sees again. */
function reviewed({ run: { pull } }: Job): readonly string[] {
  return pull === undefined ? [] : ['--envelope-commit', pull.head];
}

function setCounts({ summary }: PlanDocument): void {
  const { create, update, delete: deletes, clear, held, rejected, drift, conflict } = summary;
  core.setOutput('changes', create + update + deletes + clear);
  for (const [name, value] of Object.entries({ create, update, delete: deletes, clear, held, rejected })) core.setOutput(name, value);
  core.setOutput('drift', drift + conflict);
}

async function shown(job: Job, file: string, format: 'comment' | 'summary'): Promise<string> {
  const { code, stdout } = await job.sluice(['show', file, '--format', format]);
  if (code !== 0) throw new Error(`sluice show ended with ${code}; what it said stands above`);
  return stdout;
}

/** An old plan must not stay in the comment as if it were this commit's. */
async function fail(job: Job, title: string, problems: readonly ProblemDocument[]): Promise<void> {
  const text = problemsMarkdown(title, problems);
  await writeSummary(text);
  const report: Report = { kind: 'plan', ...subject(job), title: '', text, clean: false };
  await writeReport(job.folder, report);
  if (job.inputs.comment) await publishComment(job.run, job.inputs.token, report);
  core.setFailed(title);
}
