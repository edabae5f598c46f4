/**
 * The demo's CRM as a Salesforce org: the sandbox in this process, spoken to over HTTP by the command line. Accounts and
 * contacts are the example's; a subscription has one key instead of two, because Salesforce knows no other.
 */
import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { DuckDBConnection } from '@duckdb/node-api';

import { type Sandbox, startSandbox } from '../src/sandbox/salesforce/index.ts';
import type { FieldDef, ObjectDef } from '../src/sandbox/salesforce/schema.ts';
import type { StoredForms } from './demo-changes.ts';
import type { DemoCrm } from './demo-crm.ts';
import { buildExample, CRM_TABLES, EXISTING, withDatabase } from './example-databases.ts';

const ROOT = join(import.meta.dirname, '..');

const KEY: FieldDef = { type: 'string', length: 40, externalId: true, unique: true, caseSensitive: true };
const MONEY: FieldDef = { type: 'currency', precision: 18, scale: 2 };
const WHOLE: FieldDef = { type: 'double', precision: 18, scale: 0 };

/** What an admin adds to a new org before the first sync. */
const SCHEMA: Readonly<Record<string, ObjectDef>> = {
  Account: {
    fields: {
      External_Id__c: KEY,
      Legacy_Id__c: { type: 'string', length: 40 },
      Billing_Number__c: { type: 'string', length: 40 },
      ARR__c: MONEY,
      MRR__c: MONEY,
      Seats__c: WHOLE,
      Is_Customer__c: { type: 'boolean' },
      Health__c: { type: 'picklist', values: ['none', 'red', 'yellow', 'green'], restrictedPicklist: true },
      Tier__c: { type: 'picklist', values: ['Starter', 'Growth', 'Enterprise'], restrictedPicklist: true },
      Segment__c: { type: 'string', length: 40 },
      Tags__c: { type: 'multipicklist', values: ['self-serve', 'reference', 'partner', 'beta', 'at-risk', 'öffentlich'] },
      Renewal_Date__c: { type: 'date' },
      Last_Seen__c: { type: 'datetime' },
      Source__c: { type: 'string', length: 40 },
    },
  },
  Contact: { fields: { Contact_Code__c: KEY, Opted_In__c: { type: 'boolean' }, Registered_At__c: { type: 'datetime' } } },
  Subscription__c: {
    fields: {
      Code__c: { ...KEY, length: 80 },
      Account__c: { type: 'reference', referenceTo: ['Account'], relationshipName: 'Account__r', childRelationshipName: 'Subscriptions__r', nillable: false },
      Term__c: { type: 'picklist', values: ['monthly', 'yearly'] },
      Quantity__c: WHOLE,
      MRR__c: MONEY,
      Discount__c: { type: 'percent', precision: 10, scale: 4 },
      Status__c: { type: 'picklist', values: ['active', 'ending', 'paused'] },
      Starts_On__c: { type: 'date' },
      Ends_On__c: { type: 'date' },
    },
  },
}; // prettier-ignore

const WHITE = `' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13)`;
const TEXT = `nullif(trim(v, ${WHITE}), '')`;

/** What Salesforce makes of values; see docs/connectors/salesforce.md. */
const FORMS: StoredForms = {
  text: `nullif(trim(replace(replace(v, chr(13) || chr(10), chr(10)), chr(13), chr(10)), ${WHITE}), '')`,
  email: `lower(${TEXT})`,
  flag: 'coalesce(v, false)',
  instant: `date_trunc('second', v)`,
  tags: `nullif(list_sort(list_distinct(from_json(v, '["VARCHAR"]'))), [])::varchar`,
};

export async function salesforceCrm(): Promise<DemoCrm> {
  const sandbox = await startSandbox({ schema: SCHEMA });
  const made = { home: '' };
  return {
    title: 'a Salesforce org (the sandbox)',
    nameLimit: 255,
    takeovers: 2, // a checkbox is never empty
    everyRecord: ['--refresh', 'all'],
    forms: FORMS,
    prepare: async (home) => {
      made.home = home;
      await prepare(home, sandbox);
    },
    edit: async (edits) => {
      for (const { account, field, value } of edits) {
        for (const { id } of sandbox.org.find('Account', 'External_Id__c', account)) sandbox.org.update('Account', id, { [field]: value });
      }
      return Promise.resolve();
    },
    export: async () => exportOrg(sandbox, join(made.home, 'data', 'org.duckdb')),
    says: () => [`The org counted ${sandbox.calls.total} API calls.`],
    [Symbol.asyncDispose]: async () => sandbox[Symbol.asyncDispose](),
  };
}

