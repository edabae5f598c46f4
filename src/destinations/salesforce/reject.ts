/** The org's own words about a record that it refuses, without the values that it repeats in them. */

/** What stands for a value. */
const GAP = '...';

/** Where Salesforce repeats a value (messages of API 42 to 67, 2021-11 to 2026-11): what may be told of it. */
const REPEATS: readonly (readonly [RegExp, string])[] = [
  [/(data value too large): [\s\S]*(\(max length=\d+\))/, '$1 $2'],
  [/(bad value for restricted picklist field): [\s\S]*$/, '$1'],
  [/(invalid email address): [\s\S]*$/, '$1'],
  [/(id value of incorrect type): [\s\S]*$/, '$1'],
  [/^(malformed id) [\s\S]*$/, '$1'],
  [/(value outside of valid range on numeric field): [\s\S]*$/, '$1'],
  [/(value not of required type): [\s\S]*$/, '$1'],
  [/(Duplicate external id specified): [\s\S]*$/, '$1'],
  [/(Cannot deserialize instance of \w+ from \w+) value [\s\S]*? (or request may be missing a required field)/, '$1 $2'],
];

/** Shorter values are too likely to be a part of the sentence. */
const SHORTEST = 3;

/** The message with each of the values that it repeats replaced: records that fail alike then say the same. */
export function withoutValues(message: string, values: readonly (string | null)[]): string {
  const told = REPEATS.reduce((text, [pattern, rest]) => text.replace(pattern, rest), message);
  const telling = values.map((value) => value?.trim() ?? '').filter((value) => value.length >= SHORTEST && !/^(true|false)$/.test(value));
  return telling.sort((a, b) => b.length - a.length).reduce((text, value) => replaceWhole(text, value), told);
}

/** As a whole word or words, in any case. */
function replaceWhole(text: string, value: string): string {
  if (!text.toLowerCase().includes(value.toLowerCase())) return text;
  const escaped = value.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
  return text.replaceAll(new RegExp(String.raw`(?<![\p{L}\p{N}_])${escaped}(?![\p{L}\p{N}_])`, 'giu'), GAP);
}
