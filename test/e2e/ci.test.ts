/** A job may have a terminal, and still nobody who answers or reads a line that is redrawn. */
import { expect, test } from 'vitest';

import { project } from '../support/project.ts';

const TERMINAL = { host: { isTTY: { stdout: true, stderr: true }, columns: () => 100 } };

test('in CI nobody is asked, and progress is no redrawn line', async () => {
  await using p = await project({ source: [['1', 'Ada', 'Team', 5]], overrides: TERMINAL });
  const here = await p.run(['plan'], { env: {} });
  expect(here.stderr).toContain('\r\u001b[2K');
  expect(here.stdout).toContain('\u001b[');
  const job = await p.run(['plan'], { env: { CI: 'true', NO_COLOR: '1' } });
  expect(job.stdout + job.stderr).not.toContain('\u001b');
  const asked = await p.run(['apply'], { env: { CI: 'true' }, answer: 'yes' });
  expect([asked.code, asked.stdout]).toEqual([1, '']);
  expect(asked.stderr).toContain('nobody is at the terminal to approve the plan');
  const declined = await p.run(['apply'], { env: { CI: 'false' }, answer: 'no' });
  expect(declined.stderr).toContain('Nothing was applied.');
});

test('a dumb terminal gets plain lines', async () => {
  await using p = await project({ source: [['1', 'Ada', 'Team', 5]], overrides: TERMINAL });
  const { stdout, stderr } = await p.run(['plan'], { env: { TERM: 'dumb' } });
  expect(stdout + stderr).not.toContain('\u001b');
});
