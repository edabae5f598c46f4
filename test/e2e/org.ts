/** A project whose CRM is a Salesforce org: the sandbox in this process, spoken to by the real client. */
import { type Sandbox, startSandbox } from '../../src/sandbox/salesforce/index.ts';
import type { FieldDef, ObjectDef } from '../../src/sandbox/salesforce/schema.ts';
import { type Account, project, type Ran, type Setup, type TestProject } from '../support/project.ts';
import { connectionTo, liveRecords, type Texts } from '../support/salesforce.ts';

export type Yaml = Readonly<Record<string, unknown>>;

export const KEY: FieldDef = { type: 'string', length: 40, externalId: true, unique: true, caseSensitive: true };

/** What the default sync writes: the standard object, with three fields of the org's own. */
const ACCOUNT: ObjectDef = {
  fields: {
    External_Id__c: KEY,
    Plan__c: { type: 'picklist', restrictedPicklist: true, values: ['Team', 'Scale', { value: 'Custom', label: 'Made to measure' }] },
    Seats__c: { type: 'double', precision: 18, scale: 0 },
  },
};

export const SYNC: Yaml = {
  destination: { connection: 'crm', object: 'Account', key: 'External_Id__c' },
  fields: { Name: 'name', Plan__c: 'plan', Seats__c: 'seats' },
};

export interface OrgSetup extends Omit<Setup, 'sync' | 'connection'> {
  /** Properties of the sync that differ from {@link SYNC}; several syncs when it is a list. */
  readonly sync?: Yaml | readonly Yaml[];
  /** Properties of the connection that differ from those of an ordinary one. */
  readonly connection?: Yaml;
  /** More objects and fields. */
  readonly objects?: Readonly<Record<string, ObjectDef>>;
  readonly sandbox?: Parameters<typeof startSandbox>[0];
}

export interface OrgProject extends AsyncDisposable {
  readonly p: TestProject;
  readonly sandbox: Sandbox;
}

export async function orgProject(setup: OrgSetup = {}): Promise<OrgProject> {
  const sandbox = await startSandbox(setup.sandbox);
  sandbox.org.define('Account', ACCOUNT);
  for (const [object, def] of Object.entries(setup.objects ?? {})) sandbox.org.define(object, def);
  const { objects: _objects, sandbox: _sandbox, sync, connection, ...rest } = setup;
  const syncs = Array.isArray(sync) ? (sync as readonly Yaml[]).map((each) => ({ ...SYNC, ...each })) : { ...SYNC, ...(sync as Yaml) };
  const p = await project({ ...rest, sync: syncs, connection: { ...connectionTo(sandbox), ...connection } });
  return {
    p,
    sandbox,
    [Symbol.asyncDispose]: async () => {
      await p[Symbol.asyncDispose]();
      await sandbox[Symbol.asyncDispose]();
    },
  };
}

/** An org that Sluice has written these accounts to. */
export async function settledOrg(setup: OrgSetup & { readonly source: readonly Account[] }): Promise<OrgProject> {
  const o = await orgProject(setup);
  await o.p.apply();
  return o;
}

/** `External_Id__c, Name, Plan__c, Seats__c` of every account that is not in the bin. */
export function accounts({ sandbox }: OrgProject, ...more: readonly string[]): Texts[] {
  return liveRecords(sandbox, 'Account', ['External_Id__c', 'Name', 'Plan__c', 'Seats__c', ...more]);
}

/** Everything a command said. */
export function said(ran: Ran): string {
  return `${ran.stdout}${ran.stderr}`;
}
