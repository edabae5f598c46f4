/** What happens to the example between the two runs of the demo, and a comparison that knows nothing of Sluice. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { DuckDBConnection } from '@duckdb/node-api';

import type { Summary } from '../src/plan/document.ts';

export interface Expected {
  /** What happened, for people. */
  readonly story: readonly string[];
  readonly summary: Pick<Summary, 'create' | 'update' | 'delete' | 'clear' | 'drift' | 'held' | 'rejected' | 'known_rejected'>;
  /** Differences that stay. */
  readonly leftOver: readonly string[];
}

const LONG_NAME = 'Vereinigte Werkstätten für Kunst, Handwerk und Gewerbe der Freien und Hansestadt Lübeck von 1532 GmbH & Co. KG';

/** Longer than any name in a CRM: what `nameLimit` characters cannot hold. */
function tooLong(nameLimit: number): string {
  return LONG_NAME.repeat(Math.ceil((nameLimit + 1) / LONG_NAME.length));
}

type Change = readonly [what: string, statement: string];

const changes = (nameLimit: number): readonly Change[] => [
  ['3 new accounts', `insert into gold.accounts select * replace ('ACC-0' || (640 + row_number() over ()) as account_id, 'New here ' || row_number() over () as name) from gold.accounts where account_id in ('ACC-0030', 'ACC-0031', 'ACC-0032') order by account_id`],
  ['5 new contacts, two of them at a new account', `insert into gold.contacts select 'C9' || right(contact_id, 5), case when contact_id < 'C000003' then 'ACC-0641' else 'ACC-0007' end, first_name, last_name, email, phone, title, opted_in, created_at from gold.contacts where contact_id <= 'C000005'`],
  ['2 new subscriptions, one of a new account', `insert into gold.subscriptions values ('ACC-0642', 'CORE', 'yearly', 12, 588.00, null, 'active', '2026-11-01', null), ('ACC-0643', '0042', 'monthly', 1, 3.99, 0.1, 'active', '2026-11-01', '2027-10-31')`],
  ['more revenue for the accounts ACC-0101 to ACC-0120', `update gold.accounts set arr = arr + 10000.01 where account_id between 'ACC-0101' and 'ACC-0120' and arr is not null`],
  ['ACC-0002 has a new name', `update gold.accounts set name = 'Quoted "Properly", Inc. 🚀' where account_id = 'ACC-0002'`],
  ['ACC-0300 has a name that the CRM cannot hold', `update gold.accounts set name = '${tooLong(nameLimit)}' where account_id = 'ACC-0300'`],
  ['the e-mail address of one contact is gone', `update gold.contacts set email = null where contact_id = 'C000010' and email is not null`],
  ['4 subscriptions ended', `delete from gold.subscriptions where (account_id, product_code) in (select (account_id, product_code) from gold.subscriptions where account_id between 'ACC-0201' and 'ACC-0210' order by all limit 4)`],
  ['a contact left the warehouse (contacts are kept)', `delete from gold.contacts where contact_id = 'C000020'`],
]; // prettier-ignore

/** Changes the warehouse and works out, by comparing it with itself, what the next plan must hold. */
export async function moveTheWarehouse(connection: DuckDBConnection, nameLimit: number): Promise<Expected> {
  const queries = {
    accounts: await accountModel('gold'),
    contacts: 'select * from gold.contacts',
    subscriptions: 'select * from gold.subscriptions',
  };
  for (const [name, query] of Object.entries(queries)) await connection.run(`create temp table before_${name} as ${query}`);
  const moves = changes(nameLimit);
  for (const [, statement] of moves) await connection.run(statement);
  for (const [name, query] of Object.entries(queries)) await connection.run(`create temp table after_${name} as ${query}`);
  const moved = {
    accounts: await countMoves(connection, 'accounts', ['account_id']),
    contacts: await countMoves(connection, 'contacts', ['contact_id']),
    subscriptions: await countMoves(connection, 'subscriptions', ['account_id', 'product_code']),
  };
  const create = moved.accounts.added + moved.contacts.added + moved.subscriptions.added;
  // Of the accounts, one that changed is rejected, and one that did not change was edited in the CRM and is put back.
  const update = moved.accounts.changed + moved.contacts.changed + moved.subscriptions.changed - 1 + 1;
  return {
    story: [...moves.map(([what]) => `warehouse: ${what}`), ...EDITS.map(({ what }) => `CRM: ${what}`)],
    summary: { create, update, delete: moved.subscriptions.gone, clear: 0, drift: 2, held: 1, rejected: 1, known_rejected: 0 },
    leftOver: ['Account "ACC-0300"', 'Account "ACC-0401"', 'Contact "C000020"'],
  };
}

/** What people do in a CRM while nobody looks. */
export interface Edit {
  readonly what: string;
  /** `External_Id__c` of an account. */
  readonly account: string;
  readonly field: string;
  readonly value: string;
}

