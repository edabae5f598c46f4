/** Options of the test-only destination: its shape, its habits and its failures, all written in the connection document. */
import { parseFieldType } from '../../../src/config/field-type.ts';
import { connectionSchemas } from '../../../src/config/schemas.ts';
import type { FieldType, TextRules } from '../../../src/canonical/types.ts';

/** What the system does to text that it stores, without ever saying so. Keys stay as they are. */
export const NORMALISERS = {
  trim: (text: string): string | null => text.trim(),
  empty_null: (text: string): string | null => (text === '' ? null : text),
  crlf: (text: string): string | null => text.replaceAll(/\r\n?/g, '\n'),
  upper: (text: string): string | null => text.toUpperCase(),
  truncate: (text: string): string | null => text.slice(0, 20),
} as const;
export type Normaliser = keyof typeof NORMALISERS;

export interface TestField {
  readonly type: FieldType;
  readonly nullable: boolean;
  readonly creatable: boolean;
  readonly updatable: boolean;
  readonly maxLength?: number | undefined;
  readonly allowed?: readonly string[] | undefined;
}

export interface TestObject {
  readonly fields: ReadonlyMap<string, TestField>;
  readonly unique: readonly (readonly string[])[];
}

/** Numbers count write calls of the whole life of the file, from 1; a retried call counts again. */
export interface Faults {
  /** Fails before anything is written. */
  readonly transient: readonly number[];
  /** Fails before anything is written, and asks for a pause. */
  readonly rateLimit: readonly number[];
  readonly retryAfterMs: number;
  /** Writes, and then nobody knows: every outcome is unknown. */
  readonly timeoutAfterWrite: readonly number[];
  /** Does not write, and nobody knows. */
  readonly timeoutBeforeWrite: readonly number[];
  /** Writes, and the process is killed before it hears of it. */
  readonly killAfterWrite: readonly number[];
  /** Writes the first half of the records, then the process is killed. */
  readonly killInTheMiddle: readonly number[];
  /** A record with this text in any new value is refused. */
  readonly rejectValue: string | undefined;
  /** Refused records: one by one, or all of their batch with them. */
  readonly rejectWholeBatch: boolean;
  /** Milliseconds that each write takes. */
  readonly latencyMs: number;
}

export interface TestOptions {
  /** The JSON file that holds the records. */
  readonly file: string;
  readonly objects: ReadonlyMap<string, TestObject>;
  readonly atomic: boolean;
  readonly normalise: readonly Normaliser[];
  readonly textRules: TextRules;
  /** How far its clock is wrong. */
  readonly clockAheadMs: number;
  readonly unreadable: readonly string[];
  readonly noRead: boolean;
  readonly noReadAll: boolean;
  readonly cannot: readonly string[];
  readonly batchSize: number;
  readonly concurrency: number;
  readonly refresh: 'all' | 'changed' | 'none';
  readonly faults: Faults;
}

const calls = { type: 'array', items: { type: 'integer', minimum: 1 } };
const texts = { type: 'array', items: { type: 'string' } };

/** JSON Schema of a connection document of type `test`. */
export const TEST_CONNECTION_SCHEMA = {
  $id: 'connection.test.schema.json',
  title: 'TestConnection',
  'x-roles': ['destination'],
  type: 'object',
  required: ['kind', 'name', 'type', 'file', 'objects'],
  additionalProperties: false,
  properties: {
    kind: { const: 'Connection' },
    name: { type: 'string' },
    type: { const: 'test' },
    description: { type: 'string' },
    file: { type: 'string', minLength: 1, 'x-path': true },
    objects: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        required: ['fields'],
        additionalProperties: false,
        properties: {
          unique: { type: 'array', items: texts },
          fields: {
            type: 'object',
            additionalProperties: {
              type: ['string', 'object'],
              required: ['type'],
              additionalProperties: false,
              properties: {
                type: { type: 'string' },
                nullable: { type: 'boolean' },
                creatable: { type: 'boolean' },
                updatable: { type: 'boolean' },
                max_length: { type: 'integer' },
                allowed: texts,
              },
            },
          },
        },
      },
    },
    atomic: { type: 'boolean' },
    normalise: { type: 'array', items: { enum: Object.keys(NORMALISERS) } },
    text_rules: { type: 'object' },
    clock_ahead_ms: { type: 'integer' },
    unreadable: texts,
    no_read: { type: 'boolean' },
    no_read_all: { type: 'boolean' },
    cannot: { type: 'array', items: { enum: ['create', 'update', 'delete'] } },
    batch_size: { type: 'integer', minimum: 1 },
    concurrency: { type: 'integer', minimum: 1 },
    refresh: { enum: ['all', 'changed', 'none'] },
    faults: {
      type: 'object',
      additionalProperties: false,
      properties: {
        transient: calls,
        rate_limit: calls,
        retry_after_ms: { type: 'integer', minimum: 0 },
        timeout_after_write: calls,
        timeout_before_write: calls,
        kill_after_write: calls,
        kill_in_the_middle: calls,
        reject_value: { type: 'string' },
        reject_whole_batch: { type: 'boolean' },
        latency_ms: { type: 'integer', minimum: 0 },
      },
    },
  },
} as const;

