/** A guard that trips can be allowed in review, by a file in the project that says how far and until when. */
import { describe, expect, it } from 'vitest';

import { type Account, must, planOf, project, type TestProject } from '../support/project.ts';

const DAY = 86_400_000;
const today = (days: number): string => new Date(Date.now() + days * DAY).toISOString().slice(0, 10);

/** Every record would be deleted but one. */
async function tripped(): Promise<TestProject> {
  const source = Array.from({ length: 20 }, (_, index): Account => [String(index + 1), 'x', 'Free', 1]);
  const p = await project({ source, sync: { on_missing: 'delete' } });
  await p.apply();
  await p.warehouse("DELETE FROM account WHERE id <> '1'");
  return p;
}

async function approve(p: TestProject, own: Readonly<Record<string, unknown>> = {}): Promise<void> {
  await p.write('syncs/approvals/accounts.yaml', {
    kind: 'Approval',
    sync: 'accounts',
    guards: { deletes: 19 },
    reason: 'churn',
    expires: today(7),
    ...own,
  });
}

describe('an approval', () => {
  it('lets a guard pass, and the plan says which file and until when', async () => {
    await using p = await tripped();
    expect((await p.run(['apply', '--yes'])).code).toBe(3);
    await approve(p);
    expect(await p.planText()).toContain(`guard deletes: 19 let through by syncs/approvals/accounts.yaml (until ${today(7)})`);
    const by = { file: 'syncs/approvals/accounts.yaml', until: today(7) };
    expect(planOf(await p.plan()).guards).toContainEqual(
      expect.objectContaining({ guard: 'deletes', ok: true, allowed: true, approved_by: by }),
    );
    must(await p.run(['apply', '--yes']), 0);
    expect(await p.summary()).toEqual({ unchanged: 1 });
  });

  it('counts on its last day, and not a day later', async () => {
    await using p = await tripped();
    await approve(p, { expires: today(-1) });
    expect((await p.run(['apply', '--yes'])).code).toBe(3);
    await approve(p, { expires: today(0) });
    must(await p.run(['apply', '--yes']), 0);
  });

  it('allows no more than it says, beside what is typed', async () => {
    await using p = await tripped();
    await approve(p, { guards: { deletes: 18 } });
    expect((await p.run(['apply', '--yes'])).code).toBe(3);
    must(await p.run(['apply', '--yes', '--allow', 'deletes:accounts=19']), 0);
  });

  it('that was taken back since a plan was saved does not count for that plan', async () => {
    await using p = await tripped();
    await approve(p);
    must(await p.run(['plan', '--out', 'plan.duckdb']), 0);
    await approve(p, { expires: today(-1) });
    const ran = await p.run(['apply', 'plan.duckdb']);
    expect(ran.code).toBe(3);
    expect(ran.stdout).toContain('does not count any more');
    expect(await p.summary([], 3)).toMatchObject({ delete: 19 });
  });

  it.each([
    [{ sync: 'acounts' }, 'syncs/approvals/accounts.yaml:2:7: sync: there is no sync "acounts"'],
    [{ expires: '2026-02-31' }, 'expires: there is no day 2026-02-31'],
    [{ guards: { delete: 5 } }, 'did you mean'],
    [{ reason: '' }, 'reason'],
  ])('with %j is an error at its line', async (own, message) => {
    await using p = await tripped();
    await approve(p, own);
    const ran = await p.run(['validate']);
    expect(ran.code).toBe(1);
    expect(ran.stdout + ran.stderr).toContain(message);
  });
});
