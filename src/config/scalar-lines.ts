/** Where each line of a scalar's text stands in the file: errors inside a query are reported there. */
import type { Location } from '../errors.ts';

export interface ScalarPlace {
  /** The whole file. */
  readonly source: string;
  /** Lines of the file, without their ends. */
  readonly fileLines: readonly string[];
  /** Where the scalar (a block: its `|` or `>`) starts. */
  readonly start: Location;
  readonly style: 'literal' | 'folded' | 'quoted' | 'plain';
}

/** One location per line of `text`. Exact for block scalars; other styles start at the first character. */
export function linesOfScalar(text: string, place: ScalarPlace): readonly Location[] {
  if (place.style === 'plain' || place.style === 'quoted') {
    const first = { ...place.start, column: place.start.column + (place.style === 'quoted' ? 1 : 0) };
    return text.includes('\n') ? text.split('\n').map(() => first) : [first];
  }
  const textLines = text.split('\n');
  const indent = indentOf(place, textLines);
  const at = (row: number): Location => ({ ...place.start, line: row + 1, column: indent + 1 });
  if (place.style === 'literal') return textLines.map((_, index) => at(place.start.line + index));
  return foldedRows(textLines, place, indent).map((row) => at(row));
}

/** Columns that the block is indented by: its explicit indicator counts from the parent, so it is read off the content. */
function indentOf(place: ScalarPlace, textLines: readonly string[]): number {
  const skip = textLines.findIndex((line) => line.trim() !== '');
  const content = textLines[skip] ?? '';
  const row = place.fileLines.slice(place.start.line).find((line) => line.trim() !== '') ?? '';
  const found = row.indexOf(place.style === 'folded' ? (content.split(' ')[0] ?? '') : content);
  const leading = content.length - content.trimStart().length;
  return found >= 0 && content !== '' ? found : Math.max(row.length - row.trimStart().length - leading, 0);
}

/** A folded line of text stands on several lines of the file: follows them until all of it was seen. */
function foldedRows(textLines: readonly string[], place: ScalarPlace, indent: number): readonly number[] {
  const state = { row: place.start.line };
  return textLines.map((line) => {
    const content = (row: number): string => (place.fileLines[row] ?? '').slice(indent).trimEnd();
    if (line === '') return state.row++;
    while (content(state.row) === '' && state.row < place.fileLines.length) state.row++;
    const first = state.row;
    let seen = content(state.row++).length;
    while (seen < line.trimEnd().length && state.row < place.fileLines.length) seen += 1 + content(state.row++).length;
    return first;
  });
}