export const EDITS: readonly Edit[] = [
  { what: 'somebody changed the seats of ACC-0400', account: 'ACC-0400', field: 'Seats__c', value: '9999' },
  { what: 'somebody corrected the phone number of ACC-0401, which is theirs to keep', account: 'ACC-0401', field: 'Phone', value: '+49 30 5550142' },
  { what: 'somebody rated ACC-0402, in a field that no sync maps', account: 'ACC-0402', field: 'Rating', value: 'Hot' },
]; // prettier-ignore

interface Moves {
  readonly added: number;
  readonly changed: number;
  readonly gone: number;
}

async function countMoves(connection: DuckDBConnection, name: string, key: readonly string[]): Promise<Moves> {
  const [first] = key;
  const sql = `
    select count(*) filter (b.${first} is null)::integer as added, count(*) filter (a.${first} is null)::integer as gone,
      count(*) filter (a.${first} is not null and b.${first} is not null and a is distinct from b)::integer as changed
    from after_${name} a full join before_${name} b on ${key.map((column) => `a.${column} = b.${column}`).join(' and ')}`;
  const [row] = (await connection.runAndReadAll(sql)).getRowObjectsJson();
  if (row === undefined) throw new Error(`no counts for ${name}`);
  return { added: Number(row['added']), changed: Number(row['changed']), gone: Number(row['gone']) };
}

async function accountModel(schema: string): Promise<string> {
  const file = join(import.meta.dirname, '..', 'syncs', 'models', 'account_health.sql');
  return (await readFile(file, 'utf8')).replaceAll('${var.schema}', schema);
}

/** What a CRM makes of the warehouse's values, as DuckDB macros over one argument `v`. */
export interface StoredForms {
  readonly text: string;
  readonly email: string;
  readonly flag: string;
  readonly instant: string;
  /** Of a JSON list of texts. */
  readonly tags: string;
}

export const AS_SENT: StoredForms = { text: 'v', email: 'v', flag: 'v', instant: 'v', tags: 'v::varchar' };

/** Both sides of each sync, as the same columns: [object, name of a record, what the warehouse says, what the CRM holds]. */
const COMPARISONS: readonly (readonly [string, string, (model: string) => string, string])[] = [
  [
    'Account',
    'account_id',
    (model) => `select account_id, as_text(name) as name, legacy_id, billing_number::varchar, arr, mrr, seats, as_flag(is_customer), health, postcode,
      as_text(phone), as_tags(tags), renewal_date, as_instant(last_seen_at), as_text(note), 'warehouse' as source from (${model})`,
    `select External_Id__c as account_id, Name as name, Legacy_Id__c, Billing_Number__c::varchar, ARR__c, MRR__c, Seats__c, Is_Customer__c, Health__c,
      BillingPostalCode, Phone, Tags__c::varchar, Renewal_Date__c, Last_Seen__c, Description, Source__c from crm."Account" where Source__c is not null`,
  ],
  [
    'Contact',
    'contact_id',
    () => `select contact_id, account_id, as_text(first_name), as_text(last_name), as_email(email), as_text(phone), as_flag(opted_in), as_instant(created_at)
      from warehouse.gold.contacts`,
    `select Contact_Code__c as contact_id, a.External_Id__c, FirstName, LastName, Email, c.Phone, Opted_In__c, Registered_At__c
      from crm."Contact" c left join crm."Account" a on a.Id = c.AccountId`,
  ],
  [
    'Subscription__c',
    `account_id || ' ' || product_code`,
    () => 'select account_id, product_code, account_id as account, term, quantity, mrr, discount, status, starts_on, ends_on from warehouse.gold.subscriptions',
    `select Account_Code__c as account_id, Product_Code__c as product_code, a.External_Id__c, Term__c, Quantity__c, s.MRR__c, Discount__c, Status__c, Starts_On__c, Ends_On__c
      from crm."Subscription__c" s left join crm."Account" a on a.Id = s.Account__c`,
  ],
]; // prettier-ignore

/** Names of the records that are not the same in both databases, such as `Account "ACC-0300"`. */
export async function compareWithWarehouse(
  connection: DuckDBConnection,
  files: { readonly warehouse: string; readonly crm: string },
  forms: StoredForms,
): Promise<readonly string[]> {
  for (const [name, form] of Object.entries(forms)) await connection.run(`create temp macro as_${name}(v) as ${form}`);
  await connection.run(`attach '${files.warehouse}' as warehouse (read_only)`);
  await connection.run(`attach '${files.crm}' as crm (read_only)`);
  const model = await accountModel('warehouse.gold');
  const found: string[] = [];
  for (const [object, name, desired, live] of COMPARISONS) {
    const [d, l] = [desired(model), live];
    const sql = `select distinct ${name} as name from ((${d} except ${l}) union all (${l} except ${d})) order by all`;
    const rows = (await connection.runAndReadAll(sql)).getRowsJson();
    found.push(...rows.flat().map((value) => `${object} ${JSON.stringify(value)}`));
  }
  return found;
}
