/** Columns for people: names on top, values below, aligned. */
import { cut, displayWidth, padEnd, padStart, visible } from './escape.ts';

export interface TableOptions {
  /** Columns whose values stand to the right, by index. */
  readonly right?: ReadonlySet<number>;
  /** Longest cell, in characters. */
  readonly max?: number;
  /** What stands for null. */
  readonly empty?: string;
}

/** The lines of a table, without a line end at the end. Cells are made visible here. */
export function table(names: readonly string[], rows: readonly (readonly (string | null)[])[], options: TableOptions = {}): string {
  const { right = new Set<number>(), max = 80, empty = '' } = options;
  const cells = [names, ...rows].map((row) => names.map((_, index) => cell(row[index] ?? null, max, empty)));
  const widths = names.map((_, index) => Math.max(...cells.map((row) => displayWidth(row[index] ?? ''))));
  return cells
    .map((row) =>
      row
        .map((text, index) => align(text, widths[index] ?? 0, right.has(index)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function cell(text: string | null, max: number, empty: string): string {
  return text === null ? empty : visible(cut(text, max));
}

function align(text: string, width: number, right: boolean): string {
  return right ? padStart(text, width) : padEnd(text, width);
}
