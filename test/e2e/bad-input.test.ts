/** Bad input of the project itself: every word of the message, and nothing written. */
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';

import { describe, test } from 'vitest';

import type { TestProject } from '../support/project.ts';
import { expectRefusal, moving, unapplied, unplanned } from './refuses.ts';

const SYNC = 'syncs/syncs.yaml';
type Change = (p: TestProject) => Promise<void>;

/** Line 5 of the sync is `  query: select * from account`, line 13 `  Plan: plan`. */
function edit(from: string, to: string, file = SYNC): Change {
  return async (p) => {
    const text = await readFile(p.file(file), 'utf8');
    if (!text.includes(from)) throw new Error(`there is no "${from}" in ${text}`);
    await writeFile(
      p.file(file),
      text.replace(from, () => to),
    );
  };
}

function query(sql: string): Change {
  return async (p) => edit('select * from account', JSON.stringify(sql.replaceAll('<root>', p.root)))(p);
}

const both =
  (...changes: readonly Change[]): Change =>
  async (p) => {
    for (const change of changes) await change(p);
  };

interface Case {
  readonly change: Change;
  /** Without `Error: ` or the heading of the sync. */
  readonly says: string;
  readonly object?: string;
}

describe('a project that cannot be read: nothing starts', () => {
  test.each(
    Object.entries<Case>({
      'YAML syntax error': { change: edit('key: id', 'key: [id'), says: 'syncs/syncs.yaml:6:8: YAML: a closing ] is missing' },
      'a tab': { change: edit('  key: id', '\tkey: id'), says: 'syncs/syncs.yaml:6:1: YAML: a tab cannot indent YAML; use spaces' },
      'duplicate YAML key': {
        change: edit('name: accounts', 'name: accounts\nname: again'),
        says: 'syncs/syncs.yaml:3:1: duplicate key "name": it is already set in line 2',
      },
      'unknown key': {
        change: edit('name: accounts', 'name: accounts\nmoode: update'),
        says: 'syncs/syncs.yaml:3:1: unknown key "moode"; did you mean "mode"?',
      },
      'wrong type': {
        change: edit('name: accounts', 'name: accounts\ntags: 5'),
        says: 'syncs/syncs.yaml:3:7: tags: expected a list of strings, found the number 5',
      },
      'missing file': {
        change: edit('query: select * from account', 'file: models/account.sql'),
        says: 'syncs/syncs.yaml:5:9: source.file: syncs/models/account.sql: the file does not exist',
      },
      'a model outside the project': {
        change: both(edit('query: select * from account', 'file: ../account.sql'), async (p) =>
          writeFile(p.file('account.sql'), 'select * from account'),
        ),
        says: 'syncs/syncs.yaml:5:9: source.file: account.sql lies outside the project folder\n  move it below syncs',
      },
      'unset variable': {
        change: edit('from account', 'from ${var.table}'),
        says: "syncs/syncs.yaml:5:24: the variable table is not set\n  set it in the project's vars, or with --var table=...",
      },
      'unset environment variable': {
        change: edit('../crm.duckdb', '${env.CRM_PATH}', 'syncs/connections.yaml'),
        says: 'syncs/connections.yaml:9:7: the environment variable CRM_PATH is not set\n  set CRM_PATH in the environment of this command',
      },
      'an environment variable in a field': {
        change: edit('Plan: plan', 'Plan:\n    value: ${env.SECRET}'),
        says: 'syncs/syncs.yaml:14:12: ${env.NAME} works only in connections and in the state of the project\n  a pull request could map a secret into a field; use a variable for what is no secret',
      },
      'an environment variable in the SQL of a field': {
        change: edit('Plan: plan', "Plan:\n    sql: concat(plan, '${env.SECRET}')"),
        says: 'syncs/syncs.yaml:14:24: ${env.NAME} works only in connections and in the state of the project\n  a pull request could map a secret into a field; use a variable for what is no secret',
      },
      'an environment variable in the query': {
        change: query("select *, '${env.SECRET}' as x from account"),
        says: 'syncs/syncs.yaml:5:22: ${env.NAME} works only in connections and in the state of the project\n  a pull request could map a secret into a field; use a variable for what is no secret',
      },
      'an empty query': { change: query(''), says: 'syncs/syncs.yaml:5:10: source.query: expected some text, found none' },
    }),
  )('%s', async (_name, { change, says }) => {
    await using p = await moving();
    await change(p);
    const refusal = { code: 1, says: `Error: ${says}`, env: { SECRET: 'hunter2' } };
    await expectRefusal(p, { args: ['plan', '--out', 'plan.duckdb'], isHere: true, ...refusal });
    await expectRefusal(p, { args: ['apply', '--yes'], ...refusal });
  });

  test('several mistakes come at once', async () => {
    await using p = await moving();
    await both(
      edit('name: accounts', 'name: accounts\nmoode: update\ntags: 5'),
      edit('type: duckdb', 'type: duckdbb', 'syncs/connections.yaml'),
    )(p);
    await expectRefusal(p, {
      args: ['plan'],
      code: 1,
      says: 'Error: syncs/connections.yaml:3:7: type: there is no connection type "duckdbb"; did you mean "duckdb"?\n  known types: bigquery, duckdb, postgres, salesforce\nsyncs/syncs.yaml:3:1: unknown key "moode"; did you mean "mode"?\nsyncs/syncs.yaml:4:7: tags: expected a list of strings, found the number 5',
    });
  });
});