/** Schemas of every connection type, this one included: for `loadProject` and `main`. */
export function testConnectionSchemas(): ReadonlyMap<string, object> {
  return new Map<string, object>([...connectionSchemas(), ['test', TEST_CONNECTION_SCHEMA]]);
}

interface RawField {
  readonly type: string;
  readonly nullable?: boolean;
  readonly creatable?: boolean;
  readonly updatable?: boolean;
  readonly max_length?: number;
  readonly allowed?: readonly string[];
}

interface RawOptions {
  readonly file: string;
  readonly objects: Readonly<
    Record<string, { readonly fields: Readonly<Record<string, string | RawField>>; readonly unique?: string[][] }>
  >;
  readonly atomic?: boolean;
  readonly normalise?: readonly Normaliser[];
  readonly text_rules?: TextRules;
  readonly clock_ahead_ms?: number;
  readonly unreadable?: readonly string[];
  readonly no_read?: boolean;
  readonly no_read_all?: boolean;
  readonly cannot?: readonly string[];
  readonly batch_size?: number;
  readonly concurrency?: number;
  readonly refresh?: 'all' | 'changed' | 'none';
  readonly faults?: {
    readonly transient?: readonly number[];
    readonly rate_limit?: readonly number[];
    readonly retry_after_ms?: number;
    readonly timeout_after_write?: readonly number[];
    readonly timeout_before_write?: readonly number[];
    readonly kill_after_write?: readonly number[];
    readonly kill_in_the_middle?: readonly number[];
    readonly reject_value?: string;
    readonly reject_whole_batch?: boolean;
    readonly latency_ms?: number;
  };
}

export function readOptions(options: Readonly<Record<string, unknown>>): TestOptions {
  const raw = options as unknown as RawOptions;
  const faults = raw.faults ?? {};
  return {
    file: raw.file,
    objects: new Map(Object.entries(raw.objects).map(([name, object]) => [name, readObject(object)])),
    atomic: raw.atomic ?? false,
    normalise: raw.normalise ?? [],
    textRules: raw.text_rules ?? {},
    clockAheadMs: raw.clock_ahead_ms ?? 0,
    unreadable: raw.unreadable ?? [],
    noRead: raw.no_read ?? false,
    noReadAll: raw.no_read_all ?? false,
    cannot: raw.cannot ?? [],
    batchSize: raw.batch_size ?? 100,
    concurrency: raw.concurrency ?? 1,
    refresh: raw.refresh ?? (raw.no_read === true ? 'none' : 'changed'),
    faults: {
      transient: faults.transient ?? [],
      rateLimit: faults.rate_limit ?? [],
      retryAfterMs: faults.retry_after_ms ?? 5,
      timeoutAfterWrite: faults.timeout_after_write ?? [],
      timeoutBeforeWrite: faults.timeout_before_write ?? [],
      killAfterWrite: faults.kill_after_write ?? [],
      killInTheMiddle: faults.kill_in_the_middle ?? [],
      rejectValue: faults.reject_value,
      rejectWholeBatch: faults.reject_whole_batch ?? false,
      latencyMs: faults.latency_ms ?? 0,
    },
  };
}

function readObject(object: RawOptions['objects'][string]): TestObject {
  const fields = Object.entries(object.fields).map(
    ([name, field]) => [name, readField(typeof field === 'string' ? { type: field } : field)] as const,
  );
  return { fields: new Map(fields), unique: object.unique ?? [] };
}

function readField(field: RawField): TestField {
  const type = parseFieldType(field.type);
  if (type === undefined) throw new Error(`the test destination has a field of unknown type ${field.type}`);
  return {
    type,
    nullable: field.nullable ?? true,
    creatable: field.creatable ?? true,
    updatable: field.updatable ?? true,
    maxLength: field.max_length,
    allowed: field.allowed,
  };
}
