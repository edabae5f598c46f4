/** Counts in sentences: the one place that knows `1 record` from `2 records`. */

/** `48,211` */
export function count(value: number | bigint): string {
  return value.toLocaleString('en-US');
}

/** `1 record`, `2 records`, `0 records`; `1 row has`, `2 rows have` with both forms given. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** `10 MB`. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  const scaled = value / 1000 ** power;
  return `${scaled < 10 && power > 0 ? scaled.toFixed(1) : count(Math.round(scaled))} ${units[power] ?? 'B'}`;
}
