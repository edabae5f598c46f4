/** The project of the Salesforce benchmark: ten columns into an object of the org's own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { COLUMNS } from './data.ts';

export const OBJECT = 'Customer__c';

/** `email` is `Email__c`; the key is `Ext__c`. */
export const FIELD_OF = (column: string): string => (column === 'id' ? 'Ext__c' : `${column.replaceAll('_', '')}__c`);

export interface Address {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface SalesforceProject {
  readonly folder: string;
  readonly warehouse: string;
  readonly org: Address;
  /** Number of changes from which jobs are used. */
  readonly bulkFrom: number;
}

/** The project's folder, for `--dir`. */
export function writeSalesforceProject({ folder, warehouse, org, bulkFrom }: SalesforceProject): string {
  const dir = join(folder, 'syncs');
  mkdirSync(dir, { recursive: true });
  const fields = COLUMNS.filter((name) => name !== 'id').map((name) => `  ${FIELD_OF(name)}: ${name}`);
  writeFileSync(
    join(dir, 'project.yaml'),
    `kind: Project
name: bench
state: { path: ${JSON.stringify(join(folder, 'state', 'state.duckdb'))} }
---
kind: Connection
name: warehouse
type: duckdb
path: ${JSON.stringify(warehouse)}
---
kind: Connection
name: crm
type: salesforce
login_url: ${org.url}
bulk_from: ${bulkFrom}
auth: { type: client_credentials, client_id: ${JSON.stringify(org.clientId)}, client_secret: ${JSON.stringify(org.clientSecret)} }
---
kind: Sync
name: customers
source: { connection: warehouse, table: rows, key: id, timezone: UTC }
destination: { connection: crm, object: ${OBJECT}, key: Ext__c }
guards: { updates: { percent: 100 }, nulls: { percent: 100 } }
fields:
${fields.join('\n')}
`,
  );
  return dir;
}
