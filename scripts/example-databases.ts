/**
 * The two databases of the example project: the warehouse, loaded from `syncs/data/`, and a CRM that holds a few records
 * of its own. Run as a script (`npm run example`) it builds both in `data/` of this checkout.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { DuckDBInstance, type DuckDBConnection, type DuckDBValue } from '@duckdb/node-api';

/** Opens a database file, runs `work` and closes it again: an open file would lock out every other process. */
export async function withDatabase<T>(path: string, work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const instance = await DuckDBInstance.create(path);
  try {
    const connection = await instance.connect();
    try {
      return await work(connection);
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

/** Builds `data/warehouse.duckdb` and `data/crm.duckdb` beside the project's `syncs/`. Old ones are replaced. */
export async function buildExample(folder: string): Promise<{ readonly warehouse: string; readonly crm: string }> {
  const data = join(folder, 'data');
  const [warehouse, crm] = [join(data, 'warehouse.duckdb'), join(data, 'crm.duckdb')];
  await mkdir(data, { recursive: true });
  for (const path of [warehouse, crm]) {
    await rm(path, { force: true });
    await rm(`${path}.wal`, { force: true });
  }
  await withDatabase(warehouse, (connection) => loadWarehouse(connection, join(folder, 'syncs', 'data')));
  await withDatabase(crm, createCrm);
  return { warehouse, crm };
}

const WAREHOUSE = [
  'create schema gold',
  `create table gold.accounts (
     account_id varchar primary key, name varchar not null, legacy_id varchar, billing_number hugeint, arr decimal(18, 2), seats integer,
     is_customer boolean, region varchar, postcode varchar, phone varchar, tags json, renewal_date date, last_seen_at timestamptz, note varchar)`,
  `create table gold.contacts (
     contact_id varchar primary key, account_id varchar, first_name varchar, last_name varchar, email varchar, phone varchar,
     title varchar, opted_in boolean, created_at timestamptz)`,
  `create table gold.subscriptions (
     account_id varchar, product_code varchar, term varchar, quantity integer, mrr decimal(12, 2), discount double,
     status varchar, starts_on date, ends_on date, primary key (account_id, product_code))`,
];

async function loadWarehouse(connection: DuckDBConnection, csvFolder: string): Promise<void> {
  for (const statement of WAREHOUSE) await connection.run(statement);
  for (const table of ['accounts', 'contacts', 'subscriptions']) {
    // All text first, so that no type is guessed: leading zeros stay, and an empty string is not a null.
    const rows = `read_csv($file, header = true, all_varchar = true, allow_quoted_nulls = false, parallel = false)`;
    await connection.run(`insert into gold.${table} select * from ${rows}`, { file: join(csvFolder, `${table}.csv`) });
  }
}

/** The tables of the CRM. Also what an export of another CRM is compared in. */
export const CRM_TABLES = [
  'create sequence account_ids start 1001',
  'create sequence contact_ids start 5001',
  `create table "Account" (
     Id integer primary key default nextval('account_ids'),
     External_Id__c varchar unique,
     Name varchar not null check (length(Name) <= 80),
     Legacy_Id__c varchar, Billing_Number__c hugeint, ARR__c decimal(18, 2), MRR__c decimal(18, 2), Seats__c integer, Is_Customer__c boolean,
     Health__c varchar check (Health__c in ('none', 'red', 'yellow', 'green')),
     Tier__c varchar, Segment__c varchar, BillingPostalCode varchar, Phone varchar, Tags__c json, Renewal_Date__c date,
     Last_Seen__c timestamptz, Description varchar, Source__c varchar, Rating varchar)`,
  `create table "Contact" (
     Id integer primary key default nextval('contact_ids'),
     Contact_Code__c varchar unique,
     AccountId integer references "Account" (Id),
     FirstName varchar, LastName varchar not null, Email varchar, Phone varchar, Title varchar, Opted_In__c boolean,
     Registered_At__c timestamptz)`,
  `create table "Subscription__c" (
     Account_Code__c varchar, Product_Code__c varchar,
     Account__c integer not null references "Account" (Id),
     Term__c varchar, Quantity__c integer, MRR__c decimal(12, 2), Discount__c double, Status__c varchar, Starts_On__c date, Ends_On__c date,
     primary key (Account_Code__c, Product_Code__c))`,
];

/** Records that were in the CRM before Sluice came: [External_Id__c, Name, Phone, Segment__c]. */
export const EXISTING: readonly (readonly [string | null, string, string | null, string | null])[] = [
  // Sales typed these in. The first two are also in the warehouse; the others are nobody's business but theirs.
  ['ACC-0001', "O'Brien and Sons", '+353 1 5550100', 'Strategic'],
  ['ACC-0021', 'Umbrella Labs AB 21', null, 'Strategic'],
  ['LEAD-77', 'Met at the fair', '0171 5550199', null],
  [null, 'A prospect without an id', null, null],
  [null, 'Another prospect without an id', null, null],
];

async function createCrm(connection: DuckDBConnection): Promise<void> {
  for (const statement of CRM_TABLES) await connection.run(statement);
  for (const values of EXISTING) {
    await connection.run('insert into "Account" (External_Id__c, Name, Phone, Segment__c) values (?, ?, ?, ?)', [
      ...values,
    ] as DuckDBValue[]);
  }
}

if (import.meta.main) {
  const built = await buildExample(join(import.meta.dirname, '..'));
  console.log(`built ${built.warehouse} and ${built.crm}`);
}
