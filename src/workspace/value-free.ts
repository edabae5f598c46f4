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

/** The message without the values in it. Words of the statement are no values. */
export function withoutValues(message: string, sql: string): string {
  const column = COLUMN.exec(message)?.[1];
  const rest = column === undefined ? message : message.replace(COLUMN, '');
  return `${csvError(rest) ?? known(rest) ?? cutShort(rest, sql)}${column === undefined ? '' : ` (column ${column})`}`;
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
 * number, and every word that neither DuckDB nor the statement would say: `error('no owner for ' || email)` in the
 * user's own SQL. What has no words is nothing but a value.
 */
function cutShort(message: string, sql: string): string {
  const unquoted = message.replace(/(['"])[\s\S]*\1/, '...').replace(/['"][\s\S]*$/, '...');
  const [first = ''] = unquoted.split(/: |\n/);
  const said = new Set(sql.toLowerCase().match(WORD));
  const text = first
    .replace(/(?<![\w.])-?\d[\d.,:+-]*\b/g, '...')
    .replace(WORD, (word) => (WORDS.has(word.toLowerCase()) || said.has(word.toLowerCase()) ? word : '...'))
    .replace(/\.\.\.(?:\s*\.\.\.)+/g, '...');
  return text.includes(' ') && !text.includes('@') ? text : 'a value cannot be worked with';
}

const WORD = /[\p{L}\p{M}\p{N}_]+/gu;

/** What DuckDB's own sentences about values are made of. */
const WORDS: ReadonlySet<string> = new Set(
  `a above all allowed already an and any are argument arguments array at be because been before below between bit bits blob
  boolean both but by byte bytes can cannot cast character characters code column columns compatible constant contain contains
  convert could count data date datepart day days decimal decode depth did different digits dimension divide division do does
  double duplicate e each element elements empty encode end ends entries entry enum equal error escape exactly exceed exceeds
  exist exists expected expects expression extra failed field fields first float follow for format found from function
  functions g generate given got greater group has have hour if implemented in index infinite infinity input insensitive
  instead int integer internal interval invalid is it iterations json key keys large larger least left length less level
  limit list lists logarithm lower many map matching max maximum may mean microseconds min minimum minute minutes missing
  modulo month more most must name named names nan negative nested new no non nor not null number numbers of offset on one
  only open operation option options or order other out outside overflow parameter parameters parse part parts pattern
  percentile pointer position positive possible power precision provided query quantile range read recursion recursive
  reached regex regexp repeat required requires result results return returned returns right root row rows s same scale
  second seconds seed set should single size small smaller sort space specified specifier square start starts step string
  strings struct structure subquery supported t take than that the then there this time timestamp timetz timezone to token too
  trailing tried true try type types undefined unexpected unicode union unit unknown unsupported unterminated upper use used
  utf utf8 uuid valid value values vector very was were when where which width with within without year you zero zone`.split(/\s+/),
);

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
