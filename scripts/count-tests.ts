/**
 * `count-tests.ts REPORT STATUS`: prints `PASSED FAILED` of a vitest JSON report, and what failed and why to standard
 * error. A run that failed has at least one failure.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
}

/** As much of a message as tells what happened: a diff of two documents may be a thousand lines. */
const LINES = 12;
const indented = (message: string): string =>
  message
    .split('\n')
    .slice(0, LINES)
    .map((line) => `    ${line}`)
    .join('\n');

const [file, status] = process.argv.slice(2);
if (file === undefined || status === undefined) throw new Error('usage: count-tests.ts REPORT STATUS');
const report = JSON.parse(await readFile(file, 'utf8')) as Report;
for (const suite of report.testResults.filter(({ status: outcome }) => outcome === 'failed')) {
  const broken = suite.assertionResults.filter((test) => test.status === 'failed');
  const where = path.relative(process.cwd(), suite.name);
  if (broken.length === 0) console.error(`failed: ${where}\n${indented(suite.message)}`);
  for (const test of broken) {
    console.error(`failed: ${where} > ${test.fullName}\n${indented((test.failureMessages ?? []).join('\n'))}`);
  }
}
// A file that cannot be loaded has no failed test; an error outside of a test shows in the exit status only.
const brokenFiles = report.numFailedTests === 0 ? report.numFailedTestSuites : 0;
const failed = report.numFailedTests + brokenFiles;
console.log(`${report.numPassedTests} ${failed === 0 && status !== '0' ? 1 : failed}`);
