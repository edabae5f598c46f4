/** The CRM of the demo: a database file, or whatever else tells the same story. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';

import { AS_SENT, type Edit, type StoredForms } from './demo-changes.ts';
import { buildExample, withDatabase } from './example-databases.ts';

const ROOT = join(import.meta.dirname, '..');

export interface DemoCrm extends AsyncDisposable {
  readonly title: string;
  /** Characters that the name of an account may have. */
  readonly nameLimit: number;
  /** Of the two accounts that sales typed in and the warehouse knows: those in which the first run overwrites a value. */
  readonly takeovers: number;
  /** Options of a plan that looks at every record of the CRM. */
  readonly everyRecord: readonly string[];
  readonly forms: StoredForms;
  /** Lays the project out in a folder and fills warehouse and CRM. */
  prepare(home: string): Promise<void>;
  /** Somebody works in the CRM. */
  edit(edits: readonly Edit[]): Promise<void>;
  /** A DuckDB file with the CRM's records, in the tables of the example. */
  export(): Promise<string>;
  /** What the story ends with, where the CRM has something to add. */
  says(): readonly string[];
}

/** The example as it is: a DuckDB file plays the CRM. */
export function databaseCrm(): DemoCrm {
  const made = { file: '' };
  return {
    title: 'a CRM',
    nameLimit: 80,
    takeovers: 1,
    everyRecord: [],
    forms: AS_SENT,
    prepare: async (home) => {
      await cp(join(ROOT, 'syncs'), join(home, 'syncs'), { recursive: true });
      made.file = (await buildExample(home)).crm;
    },
    edit: async (edits) =>
      withDatabase(made.file, async (connection) => {
        for (const { account, field, value } of edits) {
          await connection.run(`update "Account" set ${field} = $value where External_Id__c = $account`, { value, account });
        }
      }),
    export: async () => Promise.resolve(made.file),
    says: () => [],
    [Symbol.asyncDispose]: async () => Promise.resolve(),
  };
}
