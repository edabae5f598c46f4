/** The folder that a job leaves behind for one that may write on GitHub: texts without values that are to be masked. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import * as core from '@actions/core';

import { ActionError, type Run } from './run.ts';

export interface Report {
  readonly kind: 'plan' | 'drift';
  /** Folder of the project. */
  readonly project: string;
  readonly environment: string | null;
  /** Of an issue. */
  readonly title: string;
  /** Markdown without the marker. */
  readonly text: string;
  /** There is nothing to say that was not said before: no sync is affected, nothing drifts. */
  readonly clean: boolean;
}

/** A folder of this job, below the runner's own. */
export async function jobFolder(run: Run): Promise<string> {
  const folder = join(run.temp, `sluice-${run.id}-${run.attempt}-${core.getInput('command')}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** Writes the report and, beside it, the envelope of the plan. Returns the folder. */
export async function writeReport(folder: string, report: Report, envelope?: string): Promise<string> {
  const path = join(folder, 'report');
  await mkdir(path, { recursive: true });
  const { text, ...rest } = report;
  await writeFile(join(path, 'report.json'), `${JSON.stringify(rest, undefined, 2)}\n`);
  await writeFile(join(path, 'report.md'), text);
  if (envelope !== undefined) await copyFile(envelope, join(path, 'envelope.json'));
  core.setOutput('report-path', path);
  return path;
}

/** What `writeReport` has written, perhaps in another job. */
export async function readReport(run: Run, folder: string): Promise<Report> {
  const path = resolve(run.workspace, folder);
  try {
    const rest = JSON.parse(await readFile(join(path, 'report.json'), 'utf8')) as Omit<Report, 'text'>;
    return { ...rest, text: await readFile(join(path, 'report.md'), 'utf8') };
  } catch (error) {
    throw new ActionError(`report: there is no report in ${folder}`, { cause: error });
  }
}

/** GitHub takes 1 MiB a step. */
const SUMMARY_BYTES = 1_000_000;

export async function writeSummary(text: string): Promise<void> {
  const fits = Buffer.byteLength(text) <= SUMMARY_BYTES;
  await core.summary.addRaw(fits ? text : `${text.slice(0, SUMMARY_BYTES / 4)}\n\n(cut)\n`, true).write();
}
