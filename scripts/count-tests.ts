/** `count-tests.ts REPORT STATUS`: prints `PASSED FAILED` of a vitest JSON report. A run that failed has at least one failure. */
import { readFile } from 'node:fs/promises';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
}

const [file, status] = process.argv.slice(2);
if (file === undefined || status === undefined) throw new Error('usage: count-tests.ts REPORT STATUS');
const report = JSON.parse(await readFile(file, 'utf8')) as Report;
// A file that cannot be loaded has no failed test; an error outside of a test shows in the exit status only.
const brokenFiles = report.numFailedTests === 0 ? report.numFailedTestSuites : 0;
const failed = report.numFailedTests + brokenFiles;
console.log(`${report.numPassedTests} ${failed === 0 && status !== '0' ? 1 : failed}`);
