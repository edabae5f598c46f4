/** What Salesforce says about one record, as an outcome. Codes: the reference of `StatusCode` in the SOAP API guide, API 67.0, 2026-11. */
import { id18 } from '../../salesforce/ids.ts';
import type { Outcome } from '../destination.ts';
import type { BoundBatch } from './columns.ts';
import { withoutValues } from './reject.ts';

/** The first of a record's errors. */
export interface RecordError {
  readonly code: string;
  readonly message: string;
  /** API names. */
  readonly fields: readonly string[];
}

/** What was sent of a record, as text: what the org's message may repeat. */
export type SentValues = readonly (string | null)[];

/** Somebody else holds the record or the org is too busy: later. `STORAGE_LIMIT_EXCEEDED` is no record's fault either. */
const BUSY: ReadonlySet<string> = new Set([
  'UNABLE_TO_LOCK_ROW', 'SERVER_UNAVAILABLE', 'QUERY_TIMEOUT', 'REQUEST_LIMIT_EXCEEDED', 'CONCURRENT_PER_ORG_LIMIT_EXCEEDED', 'REQUEST_RUNNING_TOO_LONG',
  'ALL_OR_NONE_OPERATION_ROLLED_BACK', 'PROCESSING_HALTED', 'STORAGE_LIMIT_EXCEEDED',
]); // prettier-ignore

const GONE = 'the record is gone: it was deleted since the plan';

export function refusalOf(error: RecordError, bound: BoundBatch, values: SentValues): Outcome {
  const { code } = error;
  const message = withoutValues(error.message, values);
  if (BUSY.has(code)) return { status: 'again', why: 'busy', code, message };
  if (isTooMuch(error)) return { status: 'again', why: 'too_much', code, message };
  if (isGone(error, bound)) return bound.batch.action === 'delete' ? { status: 'unchanged' } : { status: 'held', message: GONE };
  const parent = missingParent(error, bound);
  if (parent !== undefined) return { status: 'rejected', code: 'REFERENCE_NOT_FOUND', message: parent };
  return { status: 'rejected', code, message: `${message}${HINTS[code] ?? ''}` };
}

const HINTS: Readonly<Record<string, string>> = {
  DUPLICATES_DETECTED:
    ' (a duplicate rule of the org; the connection option `allow_duplicates` saves such records where the rule allows it)',
};

/** Apex, validation and flows of one request share limits: fewer records need less. */
function isTooMuch({ code, message }: RecordError): boolean {
  return (
    code === 'LIMIT_EXCEEDED' ||
    code === 'CPU_TIME_LIMIT_EXCEEDED' ||
    /LimitException|Apex CPU time limit|Too many (SOQL|DML|query)/i.test(message)
  );
}

/** Of a record that is deleted for good, Salesforce says what it says of a parent that is none: with no id sent as a value, it is the record. */
function isGone({ code, fields }: RecordError, { batch: { action }, columns }: BoundBatch): boolean {
  if (action === 'create') return false;
  if (code === 'ENTITY_IS_DELETED') return true;
  return (
    code === 'INVALID_CROSS_REFERENCE_KEY' && fields.length === 0 && columns.every(({ type }) => type.kind !== 'text' || type.id18 !== true)
  );
}

/** `Foreign key external ID: x not found for field Ext__c in entity Account`. */
function missingParent({ message }: RecordError, { columns }: BoundBatch): string | undefined {
  const found = /^Foreign key external ID: [\s\S]* not found for field (\w+) in entity (\w+)$/.exec(message);
  if (found === null) return undefined;
  const [, key = '', object = ''] = found;
  const column = columns.find(({ parent }) => parent?.key.toLowerCase() === key.toLowerCase());
  return `${column?.parent?.relationship ?? 'a reference'}: no ${object} has this ${key}`;
}

/** Two writers created the key in the same moment: a second try finds the record that the other one made. */
export function isRace({ code, message, fields }: RecordError, { batch: { action }, key }: BoundBatch): boolean {
  if (action !== 'create' || code !== 'DUPLICATE_VALUE') return false;
  return fields.includes(key.field) || new RegExp(String.raw`\b${key.field}\b`).test(message);
}

/** `created`: what an upsert says. */
export function appliedAs(remoteId: string | undefined, created: boolean | undefined, { batch: { action } }: BoundBatch): Outcome {
  const note = action === 'create' && created === false ? 'existed already and was updated' : undefined;
  return { status: 'applied', remoteId: remoteId === undefined ? undefined : id18(remoteId), note };
}
