/** The numbers below `length` in an order that is neither theirs nor random: the same for the same seed. No memory is used for it. */
export function* shuffled(length: number, seed: number): Iterable<number> {
  if (length === 0) return;
  let step = Math.max(1, Math.floor(length * 0.618)) + (seed % length);
  while (commonDivisor(step, length) > 1) step += 1;
  for (let count = 0, at = seed % length; count < length; count += 1, at = (at + step) % length) yield at;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
