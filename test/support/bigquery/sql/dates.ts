/** Functions of dates and times. */
import { type Argument, type Call, checkArity, type Translate } from './calls.ts';
import { castTo } from './casts.ts';
import { invalidQuery, unknownToFake } from './error.ts';

const WEEKDAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'];

const PARTS: ReadonlySet<string> = new Set(
  'MICROSECOND MILLISECOND SECOND MINUTE HOUR DAY WEEK ISOWEEK MONTH QUARTER YEAR ISOYEAR DAYOFWEEK DAYOFYEAR DATE TIME DATETIME'.split(
    ' ',
  ),
);

/** Whether a word may be the name of a date part. */
export function isPart(word: string): boolean {
  return PARTS.has(word);
}

function partOf(argument: Argument | undefined, { name, where }: Call): string {
  if (argument?.part === undefined)
    throw invalidQuery(`A valid date part name is required but found ${argument?.name ?? 'an expression'} in ${name}`, where);
  return argument.part;
}

/** The number of days by which a week must be moved to begin on Monday, as DuckDB's do; undefined: not a part of weeks. */
function weekShift(part: string): number | undefined {
  if (part === 'WEEK') return 1;
  const day = /^WEEK\((\w+)\)$/.exec(part)?.[1];
  if (day === undefined) return undefined;
  const index = WEEKDAYS.indexOf(day);
  if (index === -1) throw invalidQuery(`A valid date part name is required but found ${part}`);
  return (8 - index) % 7;
}

/** A moment cut off at a part; keeps DATE, DATETIME and TIMESTAMP what they are. */
function truncated(value: string, part: string): string {
  const shift = weekShift(part);
  if (shift !== undefined) {
    return `cast_to_type(date_trunc('week', ${value} + INTERVAL ${shift} DAY) - INTERVAL ${shift} DAY, ${value})`;
  }
  if (part === 'ISOYEAR') {
    return `cast_to_type(date_trunc('week', make_date(isoyear(${value}), 1, 4)), ${value})`;
  }
  return `cast_to_type(date_trunc('${part === 'ISOWEEK' ? 'week' : part.toLowerCase()}', ${value}), ${value})`;
}

const truncate: Translate = (call) => {
  checkArity(call, 1, 3);
  const [value, part, zone] = call.arguments;
  const unit = part === undefined ? 'DAY' : partOf(part, call);
  if (zone === undefined) return truncated(value?.sql ?? '', unit);
  return `bq_in_zone(${truncated(`bq_local(${value?.sql}, ${zone.sql})`, unit)}, ${zone.sql})`;
};

function shifted(sign: '+' | '-'): Translate {
  return (call) => {
    checkArity(call, 2);
    const [value, interval] = call.arguments;
    return `cast_to_type((${value?.sql} ${sign} ${interval?.sql}), ${value?.sql})`;
  };
}

/** Calendar boundaries between two dates. */
const boundaries: Translate = (call) => {
  checkArity(call, 3);
  const [to, from, unit] = call.arguments;
  const part = partOf(unit, call);
  const shift = weekShift(part);
  if (part === 'ISOYEAR') return `(isoyear(${to?.sql}) - isoyear(${from?.sql}))`;
  if (shift !== undefined) return `date_diff('week', ${from?.sql} + INTERVAL ${shift} DAY, ${to?.sql} + INTERVAL ${shift} DAY)`;
  return `date_diff('${part === 'ISOWEEK' ? 'week' : part.toLowerCase()}', ${from?.sql}, ${to?.sql})`;
};

const MICROSECONDS: Readonly<Record<string, number>> = {
  MICROSECOND: 1,
  MILLISECOND: 1000,
  SECOND: 1_000_000,
  MINUTE: 60_000_000,
  HOUR: 3_600_000_000,
  DAY: 86_400_000_000,
};

/** Whole units that passed between two moments. */
const elapsed: Translate = (call) => {
  checkArity(call, 3);
  const [to, from, unit] = call.arguments;
  const size = MICROSECONDS[partOf(unit, call)];
  if (size === undefined) throw invalidQuery(`TIMESTAMP_DIFF does not support the ${unit?.part ?? ''} date part`, call.where);
  return `((epoch_us(${to?.sql}) - epoch_us(${from?.sql})) // ${size}::BIGINT)`;
};

