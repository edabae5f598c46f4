/** A sandbox and the destination under test, and the short way to write with it and to look at what the org holds. */
import { registerFunctions } from '../../../src/canonical/functions.ts';
import type { FieldType } from '../../../src/canonical/types.ts';
import { type Context, processContext } from '../../../src/context.ts';
import type { Destination, Outcome, ReferenceField, WriteBatch } from '../../../src/destinations/destination.ts';
import { openSalesforceDestination } from '../../../src/destinations/salesforce/index.ts';
import { type FieldDef, type Sandbox, type SandboxOptions, startSandbox } from '../../../src/sandbox/salesforce/index.ts';
import { SalesforceClient } from '../../../src/salesforce/client.ts';
import { Workspace } from '../../../src/workspace/workspace.ts';
import { connectionTo, liveRecords, type Texts } from '../../support/salesforce.ts';
import { batchOf } from '../../support/write-batch.ts';

export const KEY: FieldDef = { type: 'string', length: 255, externalId: true, unique: true, caseSensitive: true };

export interface Written {
  readonly action?: WriteBatch['action'];
  /** Default: `Ext__c`. */
  readonly key?: string;
  readonly types?: Readonly<Record<string, FieldType>>;
  readonly references?: Readonly<Record<string, ReferenceField>>;
}

export interface WrittenChange {
  readonly key: string;
  readonly id?: string | undefined;
  readonly after?: Texts;
}

const HERE = { file: 'syncs/connections.yaml', line: 1, column: 1 };
const TEXT: FieldType = { kind: 'text' };

export class Target implements AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly client: SalesforceClient;
  readonly workspace: Workspace;
  readonly context: Context;
  readonly stop = new AbortController();
  /** Milliseconds that the code under test waited for. */
  waited = 0;

  private constructor(sandbox: Sandbox, workspace: Workspace) {
    this.sandbox = sandbox;
    this.workspace = workspace;
    this.context = {
      ...processContext({ cwd: '/', env: {}, emit: () => undefined, signal: this.stop.signal }),
      now: () => Date.now() + this.waited,
      sleep: async (ms) => {
        this.waited += ms;
        return new Promise((resolve) => {
          setTimeout(resolve, 1);
        });
      },
    };
    const connection = { name: 'crm', type: 'salesforce', options: connectionTo(sandbox), location: HERE };
    this.client = SalesforceClient.open(connection, this.context);
  }

  static async create(
    objects: Readonly<Record<string, Readonly<Record<string, FieldDef>>>>,
    options: SandboxOptions = {},
  ): Promise<Target> {
    const sandbox = await startSandbox(options);
    for (const [object, fields] of Object.entries(objects)) sandbox.org.define(object, { fields: { Ext__c: KEY, ...fields } });
    const workspace = await Workspace.open();
    registerFunctions(workspace.connection, undefined);
    await workspace.lock([]);
    return new Target(sandbox, workspace);
  }

  /** The destination; options as the connection document has them. */
  async open(options: Readonly<Record<string, unknown>> = {}): Promise<Destination> {
    const connection = { name: 'crm', type: 'salesforce', options: { ...connectionTo(this.sandbox), ...options }, location: HERE };
    const destination = await openSalesforceDestination(connection, this.context);
    await destination.attach(this.workspace);
    return destination;
  }

  /** As a run does it: what an earlier one left under way comes to its end first. */
  async write(
    object: string,
    written: Written,
    changes: readonly WrittenChange[],
    options: Readonly<Record<string, unknown>> = {},
  ): Promise<readonly Outcome[]> {
    await using destination = await this.open(options);
    await destination.settle?.(object);
    return await destination.write(await this.batch(object, written, changes));
  }

  async batch(
    object: string,
    { action = 'create', key = 'Ext__c', types = {}, references = {} }: Written,
    changes: readonly WrittenChange[],
  ): Promise<WriteBatch> {
    const names = Object.keys(changes[0]?.after ?? {});
    return batchOf(this.workspace, {
      object,
      action,
      key: [{ field: key, type: types[key] ?? TEXT }],
      fields: names.map((field) => ({ field, type: types[field] ?? TEXT, reference: references[field] })),
      changes: changes.map(({ key: text, id, after }, seq) => ({ seq, key: [text], remoteId: id, before: null, after: after ?? null })),
    });
  }

  /** Live records, ordered by their key. */
  live(object: string, ...fields: readonly string[]): Texts[] {
    return liveRecords(this.sandbox, object, ['Ext__c', ...fields]);
  }

  /** What an admin enters; returns the id. */
  insert(object: string, values: Texts): string {
    return this.sandbox.org.insert(object, values);
  }

  /** Requests that write records: method and path. */
  get writes(): readonly string[] {
    return this.sandbox.calls.recent.filter(({ kind }) => kind === 'collections').map(({ method, path }) => `${method} ${path}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.workspace[Symbol.asyncDispose]();
    await this.sandbox[Symbol.asyncDispose]();
  }
}
