/** What an apply did, as Markdown for a job summary: counts, codes and reasons, never a value. */
import type { ApplyCounts, ApplyDocument, SyncApply } from '../plan/document.ts';
import { count, duration } from './format.ts';
import { markdownCode as code, markdownText as text } from './markdown-escape.ts';

const STATUS: Readonly<Record<SyncApply['status'], string>> = {
  applied: 'applied',
  partial: 'applied in part',
  blocked: 'blocked',
  stale: 'stale',
  already_applied: 'already applied',
  nothing: 'nothing to do',
  failed: 'failed',
};

const COLUMNS: readonly (readonly [keyof ApplyCounts, string])[] = [
  ['applied', 'Applied'],
  ['unchanged', 'Already so'],
  ['held', 'Held'],
  ['rejected', 'Rejected'],
  ['unknown', 'Unknown'],
  ['not_attempted', 'Not attempted'],
];

/** The whole text, with a line end at the end. */
export function renderApplyMarkdown(document: ApplyDocument): string {
  const environment = document.environment === null ? '' : `, environment ${code(document.environment)}`;
  const parts = [
    `## Sluice apply: ${headline(document)}`,
    `Project ${code(document.project)}${environment}, plan ${code(document.plan_id)}.`,
    document.syncs.length === 0 ? '' : overview(document.syncs),
    ...document.syncs.map((sync) => remarks(sync)),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function headline({ summary }: ApplyDocument): string {
  const counts = COLUMNS.filter(([key]) => summary[key] > 0).map(([key, title]) => `${count(summary[key])} ${title.toLowerCase()}`);
  return counts.length === 0 ? 'nothing to do' : counts.join(', ');
}

function overview(syncs: readonly SyncApply[]): string {
  const head = ['Sync', 'Result', ...COLUMNS.map(([, title]) => title), 'Run', 'Took'];
  const align = ['---', '---', ...COLUMNS.map(() => '---:'), '---', '---:'];
  const rows = syncs.map((sync) => [
    code(sync.name),
    STATUS[sync.status],
    ...COLUMNS.map(([key]) => (sync[key] === 0 ? '' : count(sync[key]))),
    sync.run_id === null ? '' : code(sync.run_id),
    sync.run_id === null ? '' : text(duration(sync.duration_ms)),
  ]);
  return [head, align, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Statuses whose reason is Sluice's own sentence. What stopped a run half-way may quote the destination, and that a value. */
const EXPLAINED: readonly SyncApply['status'][] = ['blocked', 'stale', 'failed'];

/** Reasons of the whole sync, and what was rejected by code: the messages of single records hold values. */
function remarks(sync: SyncApply): string {
  const reasons = EXPLAINED.includes(sync.status) ? sync.messages.map((each) => text(each)) : [];
  const where =
    sync.status === 'partial' && sync.run_id !== null ? [`What became of each record: ${code(`sluice history ${sync.run_id}`)}`] : [];
  const rejects = sync.rejects.map(
    (group) => `${code(group.code)}${group.field === null ? '' : ` ${code(group.field)}`}: ${count(group.count)}`,
  );
  const lines = [...reasons, ...where, ...rejects];
  return lines.length === 0 ? '' : [`${code(sync.name)}:`, ...lines.map((line) => `- ${line}`)].join('\n');
}
