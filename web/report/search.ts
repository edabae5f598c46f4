/** Which records fit the filters: looked for in slices, so that the page answers while it looks. */
import { type RowKind, type WireRow } from '../../src/report/html/wire.ts';
import { breathe } from './dom.ts';
import type { Store } from './store.ts';

export interface Query {
  /** Lower case; empty: any. Words that must all occur. */
  readonly words: readonly string[];
  /** Empty: any. */
  readonly kinds: ReadonlySet<RowKind>;
  readonly sync: number | undefined;
  readonly field: string | undefined;
  readonly fieldCase: string | undefined;
  readonly due: string | undefined;
}

/** Longest time without a pause, in milliseconds. */
const SLICE = 12;

/** What fits so far. `done` comes last. */
export interface Progress {
  readonly found: readonly number[];
  readonly done: boolean;
}

export function isOpen({ words, kinds, ...others }: Query): boolean {
  return words.length === 0 && kinds.size === 0 && Object.values(others).every((each) => each === undefined);
}

/** Tells what it found after every slice. Ends early when `signal` says that nobody waits for it any more. */
export async function search(store: Store, query: Query, signal: AbortSignal, tell: (progress: Progress) => void): Promise<void> {
  const found: number[] = [];
  let slice = performance.now();
  for await (const { start, rows } of store.chunks(query)) {
    for (const [index, row] of rows.entries()) if (fits(row, query)) found.push(start + index);
    if (signal.aborted) return;
    if (performance.now() - slice < SLICE) continue;
    tell({ found, done: false });
    await breathe();
    slice = performance.now();
  }
  if (!signal.aborted) tell({ found, done: true });
}

function fits(row: WireRow, { words, kinds, field, fieldCase, due }: Query): boolean {
  const [kind, reason, , , , fields] = row;
  if (due !== undefined && row[7] !== due) return false;
  if (kinds.size > 0 && !kinds.has(kind)) return false;
  if (field !== undefined && !fields.some((each) => each[0] === field)) return false;
  // With a field chosen, the case of that field is meant.
  const cased = fields.filter((each) => field === undefined || each[0] === field);
  if (fieldCase !== undefined && reason !== fieldCase && !cased.some((each) => each[1] === fieldCase)) return false;
  return words.every((word) => holds(row, word));
}

function holds([kind, reason, number, key, label, fields, message]: WireRow, word: string): boolean {
  const has = (text: string | null | undefined): boolean => text?.toLowerCase().includes(word) === true;
  if (key === null ? has(`#${number}`) : key.some((part) => has(part))) return true;
  if (has(label) || has(kind) || has(reason) || has(message)) return true;
  return fields.some(([name, fieldCase, before, after]) => has(before) || has(after) || has(name) || has(fieldCase));
}
