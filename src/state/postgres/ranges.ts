/** Ranges of sequence numbers. */
import type { SeqRange } from '../state.ts';

/** What of `ranges` is in none of `others`. */
export function subtract(ranges: readonly SeqRange[], others: readonly SeqRange[]): SeqRange[] {
  return ranges.flatMap((range) =>
    others
      .filter((other) => other.from <= range.to && other.to >= range.from)
      .reduce<SeqRange[]>((left, other) => left.flatMap((each) => without(each, other)), [range]),
  );
}

function without(range: SeqRange, other: SeqRange): SeqRange[] {
  if (other.from > range.to || other.to < range.from) return [range];
  return [
    { from: range.from, to: other.from - 1 },
    { from: other.to + 1, to: range.to },
  ].filter(({ from, to }) => from <= to);
}
