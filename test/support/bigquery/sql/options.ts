/** OPTIONS(...) of tables and datasets. Values are literals, or moments counted from CURRENT_TIMESTAMP(). */
import type { DatasetOptions, TableEntry } from '../engine.ts';
import { invalidQuery } from './error.ts';
import type { Parser } from './parser.ts';

export type TableOptions = Pick<TableEntry, 'expirationTime' | 'labels' | 'description' | 'friendlyName'>;

type Mutable = { -readonly [K in keyof TableOptions]: TableOptions[K] };

export function optionsOf(parser: Parser, now: number): TableOptions {
  const options: Mutable = {};
  each(parser, (name) => {
    if (name === 'expiration_timestamp') {
      const moment = momentOf(parser, now);
      if (moment !== undefined) options.expirationTime = moment;
    } else if (name === 'labels') {
      options.labels = labelsOf(parser);
    } else if (name === 'description' || name === 'friendly_name') {
      options[name === 'description' ? 'description' : 'friendlyName'] = parser.next().text;
    } else {
      throw parser.unknown(`the table option ${name}`);
    }
  });
  return options;
}

export function datasetOptions(parser: Parser, location: string | undefined): DatasetOptions {
  const options: { -readonly [K in keyof DatasetOptions]: DatasetOptions[K] } = { ...(location === undefined ? {} : { location }) };
  each(parser, (name) => {
    if (name === 'labels') options.labels = labelsOf(parser);
    else if (name === 'description') options.description = parser.next().text;
    else if (name === 'location') options.location = parser.next().text;
    else if (name === 'default_table_expiration_days') options.defaultTableExpirationMs = String(Number(parser.next().text) * 86_400_000);
    else throw parser.unknown(`the dataset option ${name}`);
  });
  return options;
}

function each(parser: Parser, read: (name: string) => void): void {
  if (!parser.accept('OPTIONS')) return;
  parser.expect('(');
  if (parser.accept(')')) return;
  parser.list(() => {
    const name = parser.name().toLowerCase();
    parser.expect('=');
    read(name);
  });
  parser.expect(')');
}

function labelsOf(parser: Parser): Readonly<Record<string, string>> {
  parser.expect('[');
  const labels: Record<string, string> = {};
  if (parser.accept(']')) return labels;
  parser.list(() => {
    parser.accept('STRUCT');
    parser.expect('(');
    const name = parser.next().text;
    parser.expect(',');
    labels[name] = parser.next().text;
    parser.expect(')');
  });
  parser.expect(']');
  return labels;
}

const UNITS: Readonly<Record<string, number>> = { SECOND: 1000, MINUTE: 60_000, HOUR: 3_600_000, DAY: 86_400_000 };

/** Milliseconds since 1970; undefined: NULL, it never expires. */
function momentOf(parser: Parser, now: number): string | undefined {
  if (parser.accept('NULL')) return undefined;
  if (parser.accept('TIMESTAMP')) return literal(parser.next().text, parser);
  if (parser.accept('TIMESTAMP_MILLIS', '(')) {
    const { text } = parser.next();
    parser.expect(')');
    return text;
  }
  parser.expect('TIMESTAMP_ADD', '(', 'CURRENT_TIMESTAMP', '(', ')', ',', 'INTERVAL');
  const amount = Number(parser.next().text);
  const unit = UNITS[parser.peek().upper];
  if (unit === undefined) throw parser.unexpected();
  parser.next();
  parser.expect(')');
  return String(now + amount * unit);
}

function literal(text: string, parser: Parser): string {
  const zoned = /(Z|UTC|[+-]\d\d(:?\d\d)?)$/.test(text.trim()) ? text.trim() : `${text.trim()} UTC`;
  const milliseconds = Date.parse(zoned.replace(/([+-]\d\d)$/, '$1:00'));
  if (Number.isNaN(milliseconds)) throw invalidQuery(`Invalid timestamp: '${text}'`, parser.peek());
  return String(milliseconds);
}
