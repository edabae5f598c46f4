/** Functions that DuckDB calls in JavaScript: what a macro cannot say. */
import { createHash } from 'node:crypto';

import {
  ANY,
  BIGINT,
  BLOB,
  BOOLEAN,
  DOUBLE,
  type DuckDBConnection,
  DuckDBScalarFunction,
  type DuckDBType,
  type DuckDBValue,
  INTERVAL,
  VARCHAR,
} from '@duckdb/node-api';
import { DuckDBBlobValue, type DuckDBIntervalValue } from '@duckdb/node-api';
import { fingerprint64 } from 'farmhash-modern';

import { as } from './as.ts';
import { format } from './format.ts';
import { canonicalJson, jsonOf } from './json-text.ts';
import { mismatch } from './mismatch.ts';
import { bigNumericText, doubleOf, doubleText, halfAway, intervalText, numericText, unscaled } from './number-text.ts';
import { fromBase32, position, soundex, toBase32 } from './text-functions.ts';
import { strftime } from './strftime.ts';
import { strptime } from './strptime.ts';
import { dateText, datetimeText, timestampText, timeText, zone, zoneOffset } from './time-text.ts';

type Value = DuckDBValue;

interface Udf {
  readonly name: string;
  readonly parameters: readonly DuckDBType[];
  readonly returns: DuckDBType;
  /** Of arguments that are not null; `types` are what they are. */
  readonly apply: (values: readonly Value[], types: readonly DuckDBType[]) => Value;
}

const string = (value: Value | undefined): string => value as string;

function textual(name: string, apply: (...values: string[]) => Value, parameters = 1, returns: DuckDBType = VARCHAR): Udf {
  const types = Array.from({ length: parameters }, () => VARCHAR);
  return { name, parameters: types, returns, apply: (values) => apply(...(values as string[])) };
}

function bytesOf(value: Value | undefined): string | Uint8Array {
  return value instanceof DuckDBBlobValue ? value.bytes : string(value);
}

const UDFS: readonly Udf[] = [
  {
    name: 'bq_farm_fingerprint',
    parameters: [ANY],
    returns: BIGINT,
    apply: ([value]) => BigInt.asIntN(64, fingerprint64(bytesOf(value))),
  },
  {
    name: 'bq_sha512',
    parameters: [ANY],
    returns: BLOB,
    apply: ([value]) => new DuckDBBlobValue(createHash('sha512').update(bytesOf(value)).digest()),
  },
  { name: 'bq_json_text', parameters: [ANY], returns: VARCHAR, apply: ([value], [type]) => jsonOf(value ?? null, type as DuckDBType) },
  { name: 'bq_double_text', parameters: [DOUBLE], returns: VARCHAR, apply: ([value]) => doubleText(value as number) },
  { name: 'bq_interval_text', parameters: [INTERVAL], returns: VARCHAR, apply: ([value]) => intervalText(value as DuckDBIntervalValue) },
  {
    name: 'bq_position',
    parameters: [VARCHAR, VARCHAR, BIGINT, BIGINT],
    returns: BIGINT,
    apply: ([text, part, from, nth]) => BigInt(position(string(text), string(part), Number(from), Number(nth))),
  },
  {
    name: 'bq_strftime',
    parameters: [VARCHAR, VARCHAR, VARCHAR, BIGINT],
    returns: VARCHAR,
    apply: ([pattern, local, name, offset]) => strftime(string(pattern), string(local), string(name), Number(offset)),
  },
  { name: 'bq_utf8', parameters: [BLOB], returns: VARCHAR, apply: ([value]) => new TextDecoder().decode(as(DuckDBBlobValue, value).bytes) },
  { name: 'bq_to_base32', parameters: [BLOB], returns: VARCHAR, apply: ([value]) => toBase32(as(DuckDBBlobValue, value).bytes) },
  textual('bq_from_base32', (value) => new DuckDBBlobValue(fromBase32(value)), 1, BLOB),
  textual('bq_double', doubleOf, 1, DOUBLE),
  textual('bq_numeric_text', numericText),
  textual('bq_bignumeric_text', bigNumericText),
  textual('bq_big_text', (value) => unscaled(BigInt(value), 38)),
  textual('bq_half_away', halfAway),
  textual('bq_mismatch', mismatch, 3),
  textual('bq_date_text', dateText),
  textual('bq_datetime_text', datetimeText),
  textual('bq_time_text', timeText),
  textual('bq_timestamp_checked', timestampText),
  textual('bq_zone', zone),
  textual('bq_zone_offset', (name) => BigInt(zoneOffset(name) ?? 0), 1, BIGINT),
  {
    // DuckDB's own is volatile, which TRY refuses.
    name: 'bq_fail',
    parameters: [VARCHAR],
    returns: BOOLEAN,
    apply: ([message]) => {
      throw new Error(string(message));
    },
  },
  textual('bq_strptime', strptime, 3),
  textual('bq_soundex', soundex),
  textual('bq_initcap', (value) =>
    value.toLowerCase().replace(/(^|[^\p{L}\p{N}])(\p{L})/gu, (_all, before: string, letter: string) => before + letter.toUpperCase()),
  ),
  textual('bq_normal', (value, form) => value.normalize(form), 2),
  textual('bq_folded', (value, form) => value.normalize(form).toUpperCase().toLowerCase().normalize(form), 2),
  textual('bq_parse_json', canonicalJson),
];

export function registerUdfs(connection: DuckDBConnection): void {
  for (const udf of UDFS) connection.registerScalarFunction(scalar(udf));
  connection.registerScalarFunction(formatFunction());
}

function scalar({ name, parameters, returns, apply }: Udf): DuckDBScalarFunction {
  return DuckDBScalarFunction.create({
    name,
    parameterTypes: parameters,
    returnType: returns,
    mainFunction: (_info, input, output) => {
      const columns = parameters.map((_type, index) => input.getColumnVector(index));
      const types = columns.map((column) => column.type);
      for (let row = 0; row < input.rowCount; row += 1) {
        const values = columns.map((column) => column.getItem(row));
        output.setItem(row, values.includes(null) ? null : apply(values, types));
      }
      output.flush();
    },
  });
}

/** FORMAT takes anything, and shows a null where `%t` asks for a value. */
function formatFunction(): DuckDBScalarFunction {
  return DuckDBScalarFunction.create({
    name: 'bq_format',
    varArgsType: ANY,
    returnType: VARCHAR,
    specialHandling: true,
    mainFunction: (_info, input, output) => {
      const columns = Array.from({ length: input.columnCount }, (_item, index) => input.getColumnVector(index));
      const types = columns.map((column) => column.type);
      for (let row = 0; row < input.rowCount; row += 1) {
        output.setItem(
          row,
          format(
            columns.map((column) => column.getItem(row)),
            types,
          ),
        );
      }
      output.flush();
    },
  });
}
