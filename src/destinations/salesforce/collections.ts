/** Writing by sObject Collections: up to 200 records a request, one result for each, by position. */
import type { SalesforceClient } from '../../salesforce/client.ts';
import { LostReplyError, SalesforceError } from '../../salesforce/errors.ts';
import type { Context } from '../../context.ts';
import { TransientError } from '../../errors.ts';
import type { BoundBatch } from './columns.ts';
import type { Ledger } from './ledger.ts';
import { appliedAs, isRace, type RecordError, refusalOf } from './outcome.ts';
import { withoutValues } from './reject.ts';
import { STAGED } from './stage.ts';
import { requestFor, type StagedRow } from './record-json.ts';
import type { WriteOptions } from './write-options.ts';

/** One batch on its way. */
export interface Sending {
  readonly client: SalesforceClient;
  readonly context: Context;
  readonly options: WriteOptions;
  readonly bound: BoundBatch;
  readonly ledger: Ledger;
}

/** Characters of one body. Salesforce takes 50 MB; less is less to lose. */
const MAX_BODY = 8_000_000;

/** Sends the staged rows for which `where` (SQL) holds. */
export async function sendByCollections(sending: Sending, where = 'true'): Promise<void> {
  const { context } = sending;
  for await (const rows of stagedRows(sending, where)) {
    if (context.signal.aborted) throw new TransientError('stopped on request');
    const raced = await sendRows(sending, rows, false);
    if (raced.length > 0) await sendRows(sending, raced, true);
  }
}

/** In the order of the batch, as many at a time as one request takes. */
async function* stagedRows({ bound, options }: Sending, where: string): AsyncGenerator<readonly StagedRow[]> {
  const values = bound.columns.map((_, place) => `w${place}`).join(', ');
  for (let after = -1; ;) {
    const { page } = await bound.batch.workspace.row(
      `SELECT CAST(to_json(list(s ORDER BY s.pos)) AS VARCHAR) AS page FROM (
         SELECT pos, id, k, CAST([${values}] AS VARCHAR[]) AS w FROM ${STAGED} WHERE pos > ${after} AND (${where}) ORDER BY pos LIMIT ${options.collectionSize}) AS s`,
    );
    const rows = typeof page === 'string' ? (JSON.parse(page) as readonly StagedRow[]) : [];
    const last = rows.at(-1);
    if (last === undefined) return;
    yield* bodies(rows);
    after = last.pos;
  }
}

/** Long texts: fewer rows at a time. */
function* bodies(rows: readonly StagedRow[]): Generator<readonly StagedRow[]> {
  let body: StagedRow[] = [];
  let length = 0;
  for (const row of rows) {
    const size = row.w.reduce((sum, value) => sum + (value?.length ?? 0), 0);
    if (body.length > 0 && length + size > MAX_BODY) {
      yield body;
      [body, length] = [[], 0];
    }
    body.push(row);
    length += size;
  }
  if (body.length > 0) yield body;
}

interface Result {
  readonly id?: string | null;
  readonly success: boolean;
  readonly created?: boolean;
  readonly errors?: readonly { readonly statusCode: string; readonly message: string; readonly fields?: readonly string[] }[];
}

/** Returns the rows that somebody else created in the same moment: they may be sent once more. */
async function sendRows(sending: Sending, rows: readonly StagedRow[], isSecondTry: boolean): Promise<readonly StagedRow[]> {
  const { bound, ledger } = sending;
  const results = await resultsOf(sending, rows);
  if (results === undefined) return [];
  const raced: StagedRow[] = [];
  for (const [place, row] of rows.entries()) {
    const result = results[place];
    const error = result === undefined ? undefined : errorOf(result);
    if (result === undefined) ledger.say(row.pos, { status: 'unknown', message: 'the answer says nothing about this record' });
    else if (error === undefined) ledger.say(row.pos, appliedAs(result.id ?? undefined, result.created, bound));
    else if (!isSecondTry && isRace(error, bound)) raced.push(row);
    else ledger.say(row.pos, refusalOf(error, bound, [row.k, ...row.w]));
  }
  return raced;
}

function errorOf({ success, errors }: Result): RecordError | undefined {
  if (success) return undefined;
  const [first] = errors ?? [];
  return {
    code: first?.statusCode ?? 'UNKNOWN_EXCEPTION',
    message: first?.message ?? 'Salesforce does not say why',
    fields: first?.fields ?? [],
  };
}

/** Undefined when there are none: then the ledger knows what that means. */
async function resultsOf(sending: Sending, rows: readonly StagedRow[]): Promise<readonly Result[] | undefined> {
  const { client, ledger } = sending;
  try {
    const { text } = await client.request(requestFor(sending.bound, sending.options, rows));
    return parsed(text);
  } catch (error) {
    if (error instanceof LostReplyError) {
      for (const { pos } of rows) ledger.say(pos, { status: 'unknown', message: 'the reply was lost after the record was sent' });
      throw error;
    }
    if (!(error instanceof SalesforceError) || !isOfRecords(error)) throw error;
    sayRefused(sending, rows, error);
    return undefined;
  }
}

/** What is no list says nothing about any record. */
function parsed(text: string): readonly Result[] {
  try {
    const results = JSON.parse(text) as unknown;
    return Array.isArray(results) ? (results as readonly Result[]) : [];
  } catch {
    return [];
  }
}

/** Refusals of a whole request, and of every other: no batch can succeed. */
const OF_ALL: ReadonlySet<string> = new Set(['INVALID_FIELD', 'INVALID_TYPE', 'NOT_FOUND', 'INSUFFICIENT_ACCESS', 'API_DISABLED_FOR_ORG', 'METHOD_NOT_ALLOWED', 'INVALID_OPERATION']); // prettier-ignore

/** Whether one bad record may be why a whole request was refused, as it is for a value of the wrong type. */
function isOfRecords({ status, code }: SalesforceError): boolean {
  return (status === 400 || status === 413) && !OF_ALL.has(code);
}

/** Nothing of the request was written: halves of it find the record. */
function sayRefused({ ledger }: Sending, rows: readonly StagedRow[], { code, message }: SalesforceError): void {
  for (const { pos, k, w } of rows) {
    const told = withoutValues(message, rows.length === 1 ? [k, ...w] : []);
    ledger.say(pos, { status: 'again', why: 'too_much', code, message: told });
  }
}
