/** What the answers of the API look like to a test. */

export interface RowError {
  readonly statusCode: string;
  readonly message: string;
  readonly fields: readonly string[];
}

export interface RowResult {
  readonly id?: string;
  readonly success: boolean;
  readonly created?: boolean;
  readonly errors: readonly RowError[];
}

export interface ApiError {
  readonly errorCode: string;
  readonly message: string;
  readonly fields?: readonly string[];
}

/** The code of each row, or `fine`. */
export function codes(results: readonly RowResult[]): readonly string[] {
  return results.map(({ errors }) => errors[0]?.statusCode ?? 'fine');
}

/** The one refusal of a request. */
export function errorOf(text: string): ApiError {
  const [error] = JSON.parse(text) as readonly ApiError[];
  if (error === undefined) throw new Error('the answer holds no error');
  return error;
}
