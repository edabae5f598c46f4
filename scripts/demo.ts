/**
 * `npm run demo`: the main job on the example project, as a user would type it. Works in a copy outside of the checkout,
 * prints every command with its real output, and fails if a step is not what it claims to be. `-- --salesforce` tells the
 * same story with a Salesforce org: the sandbox.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { DuckDBConnection } from '@duckdb/node-api';

import type { ApplyDocument, PlanDocument, Summary } from '../src/plan/document.ts';
import { compareWithWarehouse, EDITS, type Expected, moveTheWarehouse } from './demo-changes.ts';
import { databaseCrm, type DemoCrm } from './demo-crm.ts';
import { claim, runSluice } from './demo-shell.ts';
import { withDatabase } from './example-databases.ts';

const FIRST_RUN = { create: 3_445, update: 2, delete: 0, rejected: 0 };

const folder = await mkdtemp(join(tmpdir(), 'sluice-demo-'));
try {
  await using crm = await chosenCrm();
  await demo(folder, crm);
  console.log('\nEvery step did what it says.');
} catch (error) {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Salesforce's parts are loaded where they are asked for. */
async function chosenCrm(): Promise<DemoCrm> {
  if (!process.argv.includes('--salesforce')) return databaseCrm();
  return (await import('./demo-salesforce.ts')).salesforceCrm();
}

async function demo(home: string, crm: DemoCrm): Promise<void> {
  say(`A warehouse with accounts, contacts and subscriptions, and ${crm.title} with five accounts of its own`);
  await crm.prepare(home);
  await firstRun(home, { ...FIRST_RUN, takeover: crm.takeovers });
  claim('the CRM holds what the warehouse says', await differences(home, crm), []);

  say('A day later: the warehouse moved, and somebody edited the CRM by hand');
  const expected = await withDatabase(warehouseOf(home), async (connection) => moveTheWarehouse(connection, crm.nameLimit));
  await crm.edit(EDITS);
  for (const line of expected.story) console.log(`  ${line}`);
  await secondRun(home, crm, expected);
  claim('the CRM holds what the warehouse says, apart from what was rejected and held', await differences(home, crm), expected.leftOver);
  for (const line of crm.says()) console.log(`\n${line}`);
}

function warehouseOf(home: string): string {
  return join(home, 'data', 'warehouse.duckdb');
}

async function firstRun(home: string, expected: Pick<Summary, keyof typeof FIRST_RUN | 'takeover'>): Promise<void> {
  say('What would be written?');
  await runSluice(home, ['plan', '--detailed-exitcode'], { exit: 2 });
  claim('the first plan', pick(await plan(home), expected), expected);
  say('Write it');
  await runSluice(home, ['apply', '--yes'], { exit: 0 });
  say('Nothing is left to do');
  await runSluice(home, ['plan', '--detailed-exitcode'], { exit: 0 });
  const nothing = { create: 0, update: 0, delete: 0, clear: 0, rejected: 0, held: 0 };
  claim('the plan after the apply', pick(await plan(home), nothing), nothing);
}

async function secondRun(home: string, crm: DemoCrm, expected: Expected): Promise<void> {
  say('Plan into a file, for somebody to review');
  await runSluice(home, ['plan', '--out', 'plan.duckdb', '--detailed-exitcode', ...crm.everyRecord], { exit: 2 });
  const saved = JSON.parse(await runSluice(home, ['show', 'plan.duckdb', '--json'], { exit: 0, quiet: true })) as PlanDocument;
  claim('the saved plan', pick(saved.summary, expected.summary), expected.summary);

  say('Look at it: the report, record by record, and with SQL');
  await runSluice(home, ['show', 'plan.duckdb'], { exit: 0 });
  await runSluice(home, ['show', 'plan.duckdb', '--records'], { exit: 0, lines: 24 });
  await runSluice(
    home,
    ['show', 'plan.duckdb', '--sql', 'select sync, action, count(*) as records from changes group by all order by all'],
    { exit: 0 },
  );

  say('Apply exactly this plan. Exit code 5: one record was rejected and one held, somebody should look');
  await runSluice(home, ['apply', 'plan.duckdb', '--yes'], { exit: 5 });
  say('Applied plans cannot be applied twice');
  await runSluice(home, ['apply', 'plan.duckdb', '--yes'], { exit: 4 });

  say('Nothing is left to do: one name is too long for the CRM, and one phone number is theirs to keep');
  await runSluice(home, ['plan', '--detailed-exitcode'], { exit: 0 });
  const rest = { create: 0, update: 0, delete: 0, clear: 0, held: 1, known_rejected: 1 };
  claim('the plan after the second apply', pick(await plan(home), rest), rest);
  // Exit code 5 again: a person still has to look at what was rejected and held.
  const again = JSON.parse(await runSluice(home, ['apply', '--yes', '--json'], { exit: 5, quiet: true })) as ApplyDocument;
  claim('records that another apply writes', again.summary.applied, 0);
  await runSluice(home, ['history'], { exit: 0 });
}

async function plan(home: string): Promise<Summary> {
  const document = JSON.parse(await runSluice(home, ['plan', '--json'], { exit: 0, quiet: true })) as PlanDocument;
  return document.summary;
}

/** Compares both sides with SQL of its own: a second opinion on what Sluice did. */
async function differences(home: string, crm: DemoCrm): Promise<readonly string[]> {
  const files = { warehouse: warehouseOf(home), crm: await crm.export() };
  return withDatabase(':memory:', async (connection: DuckDBConnection) => compareWithWarehouse(connection, files, crm.forms));
}

function pick<K extends keyof Summary>(summary: Summary, wanted: Readonly<Record<K, number>>): Readonly<Record<string, number>> {
  const keys = Object.keys(wanted) as K[];
  return Object.fromEntries(keys.map((key) => [key, summary[key]]));
}

function say(text: string): void {
  console.log(`\n# ${text}`);
}
