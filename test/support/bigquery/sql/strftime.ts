/** FORMAT_TIMESTAMP and its siblings. */
import { two } from './time-text.ts';

/** In English, as formats show them. */
export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** A local moment, taken apart. */
interface Moment {
  readonly date: Date;
  readonly micros: string;
  readonly zone: string;
  /** Seconds east of Greenwich. */
  readonly offset: number;
}

function day(moment: Moment): number {
  return Math.floor((moment.date.getTime() - Date.UTC(moment.date.getUTCFullYear(), 0, 1)) / 86_400_000);
}

function isoWeek(date: Date): { readonly year: number; readonly week: number } {
  const thursday = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + 3 - ((date.getUTCDay() + 6) % 7)));
  const year = thursday.getUTCFullYear();
  return { year, week: 1 + Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / 604_800_000) };
}

function offsetOf({ offset: seconds }: Moment, colon: string): string {
  const minutes = Math.abs(seconds) / 60;
  return `${seconds < 0 ? '-' : '+'}${two(String(Math.floor(minutes / 60)))}${colon}${two(String(minutes % 60))}`;
}

const ELEMENTS: Readonly<Record<string, (moment: Moment) => string>> = {
  A: ({ date }) => DAYS[date.getUTCDay()] ?? '',
  a: ({ date }) => (DAYS[date.getUTCDay()] ?? '').slice(0, 3),
  B: ({ date }) => MONTHS[date.getUTCMonth()] ?? '',
  b: ({ date }) => (MONTHS[date.getUTCMonth()] ?? '').slice(0, 3),
  h: ({ date }) => (MONTHS[date.getUTCMonth()] ?? '').slice(0, 3),
  d: ({ date }) => two(String(date.getUTCDate())),
  e: ({ date }) => String(date.getUTCDate()).padStart(2, ' '),
  H: ({ date }) => two(String(date.getUTCHours())),
  I: ({ date }) => two(String(date.getUTCHours() % 12 || 12)),
  j: (moment) => String(day(moment) + 1).padStart(3, '0'),
  k: ({ date }) => String(date.getUTCHours()).padStart(2, ' '),
  M: ({ date }) => two(String(date.getUTCMinutes())),
  m: ({ date }) => two(String(date.getUTCMonth() + 1)),
  n: () => '\n',
  t: () => '\t',
  P: ({ date }) => (date.getUTCHours() < 12 ? 'am' : 'pm'),
  p: ({ date }) => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  Q: ({ date }) => String(Math.floor(date.getUTCMonth() / 3) + 1),
  S: ({ date }) => two(String(date.getUTCSeconds())),
  s: ({ date, offset: seconds }) => String(date.getTime() / 1000 - seconds),
  U: (moment) => two(String(Math.floor((day(moment) + 7 - moment.date.getUTCDay()) / 7))),
  u: ({ date }) => String(date.getUTCDay() || 7),
  V: ({ date }) => two(String(isoWeek(date).week)),
  W: (moment) => two(String(Math.floor((day(moment) + 7 - ((moment.date.getUTCDay() + 6) % 7)) / 7))),
  w: ({ date }) => String(date.getUTCDay()),
  G: ({ date }) => String(isoWeek(date).year),
  g: ({ date }) => two(String(isoWeek(date).year % 100)),
  Y: ({ date }) => String(date.getUTCFullYear()),
  y: ({ date }) => two(String(date.getUTCFullYear() % 100)),
  C: ({ date }) => two(String(Math.floor(date.getUTCFullYear() / 100))),
  Z: ({ zone: name, offset: seconds }) => (name === 'UTC' || seconds === 0 ? 'UTC' : name),
  z: (moment) => offsetOf(moment, ''),
  Ez: (moment) => offsetOf(moment, ':'),
  E4Y: ({ date }) => String(date.getUTCFullYear()).padStart(4, '0'),
  '%': () => '%',
};

/** Elements that stand for several. */
export const COMPOSED: Readonly<Record<string, string>> = {
  F: '%Y-%m-%d',
  T: '%H:%M:%S',
  R: '%H:%M',
  D: '%m/%d/%y',
  c: '%a %b %e %H:%M:%S %Y',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
  r: '%I:%M:%S %p',
};

function seconds({ date, micros }: Moment, digits: string): string {
  const whole = two(String(date.getUTCSeconds()));
  const fraction = digits === '*' ? micros.replace(/0+$/, '') : micros.slice(0, Number(digits)).padEnd(Number(digits), '0');
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** A local moment (`2024-01-15 12:30:45.123456`) by a format. */
export function strftime(pattern: string, local: string, zoneName: string, offsetSeconds: number): string {
  const date = new Date(`${local.slice(0, 10)}T${local.slice(11, 19)}Z`);
  return render(pattern, { date, micros: local.slice(20), zone: zoneName, offset: offsetSeconds });
}

function render(pattern: string, moment: Moment): string {
  return pattern.replace(/%(E([*\d])S|Ez|E4Y|[\s\S])/g, (all, element: string, digits?: string) => {
    if (digits !== undefined) return seconds(moment, digits);
    const composed = COMPOSED[element];
    if (composed !== undefined) return render(composed, moment);
    const show = ELEMENTS[element];
    if (show === undefined) throw new Error(`the fake BigQuery does not know the format element ${all}`);
    return show(moment);
  });
}
