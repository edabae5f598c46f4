/** What Salesforce makes of a value before it stores it, field type by field type; and what it refuses. */
import { count } from '../../words.ts';
import { toId18 } from './ids.ts';
import type { FieldDescribe } from './schema.ts';

/** A row's refusal: one of the `errors` of its result. */
export interface WriteError {
  readonly statusCode: string;
  readonly message: string;
  readonly fields: readonly string[];
}

/** A value of the wrong JSON type: refuses the whole request where it came as JSON, and only the row where it came as CSV. */
export interface TypeFault {
  readonly misfit: string;
}

export type Stored = { readonly value: string | null } | { readonly error: WriteError } | TypeFault;

const WHITE = /^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g;
const EMAIL = /^[^\s@,;<>()]+@[^\s@,;<>()]+\.[^\s@,;<>().]{2,}$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const DATETIME = /^(\d{4}-\d\d-\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/;
const TIME = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,3})\d*)?)?Z?$/;
const INT_MAX = 2_147_483_647;

/** The stored text of a value of a request: a JSON value, or the text of a CSV cell. References are only checked for their form. */
export function storedForm(field: FieldDescribe, value: unknown): Stored {
  if (value === null || value === undefined) return nothing(field);
  switch (field.type) {
    case 'boolean':
      return storedBoolean(field, value);
    case 'int':
      return storedInt(field, value);
    case 'double':
    case 'currency':
    case 'percent':
      return storedDouble(field, value);
    default:
      return typeof value === 'string' ? storedText(field, value.replace(WHITE, '')) : misfit(field, value);
  }
}

function storedText(field: FieldDescribe, text: string): Stored {
  if (text === '') return nothing(field);
  switch (field.type) {
    case 'date':
      return isDate(text) ? { value: text } : misfit(field, text);
    case 'datetime':
      return storedDatetime(field, text);
    case 'time':
      return storedClock(field, text);
    case 'id':
    case 'reference':
      return storedId(field, text);
    case 'email':
      if (!EMAIL.test(text)) return refused('INVALID_EMAIL_ADDRESS', `${field.label}: invalid email address: ${text}`, field);
      return within(field, text.toLowerCase());
    case 'picklist':
      return storedChoice(field, text);
    case 'multipicklist':
      return storedChoices(field, text);
    case 'textarea':
      return within(field, text.replace(/\r\n?/g, '\n'));
    default:
      return within(field, text);
  }
}

function nothing(field: FieldDescribe): Stored {
  return { value: field.type === 'boolean' ? 'false' : null };
}

function refused(statusCode: string, message: string, field: FieldDescribe): Stored {
  return { error: { statusCode, message, fields: [field.name] } };
}

function misfit(field: FieldDescribe, value: unknown): Stored {
  const seen = { string: 'VALUE_STRING', number: 'VALUE_NUMBER', boolean: value === true ? 'VALUE_TRUE' : 'VALUE_FALSE' };
  const token = (typeof value) in seen ? seen[typeof value as keyof typeof seen] : 'START_OBJECT';
  const shown = typeof value === 'object' ? '{' : JSON.stringify(value);
  const type = ['int', 'double', 'boolean', 'date', 'datetime', 'time', 'currency', 'percent'].includes(field.type) ? field.type : 'string';
  return { misfit: `Cannot deserialize instance of ${type} from ${token} value ${shown}` };
}

/** Salesforce counts the characters of Unicode. */
function within(field: FieldDescribe, text: string): Stored {
  if (text.length <= field.length || field.length === 0 || [...text].length <= field.length) return { value: text };
  return refused('STRING_TOO_LONG', `${field.label}: data value too large: ${text} (max length=${field.length})`, field);
}

function storedBoolean(field: FieldDescribe, value: unknown): Stored {
  if (typeof value === 'boolean') return { value: String(value) };
  if (typeof value !== 'string') return misfit(field, value);
  const text = value.toLowerCase();
  if (text === 'true' || text === '1') return { value: 'true' };
  return text === 'false' || text === '0' ? { value: 'false' } : misfit(field, value);
}

