/** What a write asks for and what it answers. */
import type { WriteError } from './stored-form.ts';

export type WriteOp = 'insert' | 'update' | 'upsert' | 'delete' | 'hardDelete';

export interface WriteOptions {
  /** Of an upsert. */
  readonly externalIdField?: string | undefined;
  /** The values are cells of a CSV file, not JSON. Null clears, a missing column leaves alone. */
  readonly text?: boolean;
  /** Records that a duplicate rule finds are saved nevertheless. */
  readonly allowDuplicates?: boolean;
  /** New records go to the owner that the active assignment rule names, or the one with this id. */
  readonly autoAssign?: boolean | string;
  /** One failure undoes the whole request. */
  readonly allOrNone?: boolean;
}

export interface WriteResult {
  readonly id?: string;
  readonly success: boolean;
  /** Only of upserts that worked. */
  readonly created?: boolean;
  readonly errors: readonly WriteError[];
}

export function failed(statusCode: string, message: string, fields: readonly string[] = []): WriteResult {
  return { success: false, errors: [{ statusCode, message, fields }] };
}
