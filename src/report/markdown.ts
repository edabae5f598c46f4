/** The plan as Markdown, for a pull request. Values show only where the sync's `report.values` says so. */
import { addSummaries, type ChangeSample, isStopped, type PlanDocument, type RejectGroup, type SyncPlan } from '../plan/document.ts';
import { count, fieldChange, keyText, plural } from './format.ts';
import { transitionText } from './legend.ts';
import { markdownCode as code, markdownText as text } from './markdown-escape.ts';
import { driftChecked } from './text.ts';
import { costText, summaryText } from './totals.ts';

const FIELDS = 12;
/** Characters of one message: a comment has room for what others say, too. */
const MESSAGE = 1000;
/** Bytes of all the reasons why one sync will not be applied. */
const REASONS = 16_000;

/** The whole document, with a line end at the end. */
export function renderMarkdown(document: PlanDocument): string {
  const parts = [
    `## ${headline(document)}`,
    provenance(document),
    ...document.syncs.flatMap((sync) => alerts(sync)),
    overview(document.syncs),
    ...document.syncs.map((sync) => details(sync)),
    costText(document.syncs)
      .map((line) => text(line))
      .join(' '),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

export function headline(document: PlanDocument): string {
  const failed = document.syncs.filter((sync) => sync.error !== null || isStopped(sync)).length;
  const counts = summaryText(addSummaries(document.syncs.map((sync) => sync.summary)));
  if (counts.length > 0) return `Sluice plan: ${counts.join(', ')}`;
  return failed > 0 ? `Sluice plan: ${plural(failed, 'sync', 'syncs')} could not be planned` : 'Sluice plan: no changes';
}

function provenance(document: PlanDocument): string {
  const { environment, commit } = document;
  const parts = [
    `Project ${code(document.project)}`,
    ...(environment === null ? [] : [`environment ${code(environment)}`]),
    ...(commit === null ? [] : [`commit ${code(commit)}`]),
    `plan ${code(document.plan_id)}`,
  ];
  return `${parts.join(', ')}.`;
}

/** What must be seen first: errors, and what may not be applied. */
export function alerts(sync: SyncPlan): readonly string[] {
  const name = code(sync.name);
  if (sync.error !== null) {
    const { message, where, hint } = sync.error;
    const lines = [
      `${name} could not be planned${where === null ? '' : ` (${code(where)})`}: ${text(cutText(message))}`,
      ...(hint === null ? [] : [text(cutText(hint))]),
    ];
    return [alert('CAUTION', lines)];
  }
  if (sync.blocked.length === 0) return [];
  const reasons = sync.blocked.map(
    (block) => `${block.kind}: ${text(cutText(block.message))}${block.hint === null ? '' : ` (${text(cutText(block.hint))})`}`,
  );
  return [alert('CAUTION', [`${name} will not be applied`, ...withinLimit(reasons)])];
}

/** The first reasons: one sync must not take the room of a whole comment. */
function withinLimit(reasons: readonly string[]): readonly string[] {
  const ends = reasons.map((_, index) => reasons.slice(0, index + 1).reduce((sum, reason) => sum + Buffer.byteLength(reason), 0));
  const fitting = Math.max(1, ends.filter((end) => end <= REASONS).length);
  const left = reasons.length - fitting;
  return [...reasons.slice(0, fitting), ...(left > 0 ? [`... ${plural(left, 'more reason')}`] : [])];
}

function cutText(message: string): string {
  return message.length > MESSAGE ? `${message.slice(0, MESSAGE).toWellFormed()}...` : message;
}

function alert(kind: 'CAUTION', lines: readonly string[]): string {
  return [`> [!${kind}]`, ...lines.map((line, index) => `> ${index === 0 ? `**${line}**` : `- ${line}`}`)].join('\n');
}

function overview(syncs: readonly SyncPlan[]): string {
  const head = ['Sync', 'Destination', 'Create', 'Update', 'Clear', 'Delete', 'Drift', 'Held', 'Rejected'];
  const rows = syncs.map((sync) => {
    const { create, update, clear, delete: deletes, drift, conflict, held, rejected, known_rejected } = sync.summary;
    const numbers = [create, update, clear, deletes, drift + conflict, held, rejected + known_rejected];
    return [code(sync.name), code(`${sync.destination}.${sync.object}`), ...numbers.map((number) => shownCount(number))];
  });
  return markdownTable(head, ['---', '---', ...numbersAlign(7)], rows);
}

function numbersAlign(columns: number): readonly string[] {
  return Array.from({ length: columns }, () => '---:');
}

export function markdownTable(head: readonly string[], align: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, align, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** One sync, folded away unless opened. */
function details(sync: SyncPlan): string {
  if (sync.error !== null) return '';
  const shown = sync.report_values === 'shown';
  const body = [
    takeovers(sync),
    fieldsTable(sync, shown),
    rejects(sync.rejects, shown),
    ...(shown ? [samples(sync.samples)] : []),
    sync.notes.map((note) => `- ${text(note)}`).join('\n'),
  ].filter((part) => part !== '');
  if (body.length === 0) return '';
  const hidden = shown ? '' : '; values are not shown here';
  return [`<details><summary>${code(sync.name)}: ${text(driftChecked(sync))}${hidden}</summary>`, ...body, '</details>'].join('\n\n');
}

export function fieldsTable(sync: SyncPlan, shown: boolean): string {
  const all = [...new Set([...Object.keys(sync.fields), ...Object.keys(sync.drift_fields)])];
  if (all.length === 0) return '';
  const names = all.slice(0, FIELDS);
  const due = sync.attribution?.fields;
  const updated = due === undefined ? ['Updated'] : ['Updated by this branch', 'Already pending'];
  const rows = names.map((field) => {
    const frequent = shown && Object.hasOwn(sync.transitions, field) ? transitionText(sync.transitions[field]) : '';
    const own = due !== undefined && Object.hasOwn(due, field) ? due[field] : undefined;
    const numbers = due === undefined ? [numberOf(sync.fields, field)] : [shownCount(own?.branch ?? 0), shownCount(own?.pending ?? 0)];
    return [code(field), ...numbers, numberOf(sync.drift_fields, field), ...(shown ? [frequent === '' ? '' : code(frequent)] : [])];
  });
  const last = shown ? ['Most frequent'] : [];
  const table = markdownTable(
    ['Field', ...updated, 'Drifted', ...last],
    ['---', ...numbersAlign(updated.length + 1), ...last.map(() => '---')],
    rows,
  );
  return all.length > FIELDS ? `${table}\n\n... and ${plural(all.length - FIELDS, 'more field')}` : table;
}

/** The first write over what others typed: the one thing a reviewer cannot see from counts of updates. */
export function takeovers({ summary: { takeover } }: SyncPlan): string {
  return takeover === 0 ? '' : `${plural(takeover, 'record')} taken over: they hold values that Sluice did not write.`;
}

function shownCount(value: number): string {
  return value === 0 ? '' : count(value);
}

function numberOf(fields: Readonly<Record<string, number>>, field: string): string {
  const value = Object.hasOwn(fields, field) ? (fields[field] ?? 0) : 0;
  return shownCount(value);
}

/** Messages and keys of rejects hold values: masked, only the code and the number show. */
export function rejects(groups: readonly RejectGroup[], shown: boolean): string {
  if (groups.length === 0) return '';
  const rows = groups.map((group) => [
    code(group.code),
    group.field === null ? '' : code(group.field),
    count(group.count),
    ...(shown ? [firstOf(group)] : []),
  ]);
  const last = shown ? ['First'] : [];
  return markdownTable(['Rejected', 'Field', 'Records', ...last], ['---', '---', '---:', ...last.map(() => '---')], rows);
}

function firstOf({ examples: [example] }: RejectGroup): string {
  return example === undefined ? '' : `${code(keyText(example.key))} ${code(example.message)}`;
}

export function samples(list: readonly ChangeSample[]): string {
  if (list.length === 0) return '';
  const rows = list.map((sample) => {
    const fields = sample.action === 'delete' ? [] : sample.fields.slice(0, FIELDS);
    const label = sample.label === null ? '' : ` ${code(sample.label)}`;
    return [
      sample.action,
      `${code(keyText(sample.key))}${label}`,
      fields.map((change) => code(fieldChange(change, sample.action))).join('<br>'),
    ];
  });
  return markdownTable(['Change', 'Record', 'Fields'], ['---', '---', '---'], rows);
}