const file =
  (name: string, text: string): Change =>
  async (p) =>
    writeFile(p.file(name), text);
const CSV = 'id,name,plan,seats\n9,s,s,1\n';
const outside = (path: string, at: string): string =>
  `syncs/syncs.yaml:${at}: the query reads outside the project: ${path}\nA query reads the files of the project folder only: <root>/syncs.`;
const notOne = (what: string): string => `syncs/syncs.yaml:5:11: a sync's query is one SELECT; this is ${what}`;
const TWO = `${notOne('2 statements')}\nRemove the semicolon and everything behind it.`;

describe('a sync that cannot be planned', () => {
  test.each(
    Object.entries<Case>({
      // SQL errors, where the user wrote them
      'SQL error in the document': {
        change: edit('query: select * from account', 'query: |\n    select id, name, plan,\n      seats frm account'),
        says: 'syncs/syncs.yaml:7:17: syntax error at or near "account"',
      },
      'SQL error in a .sql file': {
        change: both(
          file('syncs/m.sql', 'select id, name,\n  plan, seats\nfrom account\nwhere nme = 1\n'),
          edit('query: select * from account', 'file: m.sql'),
        ),
        says: 'syncs/m.sql:4:7: Referenced column "nme" not found in FROM clause!\nDid you mean "name" or "seats"?',
      },
      'SQL error in a field': {
        change: edit('Plan: plan', 'Plan: { sql: upper(plam) }'),
        says: 'syncs/syncs.yaml:13:22: Referenced column "plam" not found in FROM clause!\nDid you mean "plan" or "name"?',
      },
      'SQL error in a field of several lines': {
        change: edit('Plan: plan', 'Plan:\n    sql: |\n      case when seats > 5\n        then upper(plam) end'),
        says: 'syncs/syncs.yaml:16:20: Referenced column "plam" not found in FROM clause!\nDid you mean "plan" or "name"?',
      },
      'a field that closes its own parenthesis': {
        change: edit('Plan: plan', 'Plan: { sql: "plan), (select 1" }'),
        says: 'syncs/syncs.yaml:13:16: the `sql` of a field is one expression that yields one value\nCount its parentheses and commas.',
      },
      'a query that fails while it runs': {
        change: query("select id, name, plan, cast('five ' || plan as integer) as seats from account where id = '1'"),
        says: 'syncs/syncs.yaml:5:11: the query failed: Could not convert a string to INT32',
      },
      // names that do not exist
      'missing table': {
        change: query('select * from acount'),
        says: 'syncs/syncs.yaml:5:25: Table with name acount does not exist!\nDid you mean "account"?',
      },
      'missing column': {
        change: edit('Plan: plan', 'Plan: plann'),
        says: 'syncs/syncs.yaml:13:9: the query has no column "plann"\nDid you mean "plan"?',
      },
      'missing key column': {
        change: edit('key: id', 'key: idd'),
        says: 'syncs/syncs.yaml:6:8: the query has no key column "idd"\nDid you mean "id"?',
      },
      'missing field': {
        change: edit('Plan: plan', 'Plann: plan'),
        says: 'syncs/syncs.yaml:13:10: Account has no field "Plann"\nDid you mean "Plan"?',
      },
      'missing destination key': {
        change: edit('key: Id', 'key: Idd'),
        says: 'syncs/syncs.yaml:10:8: Account has no field "Idd"\nDid you mean "Id"?',
      },
      'destination object missing': {
        change: edit('object: Account', 'object: Acount'),
        says: 'syncs/syncs.yaml:9:11: the database has no table "Acount"\nDid you mean "Account"?',
        object: 'Acount',
      },
      'source database missing': {
        change: edit('../warehouse.duckdb', '../warehous.duckdb', 'syncs/connections.yaml'),
        says: 'syncs/connections.yaml:1:1: there is no database file <root>/warehous.duckdb\nCorrect `path` (it is relative to the document that holds the connection), or create the database first.',
      },
      'destination database missing': {
        change: edit('../crm.duckdb', '../cmr.duckdb', 'syncs/connections.yaml'),
        says: 'syncs/connections.yaml:6:1: there is no database file <root>/cmr.duckdb\nCorrect `path` (it is relative to the document that holds the connection), or create the database first.',
      },
      'another destination file': {
        change: both(
          async (p) => cp(p.file('crm.duckdb'), p.file('crm2.duckdb')),
          edit('../crm.duckdb', '../crm2.duckdb', 'syncs/connections.yaml'),
        ),
        says: 'syncs/syncs.yaml:8:15: accounts wrote to duckdb:../crm.duckdb so far; now its destination is duckdb:../crm2.duckdb\nState of one destination says nothing about another. Point the connection back, or start over with `sluice state rm accounts` (nothing is written to either).',
      },
      // a query that leaves the project
      'reads a file outside': {
        change: query("select * from read_csv('/etc/passwd', header = false)"),
        says: outside('/etc/passwd', '5:25'),
      },
      'reads text outside': {
        change: query("select content as id, content as name, content as plan, 1 as seats from read_text('/etc/passwd')"),
        says: outside('/etc/passwd', '5:83'),
      },
      'reads outside in a field': {
        change: edit('Plan: plan', `Plan: { sql: "(select content from read_text('/etc/passwd'))" }`),
        says: outside('/etc/passwd', '13:38'),
      },
      'reads through ..': {
        change: both(file('secret.csv', CSV), query("select * from '../secret.csv'")),
        says: outside('../secret.csv', '5:26'),
      },
      'reads through a link': {
        change: both(
          file('secret.csv', CSV),
          async (p) => symlink(p.file('secret.csv'), p.file('syncs/link.csv')),
          query("select * from 'link.csv'"),
        ),
        says: outside('link.csv', '5:26'),
      },
      'reads through a linked folder': {
        change: async (p) => {
          await mkdir(p.file('out'));
          await writeFile(p.file('out/secret.csv'), CSV);
          await symlink(p.file('out'), p.file('syncs/in'));
          await query("select * from 'in/secret.csv'")(p);
        },
        says: outside('in/secret.csv', '5:26'),
      },
      'lists a folder outside': {
        change: query("select file as id, file as name, file as plan, 1 as seats from glob('/etc/*')"),
        says: outside('/etc/*', '5:74'),
      },
      'reads from the network': {
        change: query("select * from 'https://example.com/x.csv'"),
        says: outside('https://example.com/x.csv', '5:26'),
      },
      'reads the environment': {
        change: query("select id, getenv('HOME') as name, plan, seats from account"),
        says: 'syncs/syncs.yaml:5:22: Scalar Function with name getenv does not exist!\nDid you mean "get_current_time"?',
      },
      // a query that writes
      'COPY TO': { change: query("copy (select 1) to '<root>/out.csv'"), says: notOne('a COPY') },
      EXPORT: { change: query("export database '<root>/out'"), says: notOne('an EXPORT') },
      ATTACH: { change: query("attach '<root>/crm.duckdb' as evil"), says: notOne('an ATTACH') },
      INSTALL: { change: query('install httpfs'), says: notOne('an INSTALL') },
      LOAD: { change: query('load httpfs'), says: notOne('a LOAD') },
      SET: { change: query('set enable_external_access = true'), says: notOne('a SET') },
      'INSERT RETURNING': { change: query("insert into account values ('9', 'x', 'y', 1) returning *"), says: notOne('an INSERT') },
      'CREATE TABLE AS': { change: query('create table stolen as select 1'), says: notOne('a CREATE') },
      'several statements': { change: query('select * from account; drop table account'), says: TWO },
      'a statement behind WITH': { change: query('with x as (select 1) select * from account; create table stolen (a int)'), says: TWO },
    }),
  )('%s', async (_name, { change, says, object }) => {
    await using p = await moving();
    await change(p);
    await expectRefusal(p, { args: ['plan', '-q'], code: 1, says: unplanned(says, object), isHere: true });
    await expectRefusal(p, { args: ['apply', '--yes', '-q'], code: 1, says: unapplied(says, object) });
  });
});
