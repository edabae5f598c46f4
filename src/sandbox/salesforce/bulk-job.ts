/** What all jobs of Bulk API 2.0 have in common: an id, a state, and the description that polls return. */
import { storedTime } from './record.ts';
import { rawNumber, Refusal } from './reply.ts';
import { DELIMITERS, type Delimiter, LINE_ENDINGS, type LineEnding } from './csv-read.ts';

export type JobState = 'Open' | 'UploadComplete' | 'InProgress' | 'JobComplete' | 'Failed' | 'Aborted';

const ENDED: ReadonlySet<JobState> = new Set(['JobComplete', 'Failed', 'Aborted']);

export interface JobBasics {
  readonly id: string;
  readonly operation: string;
  readonly object: string;
  readonly createdById: string;
  readonly columnDelimiter: Delimiter;
  readonly lineEnding: LineEnding;
  /** `67.0` */
  readonly apiVersion: string;
}

export class JobStatus {
  readonly basics: JobBasics;
  readonly #now: () => number;
  readonly #created: string;
  readonly #started: number;
  #state: JobState;
  #changed: string;
  #polls = 0;
  #held: (() => void) | undefined;
  #ended = 0;

  constructor(basics: JobBasics, state: JobState, now: () => number) {
    this.basics = basics;
    this.#now = now;
    this.#started = now();
    this.#created = timeOf(now());
    this.#changed = this.#created;
    this.#state = state;
  }

  get state(): JobState {
    return this.#state;
  }

  get hasEnded(): boolean {
    return ENDED.has(this.#state);
  }

  enter(state: JobState): void {
    this.#state = state;
    if (state === 'Aborted') this.#held = undefined;
    this.#changed = timeOf(this.#now());
    this.#ended = this.#now();
  }

  /** A slow job: its work begins once it has been polled so often. */
  hold(polls: number, work: () => void): void {
    this.enter('InProgress');
    this.#polls = polls;
    this.#held = work;
  }

  /** The state that a poll is told. */
  poll(): JobState {
    if (this.#held === undefined) return this.#state;
    this.#polls -= 1;
    if (this.#polls > 0) return 'InProgress';
    const work = this.#held;
    this.#held = undefined;
    work();
    return 'InProgress';
  }

  get elapsedMs(): number {
    return this.hasEnded ? Math.max(0, this.#ended - this.#started) : 0;
  }

  /** The description that creating, listing and changing a job answers. */
  describe(state: JobState = this.#state): Readonly<Record<string, unknown>> {
    const { id, operation, object, createdById, apiVersion, lineEnding, columnDelimiter } = this.basics;
    return {
      id,
      operation,
      object,
      createdById,
      createdDate: this.#created,
      systemModstamp: this.#changed,
      state,
      concurrencyMode: 'Parallel',
      contentType: 'CSV',
      apiVersion: rawNumber(apiVersion),
      lineEnding,
      columnDelimiter,
    };
  }
}

function timeOf(ms: number): string {
  return storedTime(Math.floor(ms / 1000));
}

/** A body that creates or changes a job. Throws for properties that Salesforce does not know. */
export function jobBody(text: string, known: readonly string[]): Readonly<Record<string, unknown>> {
  const body = parseJson(text);
  const stranger = Object.keys(body).find((key) => !known.includes(key));
  if (stranger !== undefined) throw new Refusal(400, 'JSON_PARSER_ERROR', `Unrecognized field "${stranger}" at [line:1, column:1]`);
  return body;
}

function parseJson(text: string): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Answered below, as other bodies that are no object.
  }
  throw new Refusal(400, 'JSON_PARSER_ERROR', 'The HTTP entity body is required to be a JSON object');
}

/** One of the values that a property may have; `fallback` where the body does not say. */
export function choice<T extends string>(body: Readonly<Record<string, unknown>>, key: string, allowed: readonly T[], fallback?: T): T {
  const value = body[key] ?? fallback;
  const found = allowed.find((each) => each === value);
  if (found !== undefined) return found;
  throw new Refusal(400, 'API_ERROR', `Value does not match expected type: ${key} must be one of ${allowed.join(', ')}`);
}

export function formatOf(body: Readonly<Record<string, unknown>>): {
  readonly columnDelimiter: Delimiter;
  readonly lineEnding: LineEnding;
} {
  choice(body, 'contentType', ['CSV'], 'CSV');
  return {
    columnDelimiter: choice(body, 'columnDelimiter', Object.keys(DELIMITERS) as Delimiter[], 'COMMA'),
    lineEnding: choice(body, 'lineEnding', Object.keys(LINE_ENDINGS) as LineEnding[], 'LF'),
  };
}

/** The only change that a body can ask for: another state. */
export function wantedState<T extends JobState>(text: string, allowed: readonly T[]): T {
  return choice(jobBody(text, ['state']), 'state', allowed);
}

export function wrongState(message: string): Refusal {
  return new Refusal(400, 'INVALIDJOBSTATE', message);
}