async function prepare(home: string, sandbox: Sandbox): Promise<void> {
  await cp(join(ROOT, 'syncs'), join(home, 'syncs'), { recursive: true });
  // Its tests are about a key of two parts.
  await rm(join(home, 'syncs', 'tests.yaml'));
  await writeFile(join(home, 'syncs', 'connections.yaml'), connections(sandbox));
  await writeFile(join(home, 'syncs', 'subscriptions.yaml'), SUBSCRIPTIONS);
  await buildExample(home);
  for (const [key, name, phone, segment] of EXISTING) {
    sandbox.org.insert('Account', { External_Id__c: key, Name: name, Phone: phone, Segment__c: segment });
  }
}

const connections = ({ url, credentials }: Sandbox): string => `kind: Connection
name: warehouse
type: duckdb
path: ../data/warehouse.duckdb
---
kind: Connection
name: crm
type: salesforce
login_url: ${url}
auth: { type: client_credentials, client_id: ${credentials.clientId}, client_secret: ${credentials.clientSecret} }
`;

const SUBSCRIPTIONS = `kind: Sync
name: subscriptions
source:
  connection: warehouse
  query: |
    select account_id || ' ' || product_code as code, account_id, term, quantity, mrr, discount, status, starts_on, ends_on
    from \${var.schema}.subscriptions
  key: code
destination: { connection: crm, object: Subscription__c, key: Code__c }
on_missing: delete
fields:
  Account__c: { reference: { object: Account, key: External_Id__c }, column: account_id }
  Term__c: term
  Quantity__c: quantity
  MRR__c: mrr
  Discount__c: discount
  Status__c: status
  Starts_On__c: starts_on
  Ends_On__c: ends_on
guards: { deletes: { max: 25 } }
`;

/** What a CRM's own export would hold, loaded into the tables of the example. */
async function exportOrg(sandbox: Sandbox, file: string): Promise<string> {
  await rm(file, { force: true });
  await withDatabase(file, async (connection) => {
    // Ids are text here, and a number that is not counted with is text, too.
    for (const table of CRM_TABLES) {
      const sql = table.replaceAll(/integer primary key default nextval\('\w+'\)/g, 'varchar primary key').replaceAll(/(\w+) integer (not null )?references "Account" \(Id\)/g, '$1 varchar').replace('Tags__c json', 'Tags__c varchar'); // prettier-ignore
      if (!sql.startsWith('create sequence')) await connection.run(sql);
    }
    for (const object of Object.keys(SCHEMA)) await exportObject(connection, sandbox, object);
  });
  return file;
}

async function exportObject(connection: DuckDBConnection, { org }: Sandbox, object: string): Promise<void> {
  const described = await connection.runAndReadAll(`select column_name as name, column_type as type from (describe "${object}")`);
  const columns = described.getRowObjectsJson() as { readonly name: string; readonly type: string }[];
  const insert = `insert into "${object}" select ${columns.map(({ name, type }) => cellSql(name, type)).join(', ')}`;
  for (const record of org.records(object)) {
    if (record.isDeleted) continue;
    const values = columns.map(({ name }): [string, string | null] => [name, valueOf(object, name, (field) => record.get(field))]);
    await connection.run(insert, Object.fromEntries(values));
  }
}

function valueOf(object: string, column: string, get: (field: string) => string | null): string | null {
  if (object !== 'Subscription__c' || !['Account_Code__c', 'Product_Code__c'].includes(column)) return get(column);
  const [account, product] = (get('Code__c') ?? '').split(' ');
  return (column === 'Account_Code__c' ? account : product) ?? null;
}

function cellSql(name: string, type: string): string {
  if (name === 'Tags__c') return `list_sort(string_split($${name}::varchar, ';'))::varchar`;
  if (type.startsWith('DECIMAL') || type === 'INTEGER') return `$${name}::varchar::double::${type}`;
  return `$${name}::varchar::${type}`;
}
