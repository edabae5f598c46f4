/** What moved in the destinations, as Markdown for an issue. Keys and values show only where `report.values` says so. */
import type { FieldChange, PlanDocument, SyncPlan } from '../plan/document.ts';
import { count, fieldChange, keyText, plural } from './format.ts';
import { markdownCode as code, markdownText as text } from './markdown-escape.ts';

/** An issue holds 65,536 characters: a project may have 500 syncs, and a name 200 characters. */
const SYNCS = 50;
const FIELDS = 12;
const EXAMPLES = 5;

/** Records that were changed in the destination since Sluice wrote them. */
export function driftCount({ summary }: Pick<PlanDocument, 'summary'>): number {
  return summary.drift + summary.conflict;
}

/** `Drift in acme (prod)`: the same from run to run. */
export function driftTitle({ project, environment }: PlanDocument): string {
  return `Sluice: drift in ${project}${environment === null ? '' : ` (${environment})`}`;
}

/** The whole text, with a line end at the end. */
export function renderDriftMarkdown(document: PlanDocument): string {
  const moved = document.syncs.filter((sync) => sync.summary.drift + sync.summary.conflict > 0);
  const failed = document.syncs.filter((sync) => sync.error !== null);
  const unread = failed.map((sync) => `- ${code(sync.name)} could not be read: ${text(sync.error?.message ?? '')}`);
  const parts = [
    headline(document, failed.length > 0),
    unread.slice(0, SYNCS).join('\n'),
    moved.length === 0 ? '' : overview(moved.slice(0, SYNCS)),
    ...moved.slice(0, SYNCS).map((sync) => details(sync)),
    moved.length > SYNCS ? `${count(moved.length - SYNCS)} more syncs have drift: \`sluice drift\` lists them.` : '',
    moved.length === 0 ? '' : 'The next apply overwrites what is not held. To keep what the destination says: `sluice accept SYNC`.',
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function headline(document: PlanDocument, failed: boolean): string {
  const where = `project ${code(document.project)}${document.environment === null ? '' : `, environment ${code(document.environment)}`}`;
  const records = driftCount(document);
  if (records === 0) return `${failed ? 'No drift in what could be read' : 'No drift'}: ${where}.`;
  const conflicts = document.summary.conflict === 0 ? '' : `, ${count(document.summary.conflict)} of them in conflict with the warehouse`;
  return `**${plural(records, 'record')} changed in the destination**${conflicts}: ${where}.`;
}

function overview(syncs: readonly SyncPlan[]): string {
  const rows = syncs.map(({ name, destination, object, live_read, summary }) => {
    const held = summary.held === 0 ? '' : count(summary.held);
    return [code(name), code(`${destination}.${object}`), count(live_read), count(summary.drift), count(summary.conflict), held];
  });
  const head = [
    ['Sync', 'Destination', 'Read', 'Drift', 'Conflict', 'Held'],
    ['---', '---', '---:', '---:', '---:', '---:'],
  ];
  return [...head, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Fields with their counts; records only where values may be shown. */
function details(sync: SyncPlan): string {
  const fields = Object.entries(sync.drift_fields).slice(0, FIELDS);
  const list = fields.map(([field, records]) => `${code(field)} ${count(records)}`).join(', ');
  const examples = sync.report_values === 'shown' ? exampleLines(sync) : [];
  if (list === '' && examples.length === 0) return '';
  return [`${code(sync.name)}: ${list}`, ...examples].join('\n');
}

/** The arrow leads to what the warehouse says. */
function exampleLines(sync: SyncPlan): readonly string[] {
  const moved = (fields: readonly FieldChange[]): readonly FieldChange[] =>
    fields.filter((field) => field.case === 'drift' || field.case === 'conflict');
  const written = sync.samples.filter((sample) => moved(sample.fields).length > 0 || sample.reason === 'gone');
  const line = (key: readonly string[], fields: readonly FieldChange[], what: string): string =>
    [`- ${code(keyText(key))} ${what}`, ...fields.slice(0, FIELDS).map((field) => code(fieldChange(field, 'update')))].join(' ');
  return [
    ...sync.held.map((held) => line(held.key, held.fields, 'held')),
    ...written.map((sample) => line(sample.key, moved(sample.fields), 'will be overwritten')),
  ].slice(0, EXAMPLES);
}
