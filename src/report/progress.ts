/** Shows events while a command runs: one redrawn line on a terminal, a plain line every few seconds elsewhere. */
import type { SluiceEvent } from '../events.ts';
import type { Paint } from './colour.ts';
import { cut, visible, visibleLines } from './escape.ts';
import { count, duration, plural } from './format.ts';

export interface ProgressOptions {
  /** Where lines go: stderr. */
  readonly write: (text: string) => void;
  /** Redraws one line instead of adding lines. */
  readonly isTTY: boolean;
  /** Only warnings. */
  readonly quiet: boolean;
  readonly now: () => number;
  readonly paint: Paint;
  /** Columns of the terminal. */
  readonly columns: () => number;
}

export interface Progress {
  readonly emit: (event: SluiceEvent) => void;
  /** Takes the line away, before anything else is printed and at the end. */
  readonly clear: () => void;
}

const REDRAW_MS = 100;
const LINE_MS = 5000;
const CLEAR_LINE = '\r\u001b[2K';

export function createProgress(options: ProgressOptions): Progress {
  const { write, isTTY, now } = options;
  const started = new Map<string, number>();
  let drawn = false;
  // A command that takes less than a few seconds needs no lines in a log.
  let last = isTTY ? -Infinity : now();

  const clear = (): void => {
    if (drawn) write(CLEAR_LINE);
    drawn = false;
  };
  const line = (text: string): void => {
    clear();
    write(`${text}\n`);
  };
  const status = (text: string): void => {
    if (options.quiet || now() - last < (isTTY ? REDRAW_MS : LINE_MS)) return;
    last = now();
    if (!isTTY) return line(text);
    write(`${CLEAR_LINE}${options.paint.dim(cut(text, Math.max(20, options.columns() - 4)))}`);
    drawn = true;
  };
  const emit = (event: SluiceEvent): void => {
    if (event.type === 'warning' || event.type === 'note') return message(event, options, line);
    if (event.type === 'apply:start') started.set(event.sync, now());
    const text = statusText(event, now() - (started.get(event.sync) ?? now()));
    if (text !== undefined) status(text);
    if (event.type === 'plan:done' || event.type === 'apply:done') clear();
  };
  return { emit, clear };
}

function message(event: SluiceEvent & { type: 'warning' | 'note' }, options: ProgressOptions, line: (text: string) => void): void {
  if (options.quiet && event.type === 'note') return;
  const sync = event.sync === undefined ? '' : `${visible(event.sync)}: `;
  const text = `${event.type === 'warning' ? 'Warning: ' : ''}${sync}${visibleLines(event.message)}`;
  line(event.type === 'warning' ? options.paint.warn(text) : options.paint.dim(text));
}

type StatusEvent = Exclude<SluiceEvent, { type: 'warning' | 'note' }>;

function statusText(event: StatusEvent, elapsed: number): string | undefined {
  const name = visible(event.sync);
  switch (event.type) {
    case 'plan:start':
      return `${name}: planning`;
    case 'plan:step':
      return `${name}: ${visible(event.step)}`;
    case 'apply:start':
      return `${name}: ${plural(event.total, 'change')} to apply`;
    case 'apply:progress':
      return `${name}: ${applyStatus(event, elapsed)}`;
    case 'apply:retry':
      return `${name}: attempt ${event.attempt} in ${duration(event.waitMs)}: ${visible(event.reason)}`;
    case 'plan:done':
    case 'apply:done':
      return undefined;
  }
}

/** `1,200 of 48,211, 340/s, 2 min 18 s left, 3 rejected`. */
function applyStatus(event: { done: number; total: number; rejected: number }, elapsed: number): string {
  const rate = elapsed > 0 ? (event.done / elapsed) * 1000 : 0;
  const left = rate > 0 ? ((event.total - event.done) / rate) * 1000 : undefined;
  return [
    `${count(event.done)} of ${count(event.total)}`,
    ...(rate > 0 ? [`${count(Math.round(rate))}/s`] : []),
    ...(left === undefined || event.done >= event.total ? [] : [`${duration(left)} left`]),
    ...(event.rejected > 0 ? [`${count(event.rejected)} rejected`] : []),
  ].join(', ');
}
