/** PARSE_TIMESTAMP and its siblings. */
import { COMPOSED, MONTHS } from './strftime.ts';
import { dateText, timestampText, timeText } from './time-text.ts';

interface Read {
  readonly pattern: string;
  readonly put?: (parts: Map<string, string>, text: string) => void;
}

function number(name: string, digits: string): Read {
  return { pattern: `(${digits})`, put: (parts, text) => void parts.set(name, text) };
}

function month(parts: Map<string, string>, text: string): void {
  parts.set('month', String(MONTHS.findIndex((name) => name.toLowerCase().startsWith(text.toLowerCase().slice(0, 3))) + 1));
}

const READ: Readonly<Record<string, Read>> = {
  Y: number('year', '\\d{1,5}'),
  E4Y: number('year', '\\d{4}'),
  m: number('month', '\\d{1,2}'),
  d: number('day', '\\d{1,2}'),
  e: number('day', ' ?\\d{1,2}'),
  H: number('hour', '\\d{1,2}'),
  I: number('hour', '\\d{1,2}'),
  M: number('minute', '\\d{1,2}'),
  S: number('second', '\\d{1,2}'),
  p: { pattern: '([AaPp][Mm])', put: (parts, text) => void parts.set('half', text.toUpperCase()) },
  y: { pattern: '(\\d{2})', put: (parts, text) => void parts.set('year', `${Number(text) < 69 ? 20 : 19}${text}`) },
  B: { pattern: '([A-Za-z]+)', put: month },
  b: { pattern: '([A-Za-z]+)', put: month },
  A: { pattern: '[A-Za-z]+' },
  a: { pattern: '[A-Za-z]+' },
  z: number('offset', 'Z|[+-]\\d{1,2}:?\\d{2}'),
  Ez: number('offset', 'Z|[+-]\\d{1,2}:?\\d{2}'),
  Z: number('zone', '[A-Za-z_/+-]+'),
  s: number('epoch', '-?\\d+'),
  '%': { pattern: '%' },
};

/** A text read by a format, as a text that DuckDB reads. */
export function strptime(pattern: string, text: string, type: string): string {
  const puts: NonNullable<Read['put']>[] = [];
  const expand = (format: string): string => format.replace(/%([FTRDxXr])/g, (_all, element: string) => expand(COMPOSED[element] ?? ''));
  const source = expand(pattern)
    .split(/(%(?:E[*\d]S|Ez|E4Y|[\s\S])|\s+)/)
    .map((piece) => readerOf(piece, puts))
    .join('');
  const match = new RegExp(`^\\s*${source}\\s*$`, 'u').exec(text);
  if (match === null) throw new Error(`Failed to parse input string ${JSON.stringify(text)}`);
  const parts = new Map<string, string>();
  puts.forEach((put, index) => put(parts, match[index + 1] ?? ''));
  return composed(parts, type, text);
}

function readerOf(piece: string, puts: NonNullable<Read['put']>[]): string {
  if (!piece.startsWith('%')) return /^\s+$/.test(piece) ? '\\s*' : piece.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const element = piece.slice(1);
  const read = /^E[*\d]S$/.test(element) ? number('second', '\\d{1,2}(?:\\.\\d+)?') : READ[element];
  if (read === undefined) throw new Error(`the fake BigQuery does not know the format element ${piece}`);
  if (read.put !== undefined) puts.push(read.put);
  return read.pattern;
}

function composed(parts: Map<string, string>, type: string, text: string): string {
  const epoch = parts.get('epoch');
  if (epoch !== undefined) return `${new Date(Number(epoch) * 1000).toISOString().replace('T', ' ').slice(0, 19)}+00`;
  const half = parts.get('half');
  const hour = half === undefined ? Number(parts.get('hour') ?? 0) : (Number(parts.get('hour') ?? 0) % 12) + (half === 'PM' ? 12 : 0);
  const date = dateText(`${parts.get('year') ?? '1970'}-${parts.get('month') ?? '1'}-${(parts.get('day') ?? '1').trim()}`);
  const [second = '0', fraction] = (parts.get('second') ?? '0').split('.');
  const time = timeText(`${hour}:${parts.get('minute') ?? '0'}:${second}${fraction === undefined ? '' : `.${fraction.slice(0, 6)}`}`);
  if (type === 'date') return date;
  if (type === 'time') return time;
  if (type === 'datetime') return `${date} ${time}`;
  const name = parts.get('offset') ?? parts.get('zone') ?? '';
  return timestampText(`${date} ${time}${/^[A-Za-z]{2,}/.test(name) ? ' ' : ''}${name}`.replace(/^$/, text));
}
