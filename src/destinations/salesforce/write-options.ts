/** How a connection wants its records written. */
import type { Connection } from '../../config/model.ts';

/** Records in one request of sObject Collections: Salesforce takes no more. */
export const COLLECTION_SIZE = 200;

/** As many changes in one batch, or more, go by Bulk API 2.0: a job is some ten calls, whatever its size. */
const BULK_FROM = 2_000;

export interface WriteOptions {
  /** Assignment rules: none, the active one, or the one with this id. */
  readonly assign: boolean | string;
  /** Saves records that a duplicate rule of kind "Alert" finds. */
  readonly allowDuplicates: boolean;
  /** Records in one request, at most: fewer for orgs whose triggers do much. */
  readonly collectionSize: number;
  /** Batches of so many changes or more are written by Bulk API 2.0. */
  readonly bulkFrom: number;
}

/** The options of a connection, which its schema has checked. */
export function writeOptions({ options }: Pick<Connection, 'options'>): WriteOptions {
  const { assign, allow_duplicates: duplicates, collection_size: size, bulk_from: from } = options;
  return {
    assign: typeof assign === 'boolean' || typeof assign === 'string' ? assign : false,
    allowDuplicates: duplicates === true,
    collectionSize: typeof size === 'number' ? Math.min(size, COLLECTION_SIZE) : COLLECTION_SIZE,
    bulkFrom: typeof from === 'number' ? from : BULK_FROM,
  };
}

/**
 * Whether jobs of Bulk API 2.0 can do what is asked for. They take no `Sforce-Duplicate-Rule-Header`, and an assignment rule
 * only by its id (documentation of API 67.0, 2026-11).
 */
export function bulkCan({ assign, allowDuplicates }: WriteOptions): boolean {
  return assign !== true && !allowDuplicates;
}

/**
 * Headers of requests that create or update. Salesforce runs assignment rules unless it is told not to, which would give
 * records to other owners with every change.
 */
export function writeHeaders({ assign, allowDuplicates }: WriteOptions): Readonly<Record<string, string>> {
  return {
    'Sforce-Auto-Assign': typeof assign === 'string' ? assign : String(assign).toUpperCase(),
    ...(allowDuplicates ? { 'Sforce-Duplicate-Rule-Header': 'allowSave=true' } : {}),
  };
}
