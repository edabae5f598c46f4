/** What an apply did, for people. */
import type { ApplyCounts, ApplyDocument, SyncApply } from '../plan/document.ts';
import type { Paint } from './colour.ts';
import { displayWidth, padEnd, visible, visibleLines } from './escape.ts';
import { count, duration, plural } from './format.ts';
import { rejectLines } from './reject-text.ts';

const STATUS: Readonly<Record<SyncApply['status'], string>> = {
  applied: 'applied',
  partial: 'applied in part',
  blocked: 'blocked',
  stale: 'stale: the sync moved on since this plan; plan again',
  already_applied: 'already applied',
  nothing: 'nothing to do',
  failed: 'failed',
};
const STYLES: Readonly<Record<SyncApply['status'], keyof Paint>> = {
  applied: 'ok',
  partial: 'warn',
  blocked: 'error',
  stale: 'error',
  already_applied: 'warn',
  nothing: 'dim',
  failed: 'error',
};

/** The whole result, with a line end at the end. */
export function renderApply(document: ApplyDocument, paint: Paint): string {
  const width = Math.max(0, ...document.syncs.map((sync) => displayWidth(visible(sync.name))));
  const blocks = document.syncs.map((sync) => [heading(sync, width, paint), ...bodyLines(sync, paint)].join('\n'));
  return `${[...blocks, totals(document, paint)].join('\n')}\n`;
}

function heading(sync: SyncApply, width: number, paint: Paint): string {
  const name = paint.bold(padEnd(visible(sync.name), width));
  const status = paint[STYLES[sync.status]](STATUS[sync.status]);
  const parts = [...countTexts(sync), ...(sync.adopted > 0 ? [`${count(sync.adopted)} adopted`] : [])];
  const run = sync.run_id === null ? '' : `   run ${visible(sync.run_id)}, ${duration(sync.duration_ms)}`;
  return `${name}   ${status}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}${run}`;
}

const WORDS: readonly (readonly [keyof ApplyCounts, string])[] = [
  ['applied', 'applied'],
  ['unchanged', 'already so'],
  ['held', 'held'],
  ['rejected', 'rejected'],
  ['unknown', 'unknown (looked up by the next plan)'],
  ['not_attempted', 'not attempted'],
];

function countTexts(counts: ApplyCounts): readonly string[] {
  return WORDS.filter(([key]) => counts[key] > 0).map(([key, words]) => `${count(counts[key])} ${words}`);
}

function bodyLines(sync: SyncApply, paint: Paint): readonly string[] {
  const limited =
    sync.limited && sync.not_attempted > 0 ? [`    --limit left ${plural(sync.not_attempted, 'change')} for the next run`] : [];
  return [
    ...rejectLines(sync.rejects).map((line) => paint.error(`    x ${line}`)),
    ...sync.messages.map((message) => `    ${visibleLines(message).replaceAll('\n', '\n    ')}`),
    ...limited,
  ];
}

function totals(document: ApplyDocument, paint: Paint): string {
  const parts = countTexts(document.summary);
  if (parts.length === 0) return `${paint.bold('Apply:')} nothing was written.`;
  return `${paint.bold('Apply:')} ${parts.join(', ')}.`;
}
