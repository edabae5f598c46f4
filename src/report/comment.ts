/**
 * A plan as the comment of a pull request, and as the summary of its job. Parts are added while there is room, the most
 * important first, so that neither grows with the project or the plan. Values show only where `report.values` says so.
 */
import type { PlanDocument, SyncPlan } from '../plan/document.ts';
import { attributionText, countsText, totalAttribution } from './base-text.ts';
import { count, plural } from './format.ts';
import { alerts, fieldsTable, headline, markdownTable, rejects, samples, takeovers } from './markdown.ts';
import { markdownCode as code, markdownText as text } from './markdown-escape.ts';
import { driftChecked } from './text.ts';
import { costText } from './totals.ts';

interface Limits {
  /** UTF-8 bytes of the whole text. A comment holds 65,536 characters, a summary 1 MiB. */
  readonly bytes: number;
  /** Rows of the table of syncs. */
  readonly rows: number;
  /** Lines of one configuration diff. */
  readonly diffLines: number;
  readonly hasSamples: boolean;
}

const COMMENT: Limits = { bytes: 60_000, rows: 60, diffLines: 60, hasSamples: false };
const SUMMARY: Limits = { bytes: 900_000, rows: 1000, diffLines: 1000, hasSamples: true };

/** What `show --format comment` prints. */
export function renderComment(document: PlanDocument): string {
  return render(document, COMMENT);
}

/** What `show --format summary` prints. */
export function renderSummary(document: PlanDocument): string {
  return render(document, SUMMARY);
}

/** Alerts before the numbers; the others behind them, where they may find no room. */
const FIRST_ALERTS = 10;

function render(document: PlanDocument, limits: Limits): string {
  const warnings = document.syncs.flatMap((sync) => alerts(sync));
  const parts = [
    `## ${headline(document)}`,
    provenance(document),
    ...attribution(document),
    ...warnings.slice(0, FIRST_ALERTS),
    overview(document.syncs, limits.rows),
    removed(document, limits.rows),
    costText(document.syncs)
      .map((line) => text(line))
      .join(' '),
    ...warnings.slice(FIRST_ALERTS),
    ...document.syncs.map((sync) => syncDetails(sync, limits)),
  ];
  return withinBytes(
    parts.filter((part) => part !== ''),
    limits.bytes,
  );
}

/** As many parts as fit, and how many do not. */
function withinBytes(parts: readonly string[], bytes: number): string {
  const kept: string[] = [];
  let left = bytes - 200;
  for (const part of parts) {
    const size = Buffer.byteLength(part) + 2;
    if (size > left) continue;
    kept.push(part);
    left -= size;
  }
  const missing = parts.length - kept.length;
  const note = missing === 0 ? [] : [`${plural(missing, 'part')} of this report ${missing === 1 ? 'does' : 'do'} not fit in here.`];
  return `${[...kept, ...note].join('\n\n')}\n`;
}

function provenance({ project, environment, commit, base }: PlanDocument): string {
  const parts = [
    `Project ${code(project)}`,
    ...(environment === null ? [] : [`environment ${code(environment)}`]),
    ...(commit === null ? [] : [`commit ${code(commit)}`]),
    ...(base === undefined ? [] : [`compared with ${code(base.ref)} at ${code(base.commit.slice(0, 7))}`]),
  ];
  const unchanged =
    base === undefined || base.unchanged === 0 ? '' : ` ${plural(base.unchanged, 'sync is', 'syncs are')} unchanged and not planned.`;
  return `${parts.join(', ')}.${unchanged}`;
}

/** What the branch does, and what would have been done without it. */
function attribution(document: PlanDocument): readonly string[] {
  const { base } = document;
  if (base === undefined) return [];
  if (base.why !== null) return [`> [!WARNING]\n> ${text(base.why)}`];
  const total = totalAttribution(document);
  return total === undefined ? [] : [`**${text(attributionText(total, 'This pull request'))}**`];
}

function overview(syncs: readonly SyncPlan[], rows: number): string {
  if (syncs.length === 0) return 'No sync is affected.';
  const attributed = syncs.some((sync) => sync.attribution !== undefined);
  const own = attributed ? ['This pull request', 'Already pending'] : ['Changes'];
  const head = ['Sync', 'Destination', 'Configuration', ...own, 'Drift', 'Held', 'Rejected'];
  const align = ['---', '---', '---', ...own.map(() => '---'), '---:', '---:', '---:'];
  const lines = loudestFirst(syncs).slice(0, rows).map((sync) => [code(sync.name), code(`${sync.destination}.${sync.object}`), kindOf(sync), ...changes(sync, attributed), ...numbers(sync)]); // prettier-ignore
  const more = syncs.length > rows ? `\n\n${count(syncs.length - rows)} more syncs are not in this table.` : '';
  return `${markdownTable(head, align, lines)}${more}`;
}

