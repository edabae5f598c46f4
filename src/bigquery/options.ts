/** From a connection document to what a client needs. */
import type { Connection } from '../config/model.ts';
import type { Context } from '../context.ts';
import { type Credentials, credentialsOf } from './credentials.ts';

export interface ClientOptions {
  readonly connection: string;
  readonly project: string;
  /** Where jobs run: `US`, `EU`, `europe-west1`; undefined: where the data is that a job names. */
  readonly location: string | undefined;
  /** Dataset of unqualified table names. */
  readonly dataset: string | undefined;
  /** Dataset for tables that live for hours. */
  readonly scratchDataset: string | undefined;
  /** Bytes, exact. */
  readonly maxBytesBilled: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** Where to send requests, without the path; undefined: Google. */
  readonly endpoint: string | undefined;
  /** The endpoint is an emulator, which wants no credentials. */
  readonly isEmulator: boolean;
  readonly credentials: Credentials;
}

/** Throws `UserError` when the document cannot work. Connects to nothing. */
export function clientOptions(connection: Connection, context: Context): ClientOptions {
  const { options } = connection;
  const own = textOf(options['api_endpoint']);
  const emulator = own === undefined ? textOf(context.env['BIGQUERY_EMULATOR_HOST']) : undefined;
  const endpoint = own ?? emulator;
  return {
    connection: connection.name,
    project: textOf(options['project']) ?? '',
    location: textOf(options['location']),
    dataset: textOf(options['dataset']),
    scratchDataset: textOf(options['scratch_dataset']),
    maxBytesBilled: textOf(options['max_bytes_billed']),
    labels: (options['labels'] as Readonly<Record<string, string>> | undefined) ?? {},
    endpoint: endpoint === undefined ? undefined : withScheme(endpoint),
    isEmulator: emulator !== undefined,
    credentials: credentialsOf(connection, context),
  };
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function withScheme(host: string): string {
  return (/^https?:\/\//.test(host) ? host : `http://${host}`).replace(/\/+$/, '');
}
