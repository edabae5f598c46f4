/** Colour for people, off where nobody looks. */
import { styleText } from 'node:util';

const STYLES = {
  create: 'green',
  update: 'yellow',
  delete: 'red',
  warn: 'yellow',
  error: 'red',
  ok: 'green',
  dim: 'dim',
  bold: 'bold',
} as const;

/** Colours by meaning. Plain text when colour is off. */
export type Paint = Readonly<Record<keyof typeof STYLES, (text: string) => string>>;

/** Whether to colour: `--no-color`, then NO_COLOR, then FORCE_COLOR, then whether somebody sits at a terminal. */
export function wantsColour(options: {
  /** False for `--no-color`. */
  readonly flag: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTTY: boolean;
}): boolean {
  const { NO_COLOR: never, FORCE_COLOR: force, TERM: terminal } = options.env;
  if (!options.flag || (never !== undefined && never !== '')) return false;
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  return options.isTTY && terminal !== 'dumb';
}

export function createPaint(enabled: boolean): Paint {
  const entries = Object.entries(STYLES).map(([name, style]) => {
    const paint = (text: string): string => (enabled ? styleText(style, text, { validateStream: false }) : text);
    return [name, paint] as const;
  });
  return Object.fromEntries(entries) as Paint;
}

/** No colour at all. */
export const PLAIN: Paint = createPaint(false);