/** What cannot be applied, then what writes most. */
function loudestFirst(syncs: readonly SyncPlan[]): readonly SyncPlan[] {
  const weight = ({ error, blocked, summary }: SyncPlan): number =>
    error !== null || blocked.length > 0 ? Number.POSITIVE_INFINITY : summary.create + summary.update + summary.delete + summary.clear;
  return syncs.toSorted((a, b) => (weight(a) === weight(b) ? 0 : weight(b) - weight(a)));
}

function kindOf({ change, error, blocked }: SyncPlan): string {
  const state = error !== null ? '**failed**' : blocked.length > 0 ? '**blocked**' : '';
  const kind = change === undefined || change.kind === 'unchanged' ? '' : change.kind === 'added' ? 'new' : change.kind;
  const from = change?.from === undefined || change.from === null ? '' : ` from ${code(change.from)}`;
  return [`${kind}${from}`, state].filter((part) => part !== '').join(', ');
}

function changes({ summary, attribution: due }: SyncPlan, attributed: boolean): readonly string[] {
  if (!attributed) return [code(countsText(summary))];
  if (due === undefined || due === null) return [`${code(countsText(summary))} (not told apart)`, ''];
  return [code(countsText(due.branch)), code(countsText(due.pending))];
}

function numbers({ summary }: SyncPlan): readonly string[] {
  const { drift, conflict, held, rejected, known_rejected } = summary;
  return [drift + conflict, held, rejected + known_rejected].map((number) => (number === 0 ? '' : count(number)));
}

function removed({ base }: PlanDocument, rows: number): string {
  const all = base?.removed ?? [];
  const lines = all.slice(0, rows).map(
    ({ name, destination, object, records }) =>
      `- ${code(name)} is removed: ${plural(records, 'record')} of ${code(`${destination}.${object}`)} released, none deleted`,
  ); // prettier-ignore
  return [
    ...lines,
    ...(all.length > rows ? [`- ... and ${plural(all.length - rows, 'more sync is', 'more syncs are')} removed`] : []),
  ].join('\n');
}

/** One sync, folded away unless opened. */
function syncDetails(sync: SyncPlan, limits: Limits): string {
  if (sync.error !== null) return '';
  const shown = sync.report_values === 'shown';
  const body = [
    diff(sync, limits.diffLines),
    takeovers(sync),
    fieldsTable(sync, shown),
    limitsOf(sync),
    rejects(sync.rejects, shown),
    ...(shown && limits.hasSamples ? [samples(sync.samples)] : []),
    sync.notes.map((note) => `- ${text(note)}`).join('\n'),
  ].filter((part) => part !== '');
  if (body.length === 0) return '';
  const hidden = shown ? '' : '; values are not shown here';
  return [`<details><summary>${code(sync.name)}: ${text(driftChecked(sync))}${hidden}</summary>`, ...body, '</details>'].join('\n\n');
}

/** In a fence that is longer than any in the diff: nothing in it can end it. */
function diff({ change }: SyncPlan, most: number): string {
  const lines = (change?.diff ?? '')
    .replaceAll(/[^\P{C}\n\t]/gu, '\uFFFD')
    .replace(/\n$/, '')
    .split('\n');
  if (change === undefined || change.diff === '') return '';
  const longest = Math.max(2, ...[...change.diff.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const more = lines.length > most ? [`... ${count(lines.length - most)} more lines`] : [];
  return [`${fence}diff`, ...lines.slice(0, most), ...more, fence].join('\n');
}

/** Guards that come close or trip, and checks that fail; nothing where all is well. */
function limitsOf({ guards, checks }: SyncPlan): string {
  const near = guards.filter(({ ok, allowed, limit, actual }) => !ok || allowed || (limit !== null && actual > 0 && actual * 2 > limit));
  const rows = near.map(({ guard, actual, limit, ok, allowed }) => [
    `guard ${code(guard)}`,
    `${count(actual)} of ${limit === null ? 'any' : count(limit)}`,
    allowed ? 'allowed' : ok ? 'ok' : '**not allowed**',
  ]);
  const failed = checks.map(({ name, ok, violations }) => [
    `check ${code(name)}`,
    ok ? '' : plural(violations, 'violation'),
    ok ? 'ok' : '**failed**',
  ]);
  const all = [...rows, ...failed];
  return all.length === 0 ? '' : markdownTable(['Limit', 'Found', 'Result'], ['---', '---', '---'], all);
}
