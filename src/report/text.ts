/** The plan for people: fields and transitions before samples, totals last. */
import { isStopped, type PlanDocument, type SyncPlan } from '../plan/document.ts';
import { baseLines } from './base-text.ts';
import type { Paint } from './colour.ts';
import { displayWidth, padEnd, visible } from './escape.ts';
import { count } from './format.ts';
import { syncLines } from './sync-text.ts';
import { totals } from './totals.ts';

export interface TextOptions {
  readonly paint: Paint;
  /** The plan file as the user would type it, for "show all"; undefined when the plan was not saved. */
  readonly planFile?: string | undefined;
  /** What makes such a plan. Default: `sluice plan`. */
  readonly command?: string | undefined;
}

/** Columns of the part of the heading that names both ends. */
const ENDS_WIDTH = 31;

/** The whole plan, with a line end at the end. */
export function renderPlan(document: PlanDocument, options: TextOptions): string {
  const widths = headingWidths(document.syncs);
  const blocks = document.syncs.map((sync) => [heading(sync, widths, options.paint), ...syncLines(sync, options)].join('\n'));
  // One sync and its totals read as one; several stand apart.
  const end = [...baseLines(document, options.paint), totals(document, options.paint)].join('\n');
  return `${[...blocks, end].join(blocks.length > 1 ? '\n\n' : '\n')}\n`;
}

interface HeadingWidths {
  readonly name: number;
  readonly ends: number;
}

function headingWidths(syncs: readonly SyncPlan[]): HeadingWidths {
  return {
    name: Math.max(0, ...syncs.map((sync) => displayWidth(visible(sync.name)))),
    ends: Math.max(ENDS_WIDTH, ...syncs.map((sync) => displayWidth(ends(sync)))),
  };
}

function heading(sync: SyncPlan, widths: HeadingWidths, paint: Paint): string {
  const name = padEnd(visible(sync.name), widths.name);
  return `${paint.bold(name)}   ${padEnd(ends(sync), widths.ends)}   ${paint.dim(driftChecked(sync))}`.trimEnd();
}

function ends(sync: SyncPlan): string {
  return visible(`${sync.source} -> ${sync.destination}.${sync.object}`);
}

/** How much of the destination was looked at. */
export function driftChecked(sync: SyncPlan): string {
  if (sync.error !== null) return '';
  if (isStopped(sync)) return 'not compared';
  if (sync.refresh === 'none') return 'drift not checked';
  if (sync.refresh === 'all') return `drift checked on all, ${count(sync.live_read)} read`;
  return `drift checked on ${count(sync.live_read)} of ${count(Math.max(sync.rows, sync.live_read))}`;
}
