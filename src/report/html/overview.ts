/** The head of the page: what the plan comes to, what stops it, and its syncs side by side. */
import { type Blocked, isStopped, type PlanDocument, type Summary, type SyncPlan } from '../../plan/document.ts';
import { cut } from '../escape.ts';
import { count, plural } from '../format.ts';
import { changesIn, costText, summaryText } from '../totals.ts';
import { branchOverview } from './branch.ts';
import { bar, type Part } from './chart.ts';
import { html, type Html, lines, NOTHING } from './markup.ts';
import type { IsMasked } from './records.ts';

/** Characters of a reason: the example in it may be of any length. */
const MESSAGE = 1000;

export function headline(document: PlanDocument): string {
  const failed = document.syncs.filter((sync) => sync.error !== null || isStopped(sync)).length;
  const counts = summaryText(document.summary);
  if (counts.length > 0) return sentence(counts);
  return failed > 0 ? `${plural(failed, 'sync', 'syncs')} could not be planned` : 'No changes';
}

function sentence(counts: readonly string[]): string {
  const last = counts.at(-1) ?? '';
  return counts.length < 2 ? last : `${counts.slice(0, -1).join(', ')} and ${last}`;
}

export function overview(document: PlanDocument, isMasked: IsMasked): Html {
  const { summary } = document;
  return html`<section id="overview" aria-label="Overview">
    ${bar(changeParts(summary), changesIn(summary))}
    <dl class="tiles">${tiles(summary)}</dl>
    ${document.syncs.map((sync) => alert(sync, isMasked(sync)))} ${branchOverview(document)} ${syncTable(document.syncs)} ${costs(document)}
  </section>`;
}

export function changeParts(summary: Summary): readonly Part[] {
  return [
    { tone: 'create', label: 'create', count: summary.create },
    { tone: 'update', label: 'update', count: summary.update },
    { tone: 'clear', label: 'clear', count: summary.clear },
    { tone: 'delete', label: 'delete', count: summary.delete },
  ];
}

function tiles(summary: Summary): readonly Html[] {
  const always: readonly (readonly [string, string, number])[] = [
    ['create', 'to create', summary.create],
    ['update', 'to update', summary.update],
    ['delete', 'to delete', summary.delete],
  ];
  const others: readonly (readonly [string, string, number])[] = [
    ['clear', 'to clear', summary.clear],
    ['held', 'held', summary.held],
    ['reject', 'rejected', summary.rejected + summary.known_rejected],
    ['drift', 'drifted', summary.drift + summary.conflict],
    ['drift', 'taken over', summary.takeover],
    ['quiet', 'unchanged', summary.unchanged],
  ];
  return [...always, ...others.filter(([, , value]) => value > 0)].map(
    ([tone, label, value]) =>
      html`<div class="tile tone-text-${value === 0 ? 'quiet' : tone}">
        <dt>${label}</dt>
        <dd>${count(value)}</dd>
      </div>`,
  );
}

/** What must be seen first: a sync that failed, or that may not be applied. */
function alert(sync: SyncPlan, masked: boolean): Html {
  if (sync.error !== null) {
    const { message, where, hint } = sync.error;
    return html`<div class="alert" role="note">
      <h2>${sync.name} could not be planned</h2>
      ${where === null ? NOTHING : html`<p><code>${where}</code></p>`}
      <p class="lines">${lines(message)}</p>
      ${hint === null ? NOTHING : html`<p class="lines quiet">${lines(hint)}</p>`}
    </div>`;
  }
  if (sync.blocked.length === 0) return NOTHING;
  const reasons = sync.blocked.map(
    (block) =>
      html`<li>
        <strong>${block.kind}</strong>
        <span class="lines">${lines(cut(reasonOf(sync, block, masked), MESSAGE))}</span
        >${block.hint === null ? NOTHING : html`<br /><span class="lines quiet">${lines(block.hint)}</span>`}
      </li>`,
  );
  return html`<div class="alert" role="note">
    <h2>${sync.name} will not be applied</h2>
    <ul>
      ${reasons}
    </ul>
  </div>`;
}

/** A failed check shows a row that it returned, unless values are masked. */
function reasonOf(sync: SyncPlan, block: Blocked, masked: boolean): string {
  if (masked || block.kind !== 'check') return block.message;
  const failed = sync.checks.find((check) => !check.ok && block.message.startsWith(`check "${check.name}": `));
  return [block.message, ...(failed?.examples.slice(0, 1) ?? [])].join(', such as ');
}

/** Of several syncs; columns in which something stands. */
function syncTable(syncs: readonly SyncPlan[]): Html {
  if (syncs.length < 2) return NOTHING;
  const columns = COLUMNS.filter(([, of]) => syncs.some((sync) => of(sync.summary) > 0));
  const rows = syncs.map((sync, index) => {
    const numbers = columns.map(([, of]) => html`<td class="number">${of(sync.summary) === 0 ? '' : count(of(sync.summary))}</td>`);
    const name = sync.error === null ? html`<a href="#sync-${index}">${sync.name}</a>` : html`${sync.name}`;
    return html`<tr>
      <th scope="row">${name}</th>
      <td class="ends">${sync.source} → ${sync.destination}.${sync.object}</td>
      ${numbers}
      <td>${status(sync)}</td>
    </tr>`;
  });
  const heads = columns.map(([head]) => html`<th scope="col" class="number">${head}</th>`);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Syncs">
    <table class="syncs">
      <thead>
        <tr>
          <th scope="col">Sync</th>
          <th scope="col">From, to</th>
          ${heads}
          <th scope="col">State</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

const COLUMNS: readonly (readonly [head: string, of: (summary: Summary) => number])[] = [
  ['Create', (summary) => summary.create],
  ['Update', (summary) => summary.update],
  ['Clear', (summary) => summary.clear],
  ['Delete', (summary) => summary.delete],
  ['Drift', (summary) => summary.drift + summary.conflict],
  ['Held', (summary) => summary.held],
  ['Rejected', (summary) => summary.rejected + summary.known_rejected],
];

function status(sync: SyncPlan): Html {
  if (sync.error !== null) return html`<span class="badge tone-text-delete">failed</span>`;
  if (sync.blocked.length > 0) return html`<span class="badge tone-text-delete">blocked</span>`;
  return changesIn(sync.summary) > 0
    ? html`<span class="badge tone-text-create">ready</span>`
    : html`<span class="badge">nothing to do</span>`;
}

function costs(document: PlanDocument): Html {
  const costs = costText(document.syncs);
  return costs.length === 0 ? NOTHING : html`<p class="quiet">${costs.join(' ')}</p>`;
}
