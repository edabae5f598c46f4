/** What BigQuery's refusals mean. Reasons: cloud.google.com/bigquery/docs/error-messages (read 2026-11). */
import { messageOf, TransientError, UserError } from '../errors.ts';

/** A refusal that the caller has to judge. `message` is BigQuery's own. */
export class BigQueryError extends Error {
  override readonly name = 'BigQueryError';
  /** BigQuery's word for it: `invalidQuery`, `notFound`, `accessDenied`, ... */
  readonly reason: string;
  /** HTTP status; undefined for a job that failed while it ran. */
  readonly status: number | undefined;

  constructor(reason: string, message: string, status?: number, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
    this.status = status;
  }
}

/** Where a request went, for what is said to the user. */
export interface Place {
  readonly connection: string;
  readonly project: string;
  readonly location: string | undefined;
}

/** Reasons that a later attempt may cure. */
const PASSING: ReadonlySet<string> = new Set([
  'backendError',
  'internalError',
  'jobBackendError',
  'jobInternalError',
  'jobRateLimitExceeded',
  'rateLimitExceeded',
  'tableUnavailable',
  'userRateLimitExceeded',
]);
const PASSING_STATUS: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
/** Statuses 500 that no retry cures (2026-11: a query over its byte limit is answered so). */
const LASTING: ReadonlySet<string> = new Set(['bytesBilledLimitExceeded', 'stopped', 'quotaExceeded', 'billingTierLimitExceeded']);
/** Two writers met on a table; said under the reason `invalidQuery`. */
const MET = /Transaction is aborted due to concurrent update|Could not serialize access|due to concurrent update/i;

/** One entry of an error body, or the `errorResult` of a job. */
export interface ErrorProto {
  readonly reason?: string;
  readonly message?: string;
  readonly location?: string;
}

/** The error to throw for a refusal: `TransientError`, `UserError` where only the user can act, else `BigQueryError`. */
export function refusal(place: Place, proto: ErrorProto, status?: number, retryAfterMs?: number): Error {
  const reason = proto.reason ?? (status === undefined ? 'unknown' : `http ${status}`);
  const message = proto.message ?? `BigQuery answered ${reason}`;
  const lasts = LASTING.has(reason);
  if (!lasts && (PASSING.has(reason) || (status !== undefined && PASSING_STATUS.has(status)) || MET.test(message))) {
    return new TransientError(`BigQuery: ${message}`, {
      cause: new BigQueryError(reason, message, status),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }
  return explained(place, reason, message, status) ?? new BigQueryError(reason, message, status);
}

function explained(place: Place, reason: string, message: string, status: number | undefined): UserError | undefined {
  const cause = new BigQueryError(reason, message, status);
  const said = (text: string, hint: string): UserError => new UserError(text, { hint, cause });
  const [, dataset, found] = /Not found: Dataset ([\w:.-]+?)(?: was not found in location ([\w-]+))?\.?$/.exec(message) ?? [];
  if (dataset !== undefined) {
    const where = found ?? place.location;
    return said(
      `connection ${place.connection}: there is no dataset ${dataset}${where === undefined ? '' : ` in ${where}`}`,
      `Make it where the data is: bq --location=${where ?? 'LOCATION'} mk --dataset ${dataset}. Or correct \`location\`: elsewhere, a dataset looks as if it did not exist.`,
    );
  }
  if (/Not found: Project|has not enabled BigQuery|Unknown project/i.test(message) || reason === 'projectNotFound') {
    return said(
      `connection ${place.connection}: ${message}`,
      `Check \`project: ${place.project}\`; the BigQuery API must be enabled in it.`,
    );
  }
  switch (reason) {
    case 'accessDenied':
      return said(`connection ${place.connection}: ${message}`, rights(message));
    case 'quotaExceeded':
      return said(`connection ${place.connection}: ${message}`, 'A quota of the project is used up. See its quotas page, or run later.');
    case 'bytesBilledLimitExceeded':
      return said(
        message,
        'Raise `max_bytes_billed` (of the connection or the sync), or read less: fewer columns, a filter on the partition.',
      );
    case 'billingNotEnabled':
      return said(`connection ${place.connection}: ${message}`, 'Writing needs a project with billing; a sandbox project has none.');
    case 'stopped':
      return said(`BigQuery stopped the job: ${message}`, 'Somebody, or a limit of the project, cancelled it. Run the command again.');
    case 'responseTooLarge':
      return said(
        message,
        'BigQuery holds at most 10 GB of a result. Keep the state in BigQuery, so that only candidates travel, or read fewer columns.',
      );
    default:
      return status === 401
        ? said(
            `connection ${place.connection}: BigQuery does not accept the credentials: ${message}`,
            'Log in again: gcloud auth application-default login.',
          )
        : undefined;
  }
}

/** The roles that hold a missing permission. */
const ROLES: readonly (readonly [RegExp, string])[] = [
  [/bigquery\.jobs\.create/, 'Grant roles/bigquery.jobUser in the project that runs the jobs.'],
  [/bigquery\.tables\.(getData|get)\b|permission to query table/, 'Grant roles/bigquery.dataViewer on the dataset that is read.'],
  [
    /bigquery\.tables\.(create|update|updateData|delete)/,
    'Grant roles/bigquery.dataEditor on the dataset of the state, or on the scratch dataset.',
  ],
  [/bigquery\.datasets\./, 'Grant roles/bigquery.dataEditor on the dataset.'],
];

function rights(message: string): string {
  return (
    ROLES.find(([permission]) => permission.test(message))?.[1] ??
    'The account lacks a right that the message names. docs/connectors/bigquery.md lists those that Sluice needs.'
  );
}

/** Whether a job failed, and not a request. */
export function isFailedJob(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof BigQueryError && error.cause.status === undefined;
}

/** An error that says nothing was answered: the request may have reached BigQuery. */
export function lostReply(error: unknown): TransientError {
  return new TransientError(`BigQuery cannot be reached: ${messageOf(error)}`, { cause: error });
}
