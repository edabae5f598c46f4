/** Small charts as inline SVG. Sizes are attributes, because the page's policy allows no inline styles. */
import { count } from '../format.ts';
import { html, type Html, NOTHING } from './markup.ts';

export interface Part {
  /** Class that gives the colour. */
  readonly tone: string;
  readonly label: string;
  readonly count: number;
}

/** Parts of a whole as one bar, in their order. `whole` may be more than their sum. Says in words what it draws. */
export function bar(parts: readonly Part[], whole: number): Html {
  const shown = parts.filter((part) => part.count > 0);
  if (shown.length === 0 || whole <= 0) return NOTHING;
  const starts = shown.map((_, index) => shown.slice(0, index).reduce((sum, part) => sum + part.count, 0));
  const rects = shown.map((part, index) => {
    const [x, width] = [percent(starts[index] ?? 0, whole), percent(part.count, whole)];
    return html`<rect class="tone-${part.tone}" x="${x}%" width="${width}%" height="100%"
      ><title>${part.label}: ${count(part.count)}</title></rect
    >`;
  });
  const words = shown.map((part) => `${part.label} ${count(part.count)}`).join(', ');
  return html`<svg class="bar" role="img" aria-label="${words}" width="100%" height="8">${rects}</svg>`;
}

/** At least a hair, so that one of a million shows. */
function percent(value: number, whole: number): string {
  const share = (100 * value) / whole;
  return (value > 0 ? Math.max(share, 0.4) : 0).toFixed(2);
}
