/** Dates and times as texts that BigQuery reads. */

const DATE = /^(\d{1,4})-(\d{1,2})-(\d{1,2})$/;
const TIME = /^(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,6}))?)?$/;
const DATETIME = /^(\d{1,4}-\d{1,2}-\d{1,2})(?:[Tt ]\s*(\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d{1,6})?)?))?$/;

/** With two digits. */
export function two(text: string | undefined): string {
  return (text ?? '0').padStart(2, '0');
}

function isDate(year: number, month: number, day: number): boolean {
  const lengths = [31, year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return year > 0 && day > 0 && day <= (lengths[month - 1] ?? 0);
}

/** A date with two digits of month and day. Throws in BigQuery's words. */
export function dateText(text: string): string {
  const match = DATE.exec(text.trim());
  if (match !== null && isDate(Number(match[1]), Number(match[2]), Number(match[3]))) {
    return `${(match[1] ?? '').padStart(4, '0')}-${two(match[2])}-${two(match[3])}`;
  }
  // A moment of DATETIME form has a date too.
  const moment = DATETIME.exec(text.trim());
  if (match === null && moment !== null && moment[2] !== undefined) return dateText(moment[1] ?? '');
  throw new Error(`Invalid date: '${text}'`);
}

export function timeText(text: string): string {
  const match = TIME.exec(text.trim());
  if (match === null || Number(match[1]) > 23 || Number(match[2]) > 59 || Number(match[3] ?? 0) > 59)
    throw new Error(`Invalid time string "${text}"`);
  return `${two(match[1])}:${two(match[2])}:${two(match[3])}${match[4] === undefined ? '' : `.${match[4]}`}`;
}

export function datetimeText(text: string): string {
  try {
    const match = DATETIME.exec(text.trim());
    return `${dateText(match?.[1] ?? '')} ${timeText(match?.[2] ?? '0:0:0')}`;
  } catch (error) {
    throw new Error(`Invalid datetime string "${text}"`, { cause: error });
  }
}

const ZONE = /(?:\s*(Z|z|[+-]\d{1,2}(?::?\d{2})?)| ([A-Za-z_]+(?:\/[\w+-]+)*))$/;

/** A text that DuckDB reads as the same moment. */
export function timestampText(text: string): string {
  const trimmed = text.trim();
  const found = DATETIME.test(trimmed) ? null : ZONE.exec(trimmed);
  const local = found === null ? trimmed : trimmed.slice(0, found.index);
  try {
    const name = found?.[2] === undefined ? offset(found?.[1] ?? 'Z') : ` ${zone(found[2])}`;
    return `${datetimeText(local)}${name}`;
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('Invalid time zone')) throw error;
    throw new Error(`Invalid timestamp: '${text}'`, { cause: error });
  }
}

function offset(text: string): string {
  const match = /^([+-])(\d{1,2}):?(\d{2})?$/.exec(text);
  return match === null ? '+00' : `${match[1]}${two(match[2])}:${two(match[3])}`;
}

/** Seconds east of Greenwich of a zone that is an offset; undefined: it is a name. */
export function zoneOffset(name: string): number | undefined {
  const match = /^(?:UTC)?([+-])(\d{1,2})(?::?(\d{2}))?$/.exec(name);
  if (match === null) return undefined;
  return (match[1] === '-' ? -60 : 60) * (Number(match[2]) * 60 + Number(match[3] ?? 0));
}

/** A zone's name as DuckDB takes it; an offset is added to UTC by who asks. */
export function zone(name: string): string {
  if (name === 'UTC' || zoneOffset(name) !== undefined) return 'Etc/UTC';
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
  } catch (error) {
    throw new Error(`Invalid time zone: ${name}`, { cause: error });
  }
  return name;
}
