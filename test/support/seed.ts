/** Random numbers that can be had again: the seed comes from SLUICE_SEED or the clock, and is printed. */
export function seeded(name: string): { readonly seed: number; readonly random: () => number } {
  const seed = Number(process.env['SLUICE_SEED'] ?? Date.now() % 2 ** 31);
  process.stdout.write(`${name}: SLUICE_SEED=${seed}\n`);
  return { seed, random: mulberry32(seed) };
}

function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
