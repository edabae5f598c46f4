/**
 * A project with ten thousand changes to write: creates, updates of every set of fields, deletes, clears and a few rejects,
 * in two syncs onto tables without a primary key, so that a record that is created twice shows. The rows are drawn here, and
 * what the destination must hold in the end is worked out here, without Sluice.
 */
import { writeFile } from 'node:fs/promises';

import { must, project, type TestProject } from './project.ts';

export type Text = string | null;
/** `Id, Name, Plan, Seats, Notes`, as text. */
export type Row = readonly [Text, Text, Text, Text, Text];
type Values = readonly [name: Text, plan: Text, seats: Text];

export interface Expected {
  /** All rows of each table, by Id. */
  readonly live: Readonly<Record<'Account' | 'Contact', readonly Row[]>>;
  /** Of each sync: what state says was sent, by key. Records that left are not in it. */
  readonly sent: Readonly<Record<'accounts' | 'contacts', Readonly<Record<string, Values>>>>;
  readonly rejects: number;
  /** Changes of the plan. */
  readonly changes: number;
}

interface Fate {
  readonly id: string;
  readonly before: Values | undefined;
  /** What the warehouse says now; undefined: it is gone. */
  readonly now: Values | undefined;
  readonly isBad: boolean;
}

const TABLE = '(Id VARCHAR, Name VARCHAR, Plan VARCHAR, Seats INTEGER, Notes VARCHAR)';
const OFF = { max: null, percent: null };
const LOOSE = { deletes: OFF, clears: OFF, updates: OFF, nulls: OFF };

/** The project after its first run, the warehouse moved on, and `plan.duckdb` holding the plan. */
export async function tenThousand(random: () => number): Promise<{ project: TestProject; expected: Expected }> {
  const fates = { account: drawn(random, 'a', 6500), contact: drawn(random, 'c', 5000) };
  const common = { guards: LOOSE };
  const made = await project({
    warehouse: ['SELECT 1'],
    crm: [`CREATE TABLE Account ${TABLE}`, `CREATE TABLE Contact ${TABLE}`],
    sync: [
      { name: 'accounts', on_missing: 'delete', ...common },
      {
        name: 'contacts',
        on_missing: 'clear',
        ...common,
        source: { connection: 'warehouse', query: 'select * from contact', key: 'id' },
        destination: { connection: 'crm', object: 'Contact', key: 'Id' },
      },
    ],
  });
  await warehouse(made, fates, (fate) => fate.before);
  must(await made.run(['apply', '--yes']), 0);
  for (const table of ['Account', 'Contact']) {
    await made.crm(
      `UPDATE ${table} SET Notes = 'note ' || Id`,
      `INSERT INTO ${table} SELECT 'stranger ' || i, 'Somebody', NULL, i, 'by hand' FROM range(50) AS t(i)`,
    );
  }
  await warehouse(made, fates, (fate) => fate.now);
  must(await made.run(['plan', '--out', 'plan.duckdb']), 0);
  return { project: made, expected: expected(fates) };
}

type Fates = Readonly<Record<'account' | 'contact', readonly Fate[]>>;

async function warehouse(made: TestProject, fates: Fates, rowOf: (fate: Fate) => Values | undefined): Promise<void> {
  for (const table of ['account', 'contact'] as const) {
    const rows = fates[table].flatMap((fate) => {
      const values = rowOf(fate);
      return values === undefined ? [] : [{ id: fate.id, name: values[0], plan: values[1], seats: values[2] }];
    });
    await writeFile(made.file(`${table}.json`), rows.map((row) => JSON.stringify(row)).join('\n'));
    const columns = "{id: 'VARCHAR', name: 'VARCHAR', plan: 'VARCHAR', seats: 'VARCHAR'}";
    await made.warehouse(
      `CREATE OR REPLACE TABLE ${table} AS SELECT * FROM read_json('${made.file(`${table}.json`)}', columns = ${columns})`,
    );
  }
}

function drawn(random: () => number, prefix: string, count: number): Fate[] {
  return Array.from({ length: count }, (_, index) => {
    const id = `${prefix}${String(index).padStart(5, '0')}`;
    const before: Values = [`Name of ${id}`, random() < 0.1 ? null : 'Team', String(1 + Math.floor(random() * 50))];
    const dice = random();
    if (dice < 0.002) return { id, before, now: ['Renamed', 'Scale', 'many'], isBad: true };
    if (dice < 0.003) return { id, before: undefined, now: ['New', 'Scale', 'many'], isBad: true };
    if (dice < 0.1) return { id, before, now: before, isBad: false };
    if (dice < 0.25) return { id, before, now: undefined, isBad: false };
    if (dice < 0.6) return { id, before: undefined, now: before, isBad: false };
    return { id, before, now: moved(before, 1 + Math.floor(random() * 7)), isBad: false };
  });
}

/** Other values in the fields whose bit is set; one of them may become null. */
function moved([name, plan, seats]: Values, mask: number): Values {
  return [
    (mask & 1) === 0 ? name : `${name ?? ''}, renamed`,
    (mask & 2) === 0 ? plan : plan === null ? 'Team' : null,
    (mask & 4) === 0 ? seats : String(Number(seats) + 100),
  ];
}

function expected(fates: Fates): Expected {
  const all = [...fates.account, ...fates.contact];
  return {
    live: { Account: liveRows(fates.account, () => undefined), Contact: liveRows(fates.contact, () => [null, null, null]) },
    sent: { accounts: sentRows(fates.account), contacts: sentRows(fates.contact) },
    rejects: all.filter((fate) => fate.isBad).length,
    changes: all.filter((fate) => !fate.isBad && String(fate.before) !== String(fate.now)).length,
  };
}

/** `gone`: what is left of a record that left the warehouse. */
function liveRows(fates: readonly Fate[], gone: () => Values | undefined): Row[] {
  const strangers = Array.from({ length: 50 }, (_, i): Row => [`stranger ${i}`, 'Somebody', null, String(i), 'by hand']);
  const ours = fates.flatMap((fate): Row[] => {
    const values = fate.isBad ? fate.before : (fate.now ?? gone());
    return values === undefined ? [] : [[fate.id, ...values, fate.before === undefined ? null : `note ${fate.id}`]];
  });
  return [...ours, ...strangers].sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
}

function sentRows(fates: readonly Fate[]): Record<string, Values> {
  return Object.fromEntries(fates.flatMap((fate) => {
    const values = fate.isBad ? fate.before : fate.now;
    return values === undefined ? [] : [[fate.id, values]];
  })); // prettier-ignore
}
