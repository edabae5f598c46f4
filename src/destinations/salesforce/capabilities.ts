/** What a Salesforce org can do as a destination. */
import type { Capabilities } from '../destination.ts';

const YES = { can: true } as const;

export const CAPABILITIES: Capabilities = {
  readByKey: YES,
  readAll: YES,
  create: YES,
  update: YES,
  delete: YES,
  atomicCompare: { can: false, reason: 'the API writes without comparing: each batch is read again right before it is sent' },
  storesExactly: { can: false, reason: 'fields are trimmed, cut and reordered, and automation of the org may rewrite them' },
  keyNeedsConstraint: true,
  batchSize: 50_000, // 20,000 take as much memory in all, and more than twice the calls
  concurrency: 1, // two batches of one sync could lock each other's parents
  text: { trim: true, emptyIsNull: true, lineEnds: true, nfc: true },
  refresh: 'changed',
};
