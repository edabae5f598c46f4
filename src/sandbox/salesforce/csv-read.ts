/**
 * CSV as Bulk API 2.0 reads it: with the delimiter and the line ending that the job declares, quotes only around whole values.
 * An upload stays the bytes that came in; rows are found once and read where they are needed, so that a job of a million rows
 * costs little more than its file.
 */

export const DELIMITERS = { BACKQUOTE: '`', CARET: '^', COMMA: ',', PIPE: '|', SEMICOLON: ';', TAB: '\t' } as const;
export const LINE_ENDINGS = { LF: '\n', CRLF: '\r\n' } as const;
export type Delimiter = keyof typeof DELIMITERS;
export type LineEnding = keyof typeof LINE_ENDINGS;

/** A file that cannot be read as what the job declares. The message is the job's `errorMessage`. */
export class CsvError extends Error {
  override readonly name = 'CsvError';
}

const [QUOTE, LF, CR] = [0x22, 0x0a, 0x0d];

/** An uploaded file, cut into rows. The header is no row. */
export class CsvFile {
  readonly header: readonly string[];
  /** The header as uploaded: results repeat it. */
  readonly headerText: string;
  readonly #bytes: Buffer;
  readonly #delimiter: string;
  /** Where each row begins and ends, by turns. */
  readonly #bounds: Uint32Array;

  /** Throws {@link CsvError}. */
  constructor(bytes: Buffer, delimiter: Delimiter, lineEnding: LineEnding) {
    this.#bytes = bytes;
    this.#delimiter = DELIMITERS[delimiter];
    const bounds = findRows(bytes, lineEnding);
    this.headerText = bytes.toString('utf8', bounds[0] ?? 0, bounds[1] ?? 0).replace(/^\uFEFF/, '');
    this.header = splitRow(this.headerText, this.#delimiter);
    this.#bounds = bounds.subarray(2);
  }

  get rows(): number {
    return this.#bounds.length / 2;
  }

  /** A row as uploaded, counted from 0, without its line ending. */
  text(index: number): string {
    return this.#bytes.toString('utf8', this.#bounds[index * 2], this.#bounds[index * 2 + 1]);
  }

  /** The values of a row, counted from 0. Throws {@link CsvError} where they are not as many as the header's. */
  row(index: number): readonly string[] {
    const values = splitRow(this.text(index), this.#delimiter);
    if (values.length === this.header.length) return values;
    throw new CsvError(`InvalidBatch : Failed to parse CSV. The row has ${values.length} values, the header ${this.header.length}`);
  }
}

/** Begin and end of all lines that are not empty. UTF-8 has no byte below 128 inside a character, so bytes are enough. */
function findRows(bytes: Buffer, lineEnding: LineEnding): Uint32Array {
  const bounds = new Bounds();
  let start = 0;
  for (let end = endOfRow(bytes, 0); start < bytes.length; end = endOfRow(bytes, start)) {
    const hasCr = end > start && bytes[end - 1] === CR;
    if (end < bytes.length && hasCr !== (lineEnding === 'CRLF')) {
      throw new CsvError(`ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is ${lineEnding}`);
    }
    const stop = hasCr ? end - 1 : end;
    if (stop > start) bounds.push(start, stop);
    start = end + 1;
  }
  return bounds.all;
}

/** The index of the line feed that ends the row, or the length. Line feeds between quotes belong to a value. */
function endOfRow(bytes: Buffer, start: number): number {
  let quoted = false;
  for (let at = start; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) quoted = !quoted;
    else if (byte === LF && !quoted) return at;
  }
  if (quoted) throw new CsvError('InvalidBatch : Failed to parse CSV. EOF reached before closing an opened quote');
  return bytes.length;
}

/** Numbers in a typed array that grows. */
class Bounds {
  #numbers = new Uint32Array(1024);
  #length = 0;

  push(...numbers: readonly number[]): void {
    if (this.#length + numbers.length > this.#numbers.length) {
      const larger = new Uint32Array(this.#numbers.length * 2);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers.set(numbers, this.#length);
    this.#length += numbers.length;
  }

  get all(): Uint32Array {
    return this.#numbers.subarray(0, this.#length);
  }
}

const BAD_QUOTE = 'InvalidBatch : Failed to parse CSV. Found unescaped quote. A value with quote should be within a quote';

/** The values of one line. Nothing is trimmed; `""` within quotes is a quote. */
function splitRow(line: string, delimiter: string): readonly string[] {
  if (!line.includes('"')) return line.split(delimiter);
  const values: string[] = [];
  let at = 0;
  while (at <= line.length) {
    const end = line.charAt(at) === '"' ? closingQuote(line, at) + 1 : endOfPlain(line, at, delimiter);
    const raw = line.slice(at, end);
    values.push(raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw);
    if (end < line.length && line.charAt(end) !== delimiter) throw new CsvError(BAD_QUOTE);
    at = end + 1;
  }
  return values;
}

function endOfPlain(line: string, at: number, delimiter: string): number {
  const found = line.indexOf(delimiter, at);
  const end = found < 0 ? line.length : found;
  if (line.slice(at, end).includes('"')) throw new CsvError(BAD_QUOTE);
  return end;
}

function closingQuote(line: string, at: number): number {
  let end = line.indexOf('"', at + 1);
  while (end >= 0 && line.charAt(end + 1) === '"') end = line.indexOf('"', end + 2);
  if (end < 0) throw new CsvError(BAD_QUOTE);
  return end;
}
