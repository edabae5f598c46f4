/** What `doctor` finds out beyond that a connection answers. */
import { expect, test } from 'vitest';

import { project } from '../support/project.ts';

interface DoctorDocument {
  readonly healthy: boolean;
  readonly checks: readonly {
    readonly on: string;
    readonly check: string;
    readonly ok: boolean;
    readonly detail: string;
    readonly hint: string | null;
  }[];
}

test.each([
  [0, true, /^agrees with this machine's to \d seconds?$/],
  [-20_000, true, /^agrees with this machine's to (19|20|21) seconds$/],
  [3_600_000, false, /^its clock is 360\d seconds ahead of this machine's$/],
  [-90_000, false, /^its clock is (89|90|91) seconds behind this machine's$/],
])('a clock that is %i ms ahead: %s', async (clock_ahead_ms, ok, detail) => {
  await using p = await project({ api: { clock_ahead_ms }, source: [] });
  const ran = await p.run(['doctor', '--json']);
  const document = ran.json as DoctorDocument;
  const clock = document.checks.find((check) => check.check === 'clock');
  expect(clock).toMatchObject({ on: 'crm (destination)', ok, detail: expect.stringMatching(detail) as string });
  expect([document.healthy, ran.code]).toEqual([ok, ok ? 0 : 1]);
});

test('a system that cannot tell the time is not asked', async () => {
  await using p = await project({ source: [] });
  const { checks } = (await p.run(['doctor', '--json'])).json as DoctorDocument;
  expect(checks.map(({ on, check }) => `${on}: ${check}`)).toEqual([
    'warehouse (source): reach',
    'crm (destination): reach',
    'crm (destination): rights on Account',
    'crm (destination): limits',
    'state: read',
    'state: write',
  ]);
});
