/** GitHub's REST API, as far as the action needs it. */
import { setTimeout as delay } from 'node:timers/promises';

/** GitHub said no. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }

  /** The token lacks the permission, the feature is off, or the thing is not to be seen: nothing that waiting helps. */
  get isRefusal(): boolean {
    return [401, 403, 404, 410].includes(this.status);
  }
}

const VERSION = '2022-11-28';
const ATTEMPTS = 4;
/** Longer than this a job does not wait for a limit. */
const PATIENCE_MS = 60_000;

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

export class GitHub {
  readonly #apiUrl: string;
  readonly #token: string;

  constructor(apiUrl: string, token: string) {
    this.#apiUrl = apiUrl;
    this.#token = token;
  }

  async get<T>(path: string): Promise<T> {
    return (await this.#send('GET', path)).json() as Promise<T>;
  }

  async post<T>(path: string, body: object): Promise<T> {
    return (await this.#send('POST', path, body)).json() as Promise<T>;
  }

  async patch<T>(path: string, body: object): Promise<T> {
    return (await this.#send('PATCH', path, body)).json() as Promise<T>;
  }

  async delete(path: string): Promise<void> {
    await this.#send('DELETE', path);
  }

  /** Every item of a list, over all of its pages. */
  async list<T>(path: string): Promise<readonly T[]> {
    const found: T[] = [];
    let next: string | undefined = `${path}${path.includes('?') ? '&' : '?'}per_page=100`;
    while (next !== undefined) {
      const response: Response = await this.#send('GET', next);
      found.push(...((await response.json()) as T[]));
      next = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
    }
    return found;
  }

  async #send(method: Method, path: string, body?: object): Promise<Response> {
    for (let attempt = 1; ; attempt += 1) {
      const response = await this.#try(method, path, body, attempt === ATTEMPTS);
      if (response?.ok === true) return response;
      const wait = response === undefined ? 1000 * attempt : waitOf(response, attempt);
      if (response !== undefined && (attempt === ATTEMPTS || wait === undefined || wait > PATIENCE_MS)) {
        throw new ApiError(response.status, `${method} ${path}: ${response.status} ${await reasonOf(response)}`);
      }
      await delay(wait);
    }
  }

  /** Undefined when no answer came and asking again does no harm: a POST may have arrived, and would be done twice. */
  async #try(method: Method, path: string, body: object | undefined, last: boolean): Promise<Response | undefined> {
    const url = path.startsWith(this.#apiUrl) ? path : `${this.#apiUrl}${path}`;
    try {
      return await fetch(url, {
        method,
        headers: {
          accept: 'application/vnd.github+json',
          authorization: `Bearer ${this.#token}`,
          'user-agent': 'sluice-action',
          'x-github-api-version': VERSION,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (error) {
      if (last || method === 'POST') throw error;
      return undefined;
    }
  }
}

/** Milliseconds to wait before asking again; undefined when asking again cannot help. */
function waitOf(response: Response, attempt: number): number | undefined {
  const after = response.headers.get('retry-after');
  const limited =
    response.status === 429 || (response.status === 403 && (after !== null || response.headers.get('x-ratelimit-remaining') === '0'));
  if (!limited && response.status < 500) return undefined;
  return after === null ? 1000 * attempt : Number(after) * 1000;
}

async function reasonOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    return (JSON.parse(text) as { readonly message: string }).message;
  } catch {
    // A proxy answered, not GitHub.
    return text.slice(0, 200);
  }
}
