/** CSV as Bulk API 2.0 writes it: every value between quotes, nothing stored as `""`. */

/** One line without its end. */
export function csvLine(values: readonly string[], delimiter: string): string {
  return values.map((value) => `"${value.replaceAll('"', '""')}"`).join(delimiter);
}

/** Lines in the pieces that a reply sends. */
const PIECE = 1_000;

/** Lines joined into pieces, each line closed by `end`, so that a reply of a million rows never is one text. */
export async function* pieces(lines: Iterable<string>, end: string): AsyncIterable<string> {
  let piece: string[] = [];
  for (const line of lines) {
    piece.push(line);
    if (piece.length === PIECE) {
      yield piece.join(end) + end;
      piece = [];
    }
  }
  if (piece.length > 0) yield piece.join(end) + end;
}
