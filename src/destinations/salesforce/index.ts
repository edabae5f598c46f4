/** Destination `salesforce`: objects of a Salesforce org. */
import type { Connection } from '../../config/model.ts';
import type { Context, TellsTime } from '../../context.ts';
import { InternalError } from '../../errors.ts';
import { SalesforceClient } from '../../salesforce/client.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { CallCost, Destination, LiveRelation, ObjectSchema, Outcome, PlannedWrites, ReadRequest, WriteBatch } from '../destination.ts';
import { callsToWrite } from './calls.ts';
import { CAPABILITIES } from './capabilities.ts';
import { Describer } from './describer.ts';
import type { Org } from './query.ts';
import { callsToRead, Reader } from './read.ts';
import { Writer } from './write.ts';
import { type WriteOptions, writeOptions } from './write-options.ts';

/** Opens a connection of type `salesforce` as a destination. The org is reached when it is first needed. */
export async function openSalesforceDestination(connection: Connection, context: Context): Promise<Destination> {
  return new SalesforceDestination({ client: SalesforceClient.open(connection, context), context, connection });
}

class SalesforceDestination implements Destination, TellsTime {
  readonly capabilities = CAPABILITIES;
  readonly #org: Org;
  readonly #options: WriteOptions;
  readonly #describer: Describer;
  readonly #writer: Writer;
  #reader: Reader | undefined;

  constructor(org: Org) {
    const { client, context, connection } = org;
    this.#org = org;
    this.#options = writeOptions(connection);
    this.#describer = new Describer(client);
    this.#writer = new Writer({
      client,
      context,
      options: this.#options,
      describe: async (object) => this.#describer.sobject(object),
      read: async (request) => this.read(request),
    });
  }

  /** The org, whatever its address: a sandbox is another org than the one that it was copied from. */
  async identify(): Promise<string> {
    const { orgId } = await this.#org.client.identity();
    return `salesforce:${orgId}`;
  }

  async attach(workspace: Workspace): Promise<void> {
    this.#reader = new Reader(this.#org, this.#describer, workspace);
  }

  async describe(object: string): Promise<ObjectSchema> {
    return this.#describer.schema(object);
  }

  async read(request: ReadRequest): Promise<LiveRelation> {
    if (this.#reader === undefined) throw new InternalError('the destination is read before it is attached to a workspace');
    return this.#reader.read(request);
  }

  /** A job goes on when nobody waits for it any more. */
  async settle(object: string): Promise<void> {
    return this.#writer.settle(object);
  }

  async write(batch: WriteBatch): Promise<readonly Outcome[]> {
    await this.#reader?.forget();
    return this.#writer.write(batch);
  }

  /** Every batch is read again before it is sent; what was written is read back, all of it or a sample, by one call for each batch. */
  async cost(writes: readonly PlannedWrites[]): Promise<CallCost> {
    const reads = writes.map(({ count }) => callsToRead(count) + Math.ceil(count / CAPABILITIES.batchSize));
    const calls = callsToWrite(writes, this.#options) + reads.reduce((sum, each) => sum + each, 0);
    return { calls, left: await this.#callsLeft() };
  }

  async clock(): Promise<number> {
    return this.#org.client.clock();
  }

  /** A sentence for people. */
  async limits(): Promise<string> {
    return this.#org.client.describeLimits();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#org.client[Symbol.asyncDispose]();
  }

  /** Every answer counts the calls; only an org that does not is asked. */
  async #callsLeft(): Promise<number | undefined> {
    const { client } = this.#org;
    const { usage } = client;
    return usage === undefined ? (await client.limits()).daily?.remaining : Math.max(0, usage.max - usage.used);
  }
}
