/** HTML that cannot be escaped wrongly: every text that is put into {@link html} is made harmless there. */
import { visible, visibleLines } from '../escape.ts';

/** Markup that is safe as it stands. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = string | number | Html | readonly Html[];

/** A template whose texts are escaped and whose invisible characters are shown: `<b>${name}</b>`. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.map((string, index) => (index === 0 ? string : markupOf(parts[index - 1] ?? '') + string)).join(''));
}

export const NOTHING = new Html('');

/** A text of several lines; the line feeds stay. */
export function lines(text: string): Html {
  return new Html(escapeHtml(visibleLines(text)));
}

function markupOf(part: Part): string {
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map((each) => each.text).join('\n');
  return escapeHtml(visible(String(part)));
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** JSON for a script element that holds data: nothing in it can end the element. */
export function jsonData(value: unknown): Html {
  return new Html(
    JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}
