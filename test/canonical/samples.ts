/** Values at the edges of every DuckDB type. */
import { type RawColumn, sqlText } from './bench.ts';

const texts = (values: readonly string[]): string[] => values.map(sqlText);

export const ODD_TEXTS: readonly string[] = [
  '', ' ', 'a', ' padded ', 'tab\there', 'line\r\nend\n', 'a\rb', '\u00a0nbsp\u00a0', '\u200b', 'e\u0301', '\u00e9', '\u{1F469}\u200D\u{1F680}', '\u6f22\u5b57', '\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627',
  "it's", '"quoted"', 'back\\slash', '\\x41', '\ufeffbom', '\u{10FFFF}', 'null', 'NULL', '-', '0', '{}', '[]', ';', 'a;b',
]; // prettier-ignore

const NUMBER_TEXTS = [
  '0', '-0', '+5', ' 12 ', '007', '1.50', '.5', '5.', '1e3', '1E-3', '9.99e-5', '5e-324', '1e400', '1e-400', '-1e400', 'nan', 'inf', '-Infinity', '99999999999999.99',
  '9223372036854775807', '-9223372036854775808', '9223372036854775808', '12345678901234567890', '99999999999999999999999999999999999999', '-99999999999999999999999999999999999999',
  '170141183460469231731687303715884105727', '-170141183460469231731687303715884105728', '340282366920938463463374607431768211455', '340282366920938463463374607431768211456',
  '0.00000000000000000000000000000000000001', '-0.99999999999999999999999999999999999999', '0.1', '-0.001', '1.7976931348623157e308', '3.4028235e38', '3.4028236e38',
]; // prettier-ignore

const TIME_TEXTS = [
  '0001-01-01', '0900-02-03', '9999-12-31', '2024-02-29', '1969-12-31', '0044-03-15 (BC)', '100000-01-01', 'infinity', '-Infinity', ' 2024-05-01 ',
  '2024-05-01 10:00:00', '2024-05-01T10:00:00.123456789', '1960-05-01 10:00:00.999999999', '1969-12-31 23:59:59.9', '2024-05-01T10:00:00Z', '2024-05-01t10:00:00.5z', '2024-05-01 10:00:00+02',
  '2024-05-01 10:00:00.000 -0800', '2024-05-01 10:00:00.5+05:30', '2024-05-01 10:00:00 UTC', '0044-03-15 (BC) 10:00:00', '0044-03-15 (BC) 10:00:00Z', '1677-09-22 00:00:00.000000001', '2262-04-11 23:47:16.854775806',
]; // prettier-ignore

const JSON_TEXTS = [
  'null', 'true', '0', '-0.0', '1e2', '12345678901234567890.10', '1e400', '"text"', '""', '"\\u0000"', '"\\u00e9\\n"', '[]', '[1,2.50,null,"a",[{}]]', '["b","a","b"]', '{}',
  '{"b":1,"a":{"d":[1.0],"c":null}}', '{"a":1,"a":2.0}', '{"10":1,"2":2,"__proto__":{"x":1}}', ' { "a" : 1 } ', '[9007199254740993, 0.1]',
]; // prettier-ignore

const INTEGERS: Readonly<Record<string, { bits: bigint; signed: boolean }>> = {
  TINYINT: { bits: 8n, signed: true }, SMALLINT: { bits: 16n, signed: true }, INTEGER: { bits: 32n, signed: true }, BIGINT: { bits: 64n, signed: true }, HUGEINT: { bits: 128n, signed: true },
  UTINYINT: { bits: 8n, signed: false }, USMALLINT: { bits: 16n, signed: false }, UINTEGER: { bits: 32n, signed: false }, UBIGINT: { bits: 64n, signed: false }, UHUGEINT: { bits: 128n, signed: false },
}; // prettier-ignore

/** Smallest and biggest value of an integer type. */
export function integerRange(type: string): { min: bigint; max: bigint } {
  const { bits, signed } = INTEGERS[type] ?? { bits: 0n, signed: true };
  return signed ? { min: -(2n ** (bits - 1n)), max: 2n ** (bits - 1n) - 1n } : { min: 0n, max: 2n ** bits - 1n };
}

export const INTEGER_TYPES = Object.keys(INTEGERS);

function integers(type: string): RawColumn {
  const { min, max } = integerRange(type);
  return { type, values: texts([min, min + 1n, 0n, 1n, 100n, max - 1n, max].map(String)) };
}

const DOUBLES = [
  '0', '-0.0', '0.1', '-1.5', '3', '1e15', '1e16', '1e22', '123456789.1', '99999999999999.99', '9007199254740993', '9223372036854775807', '9223372036854774784', '1.7014118346046923e38', '1e39',
  '5e-324', '2.2250738585072014e-308', '1.7976931348623157e308', '-1.7976931348623157e308', '3.4028235e38', '0.1e-6', 'nan', 'inf', '-inf',
]; // prettier-ignore

