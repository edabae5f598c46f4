/**
 * Text from data, made harmless and visible for a terminal: a value may hold escape sequences that move the cursor,
 * bidirectional overrides that reorder a line, or invisible characters that hide a difference.
 */

/** Everything invisible or with an effect: controls, formats, separators, lone surrogates, spaces that are not the space. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|(?![ \u3000])\p{Zs}/gu;
/** Joiners inside an emoji (a family, a flag) are part of what is drawn. */
const EMOJI_JOINER = /(?<=[\p{Extended_Pictographic}\u{1f3fb}-\u{1f3ff}]\ufe0f?)\u200d(?=\p{Extended_Pictographic})/gu;
const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One line without invisible characters: each is shown as `\n`, `\u001b`, `\u202e`. */
export function visible(text: string): string {
  const joiners = new Set(Array.from(text.matchAll(EMOJI_JOINER), (match) => match.index));
  return text.replace(UNSAFE, (character, index: number) => (joiners.has(index) ? character : escapeCharacter(character)));
}

/** As {@link visible}, but line feeds stay: for messages of several lines. */
export function visibleLines(text: string): string {
  return text
    .split('\n')
    .map((line) => visible(line))
    .join('\n');
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return NAMED[character] ?? (code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`);
}

/** A value between quotation marks; backslashes and quotation marks inside it are escaped, so that it reads in one way only. */
export function quoted(text: string): string {
  return `"${visible(text.replace(/["\\]/g, (character) => `\\${character}`))}"`;
}

/** At most `max` characters, never half of one; the rest becomes `...`. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const characters = Array.from(text.slice(0, 2 * max + 2));
  return characters.length <= max ? text : `${characters.slice(0, max).join('')}...`;
}

/**
 * Two values cut to `max` characters around their first difference, so that a change at the end of a long note shows.
 */
export function cutPair(before: string, after: string, max: number): readonly [string, string] {
  const [a, b] = [Array.from(before), Array.from(after)];
  if (a.length <= max && b.length <= max) return [before, after];
  const same = a.findIndex((character, index) => character !== b[index]);
  const difference = same < 0 ? a.length : same;
  const start = difference < max - 10 ? 0 : difference - Math.floor(max / 3);
  return [windowOf(a, start, max), windowOf(b, start, max)];
}

function windowOf(characters: readonly string[], start: number, max: number): string {
  const head = start > 0 ? '...' : '';
  const tail = characters.length > start + max ? '...' : '';
  return `${head}${characters.slice(start, start + max).join('')}${tail}`;
}

const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/gu;
const NO_WIDTH = /[\p{Mn}\p{Me}\u200d\ufe0f]/gu;

/** Columns that a terminal uses for the text. */
export function displayWidth(text: string): number {
  const drawn = text.replace(NO_WIDTH, '');
  return Array.from(drawn).length + (drawn.match(WIDE)?.length ?? 0);
}

/** Fills up to `width` columns of the terminal. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - displayWidth(text))) + text;
}
