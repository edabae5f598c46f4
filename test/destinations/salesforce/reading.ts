/** A sandbox, and the destination over it as the core opens it: read, and look at what came into the workspace. */
import { setTimeout as delay } from 'node:timers/promises';

import { canonicalText, canonicalValue, type RawValue } from '../../../src/canonical/canonical.ts';
import { registerFunctions } from '../../../src/canonical/functions.ts';
import type { FieldType } from '../../../src/canonical/types.ts';
import { processContext } from '../../../src/context.ts';
import type { Destination, ObjectSchema, ReadField, ReadRequest } from '../../../src/destinations/destination.ts';
import { openSalesforceDestination } from '../../../src/destinations/salesforce/index.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../../src/sandbox/salesforce/index.ts';
import type { FieldDef } from '../../../src/sandbox/salesforce/schema.ts';
import { Workspace } from '../../../src/workspace/workspace.ts';
import { connectionTo, type Texts } from '../../support/salesforce.ts';

export const KEY: FieldDef = { type: 'string', length: 80, externalId: true, unique: true, caseSensitive: true };

export class Reading implements AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly destination: Destination;
  readonly workspace: Workspace;
  readonly stop: AbortController;
  #keys = 0;

  private constructor(parts: { sandbox: Sandbox; destination: Destination; workspace: Workspace; stop: AbortController }) {
    this.sandbox = parts.sandbox;
    this.destination = parts.destination;
    this.workspace = parts.workspace;
    this.stop = parts.stop;
  }

  static async open(
    objects: Readonly<Record<string, Readonly<Record<string, FieldDef>>>> = {},
    options: SandboxOptions = {},
  ): Promise<Reading> {
    const sandbox = await startSandbox(options);
    for (const [object, fields] of Object.entries(objects)) sandbox.org.define(object, { fields: { Ext__c: KEY, ...fields } });
    const stop = new AbortController();
    const context = {
      ...processContext({ cwd: '/', env: {}, emit: () => undefined, signal: stop.signal }),
      sleep: async () => delay(1),
    };
    const { type, ...given } = connectionTo(sandbox);
    const connection = { name: 'crm', type: String(type), options: given, location: { file: 'connections.yaml', line: 1, column: 1 } };
    const destination = await openSalesforceDestination(connection, context);
    const workspace = await Workspace.open();
    registerFunctions(workspace.connection, undefined);
    await destination.attach(workspace);
    await workspace.lock([]);
    return new Reading({ sandbox, destination, workspace, stop });
  }

  /** Canonical texts of the records with these keys, or of all: the key first, then the fields, then `remote_id`; ordered by the key. */
  async read(
    object: string,
    fields: readonly (string | ReadField)[],
    keys?: readonly string[],
    key = 'Ext__c',
  ): Promise<readonly (readonly (string | null)[])[]> {
    const asked = fields.map((field) => (typeof field === 'string' ? { field } : field));
    const request: ReadRequest = { object, key: [key], fields: asked, keys: keys === undefined ? undefined : await this.#keyTable(keys) };
    const live = await this.destination.read(request);
    const schema = await this.destination.describe(object);
    const columns = live.columns.map(({ name, type }) => shown({ sql: `r.${name}`, type }, this.#typeOf(schema, name, key, asked)));
    const rows = await this.workspace.rows(`SELECT [${columns.join(', ')}] AS texts FROM ${live.from} AS r ORDER BY r.k0, r.remote_id`);
    return rows.map(({ texts }) => texts as readonly (string | null)[]);
  }

  insert(object: string, ...records: readonly Texts[]): string[] {
    return records.map((record) => this.sandbox.org.insert(object, record));
  }

  async #keyTable(keys: readonly string[]): Promise<string> {
    this.#keys += 1;
    const table = `temp.main.asked_${this.#keys}`;
    await this.workspace.run(`CREATE TEMP TABLE ${table} AS SELECT unnest(CAST(from_json($keys, '["VARCHAR"]') AS VARCHAR[])) AS k0`, {
      keys: JSON.stringify(keys),
    });
    return table;
  }

  #typeOf(schema: ObjectSchema, column: string, key: string, fields: readonly ReadField[]): FieldType {
    const field = column === 'k0' ? { field: key } : fields[Number(column.slice(1))];
    const found = schema.fields.find(({ name }) => name === field?.field);
    return found === undefined || (field !== undefined && 'reference' in field) ? { kind: 'text' } : found.type;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.workspace[Symbol.asyncDispose]();
    await this.destination[Symbol.asyncDispose]();
    await this.sandbox[Symbol.asyncDispose]();
  }
}

function shown(raw: RawValue, type: FieldType): string {
  return canonicalText(type, canonicalValue(type, raw));
}
