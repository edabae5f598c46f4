/** Writing: a batch goes by sObject Collections, or by Bulk API 2.0 when it is large; one outcome for each change. */
import type { Context } from '../../context.ts';
import { TransientError, UserError } from '../../errors.ts';
import type { SalesforceClient } from '../../salesforce/client.ts';
import type { Outcome, WriteBatch } from '../destination.ts';
import { sendByBulk } from './bulk-ingest.ts';
import { type Sending, sendByCollections } from './collections.ts';
import { bindBatch, type DescribedObject } from './columns.ts';
import { SORTED, sortIntoFiles } from './ingest-file.ts';
import { settleLeftovers } from './leftovers.ts';
import { Ledger } from './ledger.ts';
import { findIds, type Read, stage, unstage } from './stage.ts';
import { bulkCan, type WriteOptions } from './write-options.ts';

export interface WriterParts {
  readonly client: SalesforceClient;
  readonly context: Context;
  readonly options: WriteOptions;
  /** What the org says about an object; remembered. */
  readonly describe: (object: string) => Promise<DescribedObject>;
  readonly read: Read;
}

export class Writer {
  readonly #parts: WriterParts;
  /** Objects on which no job of a former run is left. */
  readonly #free = new Set<string>();

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  /**
   * Throws only while nothing is written. Later failures leave what is known as it is, and the rest may be sent again: a
   * request is all or nothing, a batch of many requests is not.
   */
  async write(batch: WriteBatch): Promise<readonly Outcome[]> {
    if (batch.size === 0) return [];
    const { client, context, options, describe, read } = this.#parts;
    const bound = await bindBatch(batch, describe);
    const ledger = new Ledger(batch.size);
    try {
      await stage(bound);
      if (batch.action !== 'create') await findIds(bound, read, ledger);
      await send({ client, context, options, bound, ledger });
      return ledger.end();
    } catch (error) {
      const failure = error === context.signal.reason ? new TransientError('stopped on request') : error;
      const mayPass = failure instanceof TransientError || failure instanceof UserError;
      if (!ledger.hasBegun || !mayPass) throw failure;
      return ledger.end(failure);
    } finally {
      await unstage(bound);
    }
  }

  /** Waits for jobs that a killed run left running on the object, once. */
  async settle(object: string): Promise<void> {
    if (this.#free.has(object)) return;
    await settleLeftovers(this.#parts.client, this.#parts.context, object);
    this.#free.add(object);
  }
}

async function send(sending: Sending): Promise<void> {
  const { bound, options } = sending;
  const { workspace, size } = bound.batch;
  if (size < options.bulkFrom || !bulkCan(options)) {
    await sendByCollections(sending);
    return;
  }
  try {
    const parts = await sortIntoFiles(bound, options.bulkFrom);
    await sendByCollections(sending, `pos NOT IN (SELECT pos FROM ${SORTED})`);
    for (const part of parts) await sendByBulk(sending, part);
  } finally {
    await workspace.run(`DROP TABLE IF EXISTS ${SORTED}`);
  }
}