export const RAW: readonly RawColumn[] = [
  { type: 'VARCHAR', values: texts([...ODD_TEXTS, ...NUMBER_TEXTS, ...TIME_TEXTS, ...JSON_TEXTS, 'true', 'False', 'y', 'OFF']) },
  ...INTEGER_TYPES.map(integers),
  { type: 'BIGNUM', values: texts(['0', '-1', '1', '9223372036854775807', `${2n ** 127n}`, `${2n ** 200n}`]) },
  { type: 'DECIMAL(4,2)', values: texts(['0', '-0.01', '99.99', '1.5', '-99.99', '7.00']) },
  { type: 'DECIMAL(2,2)', values: texts(['0', '-0.01', '0.99', '0.5']) },
  { type: 'DECIMAL(18,6)', values: texts(['0', '123456789012.345678', '-0.000001', '1000000']) },
  { type: 'DECIMAL(38,0)', values: texts(['0', '9'.repeat(38), `-${'9'.repeat(38)}`, '12345678901234567890']) },
  { type: 'DECIMAL(38,10)', values: texts(['0', '1234567890123456789012345678.0123456789', '-0.0000000001']) },
  { type: 'DECIMAL(38,38)', values: texts(['0', `0.${'9'.repeat(38)}`, `-0.${'0'.repeat(37)}1`]) },
  { type: 'FLOAT', values: texts(['0', '-0.0', '0.1', '1.5', '16777217', '3.4028235e38', '1e-45', 'nan', 'inf', '-inf']) },
  { type: 'DOUBLE', values: texts(DOUBLES) },
  { type: 'BOOLEAN', values: ['true', 'false'] },
  { type: 'DATE', values: texts(['0001-01-01', '0900-02-03', '1969-12-31', '2024-02-29', '9999-12-31', '0044-03-15 (BC)', '5877642-06-25 (BC)', '5881580-07-10', 'infinity', '-infinity']) },
  { type: 'TIMESTAMP_S', values: texts(['0001-01-01 00:00:00', '1969-12-31 23:59:59', '2024-05-01 10:00:00', '9999-12-31 23:59:59']) },
  { type: 'TIMESTAMP_MS', values: texts(['0001-01-01 00:00:00.001', '1969-12-31 23:59:59.999', '2024-05-01 10:00:00.120', '9999-12-31 23:59:59.999']) },
  { type: 'TIMESTAMP', values: texts(['0001-01-01 00:00:00.000001', '1969-12-31 23:59:59.999999', '2024-05-01 10:00:00.1', '9999-12-31 23:59:59.999999', '0044-03-15 (BC) 10:00:00.5', '290309-12-22 (BC) 00:00:00', '294246-12-31 23:59:59.999999', 'infinity', '-infinity']) },
  { type: 'TIMESTAMP_NS', values: texts(['1677-09-22 00:00:00.000000001', '1969-12-31 23:59:59.999999999', '1960-01-01 00:00:00.000000001', '2024-05-01 10:00:00.123456789', '2262-04-11 23:47:16.854775806', 'infinity', '-infinity']) },
  { type: 'TIMESTAMP WITH TIME ZONE', values: texts(['0001-01-01 00:00:00.000001+00', '1969-12-31 23:59:59.999999+00', '2024-05-01 10:00:00.5+02', '9999-12-31 23:59:59.999999+00', '0044-03-15 (BC) 10:00:00+00', 'infinity', '-infinity']) },
  { type: 'TIME', values: texts(['00:00:00', '23:59:59.999999', '24:00:00']) },
  { type: 'UUID', values: texts(['00000000-0000-0000-0000-000000000000', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']) },
  { type: 'INTERVAL', values: texts(['1 month', '30 days', '-1 day 02:03:04.5', '00:00:00']) },
  { type: 'BIT', values: texts(['0', '1', '0101']) },
  { type: 'BLOB', values: ["''::BLOB", "'\\x00\\xFF\\x5C'::BLOB", "'abc'::BLOB"] },
  { type: 'JSON', values: texts(JSON_TEXTS) },
  { type: 'INTEGER[]', values: ['[]', '[3, 1, NULL, 3]'] },
  { type: 'VARCHAR[]', values: ['[]', "['b', 'a;c', '', 'b', NULL]"] },
  { type: 'DECIMAL(38,10)[]', values: ['[1234567890123456789012345678.0123456789, 0]'] },
  { type: 'STRUCT(a INTEGER, "b c" VARCHAR)', values: ["{'a': 1, 'b c': NULL}", "{'a': NULL, 'b c': 'x\"y'}"] },
  { type: 'MAP(VARCHAR, DOUBLE)', values: ['MAP {}', "MAP {'k': 1.5, 'a': 0.1}"] },
]; // prettier-ignore

/** DuckDB types a destination's column may have. */
export const NATIVE: readonly string[] = [
  ...INTEGER_TYPES, 'BIGNUM', 'DECIMAL(4,2)', 'DECIMAL(2,2)', 'DECIMAL(9,0)', 'DECIMAL(18,6)', 'DECIMAL(38,0)', 'DECIMAL(38,10)', 'DECIMAL(38,38)', 'FLOAT', 'DOUBLE', 'BOOLEAN', 'DATE',
  'TIMESTAMP_S', 'TIMESTAMP_MS', 'TIMESTAMP', 'TIMESTAMP_NS', 'TIMESTAMP WITH TIME ZONE', 'VARCHAR', 'BLOB', 'JSON', 'TIME', 'UUID', 'INTERVAL', 'BIT',
]; // prettier-ignore
