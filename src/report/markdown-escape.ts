/**
 * Text from data inside Markdown and HTML. Every character that could mean something to either becomes a numeric
 * character reference, which both render as that character and neither reads as structure.
 */
import { visible } from './escape.ts';

/** ASCII punctuation with a meaning in Markdown, HTML, or to what code hosts link (mentions, issues, addresses). */
const SPECIAL = /[!"#$%&'()*+/:;<=>?@[\\\]^`{|}~]/g;
/** Inside a word an underscore is only an underscore: `Tier__c` stays readable in the source. */
const LOOSE_UNDERSCORE = /(?<![\p{L}\p{N}_])_+|_+(?![\p{L}\p{N}_])/gu;
/** Without these dots nothing becomes a link to `www.example.com`. */
const WWW = /(www)\./gi;

/** One line of plain text. */
export function markdownText(text: string): string {
  return visible(text)
    .replace(SPECIAL, (character) => reference(character))
    .replace(LOOSE_UNDERSCORE, (run) => reference('_').repeat(run.length))
    .replace(WWW, (_, www: string) => `${www}${reference('.')}`);
}

/** The text as code: code hosts look for no mentions or issue numbers in there. */
export function markdownCode(text: string): string {
  return `<code>${markdownText(text)}</code>`;
}

function reference(character: string): string {
  return `&#${character.charCodeAt(0)};`;
}
