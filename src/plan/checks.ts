/** The user's own SQL over a plan: each row it returns is a violation. */
import { UserError } from '../errors.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { SqlError } from '../workspace/duckdb-errors.ts';
import type { BoundSync } from './bind.ts';
import type { CheckResult } from './document.ts';
import { typedChanges } from './typed-view.ts';

const EXAMPLES = 5;

/** Runs the checks of one sync against its changes. A check that is not valid SQL is the user's mistake, at its line. */
export async function runChecks(workspace: Workspace, bound: BoundSync): Promise<CheckResult[]> {
  const { sync } = bound;
  if (sync.checks.length === 0) return [];
  await workspace.run(`CREATE OR REPLACE TEMP VIEW changes AS ${typedChanges('plan.changes', sync.name, viewFields(bound))}`);
  const results: CheckResult[] = [];
  for (const [index, check] of sync.checks.entries()) {
    results.push(await runCheck(workspace, bound, check.name, check.sql, index));
  }
  return results;
}

/** Fields as the view shows them. A reference shows the key of its target. */
export function viewFields(bound: BoundSync): { name: string; type: BoundSync['fields'][number]['type']; sensitive: boolean }[] {
  return bound.fields.map((field) => ({ name: field.name, type: field.type, sensitive: field.sensitive }));
}

async function runCheck(workspace: Workspace, bound: BoundSync, name: string, sql: string, index: number): Promise<CheckResult> {
  try {
    const select = `SELECT * FROM (\n${sql}\n) AS violation`;
    const violations = await workspace.count(`SELECT count(*) FROM (${select})`);
    if (violations === 0) return { name, ok: true, violations, examples: [] };
    const rows = await workspace.rows(
      `SELECT CAST(to_json(violation) AS VARCHAR) AS example FROM (\n${sql}\n) AS violation LIMIT ${EXAMPLES}`,
    );
    await workspace.run(
      `INSERT INTO plan.violations SELECT $sync, 'check', $name, $message, CAST(to_json(violation) AS VARCHAR) FROM (\n${sql}\n) AS violation LIMIT 1000`,
      { sync: bound.sync.name, name, message: 'the check returned this row' },
    );
    return { name, ok: false, violations, examples: rows.map((row) => String(row['example'])) };
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    throw new UserError(`check "${name}": ${error.message}`, {
      location: bound.sync.at('checks', index, 'sql'),
      hint: 'A check is one SELECT over `changes` (action, reason, key, fields, before.FIELD, after.FIELD); every row it returns is a violation.',
      cause: error,
    });
  }
}