function storedInt(field: FieldDescribe, value: unknown): Stored {
  const text = numberText(value);
  if (text === '') return nothing(field);
  if (text === undefined || !/^[+-]?\d+(\.0*)?$/.test(text)) return misfit(field, value);
  const number = Number(text);
  const max = field.digits > 0 ? Math.min(10 ** field.digits - 1, INT_MAX) : INT_MAX;
  if (Math.abs(number) > max) return outside(field, text);
  return { value: String(number === 0 ? 0 : number) };
}

function storedDouble(field: FieldDescribe, value: unknown): Stored {
  const text = numberText(value);
  if (text === '') return nothing(field);
  if (text === undefined || !NUMBER.test(text)) return misfit(field, value);
  const number = Number(text);
  if (Math.abs(number) >= 10 ** (field.precision - field.scale)) return outside(field, text);
  return { value: doubleText(number) };
}

function numberText(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? value.replace(WHITE, '') : undefined;
}

function outside(field: FieldDescribe, text: string): Stored {
  return refused('NUMBER_OUTSIDE_VALID_RANGE', `${field.label}: value outside of valid range on numeric field: ${text}`, field);
}

/** A double as Java writes it, and so Salesforce: `24.0`, `0.1`, `3.5E8`, `1.0E-4`. */
export function doubleText(value: number): string {
  if (value === 0) return '0.0';
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e7) {
    const text = String(value);
    return text.includes('.') ? text : `${text}.0`;
  }
  const [digits = '', exponent = ''] = value.toExponential().split('e');
  return `${digits.includes('.') ? digits : `${digits}.0`}E${exponent.replace('+', '')}`;
}

/** A day of the calendar between the years 1700 and 4000. */
export function isDate(text: string): boolean {
  const [, year = '', month = '', day = ''] = DATE.exec(text) ?? [];
  if (year < '1700' || year > '4000' || day === '00') return false;
  const last = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  return month >= '01' && month <= '12' && Number(day) <= last;
}

/** UTC, cut to the second. A time without a zone is refused. */
function storedDatetime(field: FieldDescribe, text: string): Stored {
  const [, day = '', hours = '', minutes = '', seconds = '00', zone = ''] = DATETIME.exec(text) ?? [];
  if (!isDate(day) || hours > '23' || minutes > '59' || seconds > '59') return misfit(field, text);
  const iso = zone === 'Z' ? zone : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  const time = Date.parse(`${day}T${hours}:${minutes}:${seconds}${iso}`);
  if (Number.isNaN(time)) return misfit(field, text);
  return { value: new Date(time).toISOString().replace('Z', '+0000') };
}

function storedClock(field: FieldDescribe, text: string): Stored {
  const [found, hours = '', minutes = '', seconds = '00', fraction = ''] = TIME.exec(text) ?? [];
  if (found === undefined) return misfit(field, text);
  return { value: `${hours}:${minutes}:${seconds}.${fraction.padEnd(3, '0')}Z` };
}

function storedId(field: FieldDescribe, text: string): Stored {
  const id = toId18(text);
  return id === undefined ? refused('MALFORMED_ID', `${field.label}: id value of incorrect type: ${text}`, field) : { value: id };
}

function storedChoice(field: FieldDescribe, text: string): Stored {
  if (field.picklistValues.some(({ value, active }) => active && value === text)) return { value: text };
  return field.restrictedPicklist ? badChoice(field, text) : within(field, text);
}

/** The chosen values once each, in the order of the definition; others behind them. */
function storedChoices(field: FieldDescribe, text: string): Stored {
  const chosen = new Set(text.split(';').map((part) => part.replace(WHITE, '')).filter((part) => part !== '')); // prettier-ignore
  const known = field.picklistValues.filter(({ active }) => active).map(({ value }) => value);
  const others = [...chosen].filter((value) => !known.includes(value));
  const [stranger] = others;
  if (stranger !== undefined && field.restrictedPicklist) return badChoice(field, stranger);
  if (chosen.size > 100) {
    return refused(
      'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
      `${field.label}: ${count(chosen.size)} values, at most 100 may be chosen`,
      field,
    );
  }
  return chosen.size === 0 ? { value: null } : within(field, [...known.filter((value) => chosen.has(value)), ...others].join(';'));
}

function badChoice(field: FieldDescribe, text: string): Stored {
  return refused('INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', `${field.label}: bad value for restricted picklist field: ${text}`, field);
}
