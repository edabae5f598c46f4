/** What a load job is asked for. */
import type { Field, TableRef } from './engine.ts';
import { ApiError } from './errors.ts';
import { parseSchema } from './fields.ts';
import { disposition, parseClustering, tableRef, type Destination } from './query-request.ts';
import { checkBody, count, text, type Known } from './strict.ts';

export type LoadFormat = 'CSV' | 'NEWLINE_DELIMITED_JSON' | 'PARQUET';

export interface LoadRequest {
  readonly ref: TableRef;
  readonly format: LoadFormat;
  readonly fields?: readonly Field[];
  readonly autodetect: boolean;
  readonly write: Destination['write'];
  readonly create: Destination['create'];
  readonly clustering?: readonly string[];
  readonly ignoreUnknownValues: boolean;
  readonly csv: CsvOptions;
}

export interface CsvOptions {
  readonly skipLeadingRows: number;
  readonly delimiter: string;
  readonly quote: string;
  /** Text that is NULL; default: the empty, unquoted one. */
  readonly nullMarker: string;
  readonly allowQuotedNewlines: boolean;
}

const LOAD: Known = {
  names: [
    ...[
      'destinationTable',
      'sourceFormat',
      'schema',
      'autodetect',
      'writeDisposition',
      'createDisposition',
      'clustering',
      'ignoreUnknownValues',
    ],
    ...['skipLeadingRows', 'fieldDelimiter', 'quote', 'nullMarker', 'allowQuotedNewlines', 'encoding', 'maxBadRecords'],
    // Google's client sends it along with the metadata of the upload.
    'contentType',
  ],
  lacking: [
    ...[
      'sourceUris',
      'schemaUpdateOptions',
      'timePartitioning',
      'rangePartitioning',
      'destinationTableProperties',
      'destinationEncryptionConfiguration',
    ],
    ...[
      'allowJaggedRows',
      'projectionFields',
      'useAvroLogicalTypes',
      'hivePartitioningOptions',
      'decimalTargetTypes',
      'parquetOptions',
      'jsonExtension',
    ],
    ...[
      'preserveAsciiControlCharacters',
      'connectionProperties',
      'createSession',
      'columnNameCharacterMap',
      'copyFilesOnly',
      'timeZone',
      'nullMarkers',
    ],
    ...['dateFormat', 'datetimeFormat', 'timeFormat', 'timestampFormat', 'sourceColumnMatch', 'referenceFileSchemaUri', 'fileSetSpecType'],
  ],
};

const FORMATS: readonly string[] = ['CSV', 'NEWLINE_DELIMITED_JSON', 'PARQUET'];

export function parseLoad(value: unknown, project: string): LoadRequest {
  const body = checkBody(value, 'job.configuration.load', LOAD);
  const clustering = parseClustering(body['clustering']);
  if (count(body['maxBadRecords'], 'maxBadRecords') ?? 0)
    throw new ApiError('notImplemented', 'The fake BigQuery does not know maxBadRecords above 0');
  if (body['destinationTable'] === undefined) throw new ApiError('required', 'Required parameter is missing');
  return {
    ref: tableRef(body['destinationTable'], project, 'job.configuration.load.destination_table'),
    format: format(body['sourceFormat']),
    autodetect: body['autodetect'] === true,
    write: appendUnlessSaid(body['writeDisposition']),
    create: disposition(body['createDisposition'], ['CREATE_IF_NEEDED', 'CREATE_NEVER'] as const),
    ignoreUnknownValues: body['ignoreUnknownValues'] === true,
    csv: csvOptions(body),
    ...(body['schema'] === undefined ? {} : { fields: parseSchema(body['schema']) }),
    ...(clustering === undefined ? {} : { clustering }),
  };
}

function appendUnlessSaid(value: unknown): Destination['write'] {
  return disposition(value, ['WRITE_APPEND', 'WRITE_EMPTY', 'WRITE_TRUNCATE'] as const);
}

function format(value: unknown): LoadFormat {
  const name = (text(value, 'sourceFormat') ?? 'CSV').toUpperCase();
  if (FORMATS.includes(name)) return name as LoadFormat;
  if (['AVRO', 'ORC', 'DATASTORE_BACKUP'].includes(name)) throw new ApiError('notImplemented', `The fake BigQuery does not load ${name}`);
  throw new ApiError('invalid', `Invalid value for sourceFormat: ${name} is not a valid value`);
}

function csvOptions(body: Readonly<Record<string, unknown>>): CsvOptions {
  if (!['UTF-8', 'UTF8'].includes(text(body['encoding'], 'encoding') ?? 'UTF-8'))
    throw new ApiError('notImplemented', 'The fake BigQuery only reads UTF-8');
  const delimiter = text(body['fieldDelimiter'], 'fieldDelimiter') ?? ',';
  return {
    skipLeadingRows: count(body['skipLeadingRows'], 'skipLeadingRows') ?? 0,
    delimiter: delimiter === '\\t' || delimiter === 'tab' ? '\t' : delimiter,
    quote: text(body['quote'], 'quote') ?? '"',
    nullMarker: text(body['nullMarker'], 'nullMarker') ?? '',
    allowQuotedNewlines: body['allowQuotedNewlines'] === true,
  };
}
