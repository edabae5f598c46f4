/**
 * DuckDB quotes the value that it could not convert, and that value may be anybody's phone number. What remains here is
 * what helps: the type, the column, the line of a file, and what is wrong.
 */

/** Categories of failures that a value causes. */
const OF_VALUES: ReadonlySet<string> = new Set(['Conversion', 'Out of Range', 'Invalid Input', 'Mismatch Type', 'Not implemented']);

/** Whether a message of this category may quote data. */
export function mayQuoteData(category: string): boolean {
  return OF_VALUES.has(category);
}

const COLUMN = / when casting from source column ([\s\S]*)$/;

/** The message without the values in it. */
export function withoutValues(message: string): string {
  const column = COLUMN.exec(message)?.[1];
  const rest = column === undefined ? message : message.replace(COLUMN, '');
  return `${csvError(rest) ?? known(rest) ?? cutShort(rest)}${column === undefined ? '' : ` (column ${column})`}`;
}

type Known = readonly [RegExp, (...groups: readonly string[]) => string];

/** What DuckDB says, and what may be repeated of it. Values are matched greedily: they may hold quotation marks and line ends. */
const KNOWN: readonly Known[] = [
  [/^Could not convert string [\s\S]* to '?([^']+?)'?$/, (type) => `Could not convert a string to ${type}`],
  [/^Type (.+?) with value [\s\S]* can't be cast because the value is out of range for the destination type ([\s\S]+)$/, (from, to) => `A value of type ${from} is out of range for ${to}`],
  [/^Type (.+?) with value [\s\S]* can't be cast to the destination type ([\s\S]+)$/, (from, to) => `A value of type ${from} cannot be cast to ${to}`],
  [/^(?:Casting|Could not cast) value [\s\S]* to (?:type )?(\w+(?:\([\d, ]*\))?)(?: failed: value is out of range!)?$/, (type) => `A value does not fit ${type}`],
  [/^(\w+ (?:field value out of range|field format)|invalid \w+ field format): [\s\S]*, (expected format is [\s\S]*)$/, (what, format) => `${what}, ${format}`],
  [/^Malformed JSON at byte (\d+) of input: ([a-z ]+)\./, (byte, what) => `Malformed JSON at byte ${byte}: ${what}`],
  [/^(Malformed JSON in file "[^"]*", at byte \d+ in \w+ \d+: [a-z ]+)\. *$/, (all) => all],
  [/^(JSON transform error in file "[^"]*", in \w+ \d+): Failed to cast value to (\w+): /, (where, type) => `${where}: a value cannot be cast to ${type}`],
  [/^(JSON transform error in file "[^"]*", in \w+ \d+): /, (where) => where],
  [/^Failed to cast value to (\w+): /, (type) => `A value cannot be cast to ${type}`],
  [/^Could not parse string [\s\S]*\nError: ([^\n]*)$/, (what) => `Could not parse a string according to its format: ${what}`],
  [/^Could not decode string [\s\S]* as base64: ([\s\S]*)$/, () => 'Could not decode a string as base64'],
  [/^(Overflow in \w+ of \w+) \(/, (what) => what],
  [/^(Unimplemented type for cast \([^"']*\))$/, (all) => all],
  [/^Error when sniffing file "([^"\n]*)"\.\n([^\n]*)/, (file, what) => `Error when sniffing file "${file}": ${what}`],
]; // prettier-ignore

function known(message: string): string | undefined {
  for (const [pattern, say] of KNOWN) {
    const found = pattern.exec(message);
    if (found !== null) return say(...found.slice(1));
  }
  return undefined;
}

/**
 * Anything else: what stands between quotation marks, behind a colon or on a further line may be a value, and so may a
 * number. What has no words is nothing but a value: `error(email)` in the user's own SQL.
 */
function cutShort(message: string): string {
  const unquoted = message.replace(/(['"])[\s\S]*\1/, '...').replace(/['"][\s\S]*$/, '...');
  const [first = ''] = unquoted.split(/: |\n/);
  const text = first.replace(/(?<![\w.])-?\d[\d.,:+-]*\b/g, '...');
  return text.includes(' ') && !text.includes('@') ? text : 'a value cannot be worked with';
}

/** Errors of a CSV file come with the line that holds them. */
function csvError(message: string): string | undefined {
  const line = /^CSV Error on Line: (\d+)\n/.exec(message)?.[1];
  if (line === undefined) return undefined;
  const file = /\n {2}file = (.*)\n/.exec(message)?.[1];
  return `${file === undefined ? 'CSV file' : `CSV file ${file}`}, line ${line}: ${csvReason(message)}`;
}

function csvReason(message: string): string {
  const converting = /\n\nColumn (.*) is being converted as type (.*)\n/.exec(message);
  if (converting !== null) return `column "${converting[1] ?? ''}" cannot be converted to ${converting[2] ?? ''}`;
  const columns = /\nExpected Number of Columns: (\d+) Found: (\d+)/.exec(message);
  if (columns !== null) return `${columns[1] ?? ''} columns were expected, ${columns[2] ?? ''} were found`;
  return (
    /\n(Value with unterminated quote found|Invalid unicode[^\n.]*|Maximum line size[^\n.]*)/.exec(message)?.[1] ?? 'it cannot be read'
  );
}
