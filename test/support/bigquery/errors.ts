/** Errors as the API words them. Reasons and codes: https://cloud.google.com/bigquery/docs/error-messages, and what was recorded or reported. */
import { SqlError } from './sql/error.ts';

/** An answer other than 200. */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  /** What the request went wrong about, such as `q` (the query) or `If-Match`. */
  readonly location: string | undefined;
  readonly locationType: string | undefined;
  override readonly name = 'ApiError';

  constructor(
    reason: string,
    message: string,
    more: { readonly code?: number; readonly location?: string; readonly locationType?: string } = {},
  ) {
    super(message);
    this.code = more.code ?? CODES[reason] ?? 400;
    this.reason = reason;
    this.location = more.location;
    this.locationType = more.locationType;
  }
}

/**
 * HTTP codes of reasons. A query over its byte limit is a 500, whatever one would expect; a cancelled job is a 499 to those who ask for its
 * rows (both as reported by users of the real service; not recorded).
 */
const CODES: Readonly<Record<string, number>> = {
  invalid: 400,
  invalidQuery: 400,
  badRequest: 400,
  required: 400,
  resourcesExceeded: 400,
  authError: 401,
  accessDenied: 403,
  quotaExceeded: 403,
  rateLimitExceeded: 403,
  billingNotEnabled: 403,
  responseTooLarge: 403,
  notFound: 404,
  duplicate: 409,
  failedPrecondition: 412,
  stopped: 499,
  bytesBilledLimitExceeded: 500,
  internalError: 500,
  notImplemented: 501,
  backendError: 503,
};

/** google.rpc.Code names of HTTP codes, as they stand in `error.status`. */
const STATUSES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ALREADY_EXISTS',
  412: 'FAILED_PRECONDITION',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
};

/** What is wrong with a job, as `status.errorResult` has it. */
export interface ErrorProto {
  readonly reason: string;
  readonly location?: string;
  readonly message: string;
}

/** The body of an error. */
export function errorBody(error: ApiError): Readonly<Record<string, unknown>> {
  const { code, message, reason, location, locationType } = error;
  const detail = {
    message,
    domain: 'global',
    reason,
    ...(location === undefined ? {} : { location, locationType: locationType ?? 'other' }),
  };
  return { error: { code, message, errors: [detail], status: STATUSES[code] ?? 'UNKNOWN' } };
}

/** Any failure as an API error; what the fake does not know is a 501, what it did wrong is a 500 with the stack. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof SqlError) {
    const place = error.reason === 'invalidQuery' ? { location: 'q', locationType: 'parameter' } : {};
    return new ApiError(error.reason, error.message, { code: error.httpStatus, ...place });
  }
  return new ApiError('internalError', `The fake failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
}

/** The same, as a job reports it. */
export function errorProto(error: ApiError): ErrorProto {
  const location = error.location === 'q' ? 'query' : error.location;
  return { reason: error.reason, ...(location === undefined ? {} : { location }), message: error.message };
}

export function notImplemented(what: string): ApiError {
  return new ApiError('notImplemented', `The fake BigQuery does not know ${what}`);
}

export function tableName(ref: { readonly projectId: string; readonly datasetId: string; readonly tableId: string }): string {
  return `${ref.projectId}:${ref.datasetId}.${ref.tableId}`;
}

export function tableNotFound(ref: { readonly projectId: string; readonly datasetId: string; readonly tableId: string }): ApiError {
  return new ApiError('notFound', `Not found: Table ${tableName(ref)}`);
}

export function datasetNotFound(projectId: string, datasetId: string): ApiError {
  return new ApiError('notFound', `Not found: Dataset ${projectId}:${datasetId}`);
}