const lastDay: Translate = (call) => {
  checkArity(call, 1, 2);
  const [value, unit] = call.arguments;
  const part = unit === undefined ? 'MONTH' : partOf(unit, call);
  const lengths: Readonly<Record<string, string>> = {
    MONTH: '1 MONTH',
    QUARTER: '3 MONTH',
    YEAR: '1 YEAR',
    WEEK: '7 DAY',
    ISOWEEK: '7 DAY',
  };
  const length = lengths[part.replace(/\(.*/, '')];
  if (length === undefined) throw unknownToFake(`LAST_DAY of ${part}`, call.where);
  return `CAST(${truncated(`CAST(${value?.sql} AS DATE)`, part)} + INTERVAL ${length} - INTERVAL 1 DAY AS DATE)`;
};

/** `DATE(...)` and the like: of parts, of another type, of a timestamp in a zone. */
function construct(name: string, parts: number, make: string): Translate {
  return (call) => {
    const values = call.arguments.map((item) => item.sql);
    checkArity(call, 1, parts);
    if (values.length === parts && parts > 2) return make.replace('$', values.join(', '));
    if (values.length === 1) return castTo(values[0] ?? '', { name });
    if (values.length !== 2) throw unknownToFake(`${name} with ${values.length} arguments`, call.where);
    if (name === 'TIMESTAMP') return `bq_in_zone(${castTo(values[0] ?? '', { name: 'DATETIME' })}, ${values[1]})`;
    if (name === 'DATETIME' && !/^bq_timestamp|TIMESTAMPTZ/.test(values[0] ?? '')) return `bq_datetime_of(${values.join(', ')})`;
    return castTo(`bq_local(${values.join(', ')})`, { name });
  };
}

function now(template: string): (parserNow: number) => string {
  return (moment) => template.replace('$', `make_timestamptz(${moment * 1000})`);
}

/** CURRENT_DATE and the like, by the clock of the statement. */
export const CLOCKS: Readonly<Record<string, (moment: number) => string>> = {
  CURRENT_TIMESTAMP: now('$'),
  CURRENT_DATE: now('CAST($ AS DATE)'),
  CURRENT_DATETIME: now('CAST($ AS TIMESTAMP)'),
  CURRENT_TIME: now('CAST($ AS TIME)'),
};

function formatted(macro: string): Translate {
  return (call) => {
    checkArity(call, 2, 3);
    return `${macro}(${call.arguments.map((item) => item.sql).join(', ')})`;
  };
}

function of(least: number, macro: string): Translate {
  return (call) => {
    checkArity(call, least);
    return `${macro}(${call.arguments.map((item) => item.sql).join(', ')})`;
  };
}

function series(type: string): Translate {
  return (call) => {
    checkArity(call, 2, 3);
    const [from, to, step] = call.arguments.map((item) => item.sql);
    return `CAST(generate_series(${from}, ${to}, ${step ?? 'INTERVAL 1 DAY'}) AS ${type}[])`;
  };
}

export const DATE_FUNCTIONS: Readonly<Record<string, Translate>> = {
  DATE: construct('DATE', 3, 'make_date($)'),
  DATETIME: construct('DATETIME', 6, 'make_timestamp($)'),
  TIME: construct('TIME', 3, 'make_time($)'),
  TIMESTAMP: construct('TIMESTAMP', 2, ''),
  DATE_ADD: shifted('+'),
  DATE_SUB: shifted('-'),
  DATETIME_ADD: shifted('+'),
  DATETIME_SUB: shifted('-'),
  TIME_ADD: shifted('+'),
  TIME_SUB: shifted('-'),
  TIMESTAMP_ADD: shifted('+'),
  TIMESTAMP_SUB: shifted('-'),
  DATE_DIFF: boundaries,
  DATETIME_DIFF: boundaries,
  TIME_DIFF: boundaries,
  TIMESTAMP_DIFF: elapsed,
  DATE_TRUNC: truncate,
  DATETIME_TRUNC: truncate,
  TIME_TRUNC: (call) => `bq_time_trunc('${partOf(call.arguments[1], call).toLowerCase()}', ${call.arguments[0]?.sql})`,
  TIMESTAMP_TRUNC: truncate,
  LAST_DAY: lastDay,
  DATE_FROM_UNIX_DATE: of(1, 'bq_date_from_unix'),
  UNIX_DATE: of(1, 'bq_unix_date'),
  UNIX_SECONDS: of(1, 'bq_unix_seconds'),
  UNIX_MILLIS: of(1, 'bq_unix_millis'),
  UNIX_MICROS: of(1, 'epoch_us'),
  TIMESTAMP_SECONDS: of(1, 'bq_timestamp_seconds'),
  TIMESTAMP_MILLIS: of(1, 'bq_timestamp_millis'),
  TIMESTAMP_MICROS: of(1, 'make_timestamptz'),
  FORMAT_DATE: formatted('bq_format_datetime'),
  FORMAT_DATETIME: formatted('bq_format_datetime'),
  FORMAT_TIME: formatted('bq_format_time'),
  FORMAT_TIMESTAMP: formatted('bq_format_timestamp'),
  PARSE_DATE: of(2, 'bq_parse_date'),
  PARSE_DATETIME: of(2, 'bq_parse_datetime'),
  PARSE_TIME: of(2, 'bq_parse_time'),
  PARSE_TIMESTAMP: formatted('bq_parse_timestamp'),
  GENERATE_DATE_ARRAY: series('DATE'),
  GENERATE_TIMESTAMP_ARRAY: series('TIMESTAMPTZ'),
  MAKE_INTERVAL: of(6, 'bq_make_interval'),
};
