/** The entry of the action: one command, its outputs, and the one place where an error fails the job. */
import * as core from '@actions/core';

import { apply } from './apply.ts';
import { approved } from './approved.ts';
import { openSluice } from './cli.ts';
import { drift } from './drift.ts';
import { type Inputs, readInputs } from './inputs.ts';
import type { Job } from './job.ts';
import { list } from './list.ts';
import { plan } from './plan.ts';
import { publishComment, publishIssue } from './publish.ts';
import { jobFolder, readReport } from './report.ts';
import { ActionError, readRun, type Run } from './run.ts';
import { trustOf } from './trust.ts';
import { validate } from './validate.ts';

const JOBS = { apply, drift, list, plan, validate };

async function main(): Promise<void> {
  const inputs = readInputs();
  const run = await readRun(process.env);
  const trust = await trustOf(run, inputs);
  if (inputs.command === 'approved') return approved(run, inputs);
  if (inputs.command === 'post') return post(run, inputs);
  const job: Job = { run, inputs, sluice: await openSluice(run, inputs.project, trust), folder: await jobFolder(run) };
  if (trust === 'full') return JOBS[inputs.command](job);
  core.notice('This pull request comes from a fork: the project is validated and tested without credentials. Nothing is planned.', {
    title: 'Sluice',
  });
  return validate(job);
}

/** Writes on GitHub what a job without permissions has worked out. */
async function post(run: Run, inputs: Inputs): Promise<void> {
  if (inputs.report === undefined) throw new ActionError('report: name the folder with the report to post');
  const report = await readReport(run, inputs.report);
  if (report.kind === 'plan') await publishComment(run, inputs.token, report);
  else await publishIssue(run, inputs.token, report);
}

try {
  await main();
} catch (error) {
  core.setFailed(
    error instanceof ActionError || !(error instanceof Error)
      ? String(error instanceof Error ? error.message : error)
      : (error.stack ?? error.message),
  );
}
