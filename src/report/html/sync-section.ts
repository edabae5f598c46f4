/** One sync in detail: its fields and their most frequent changes, guards, checks, rejects, notes. */
import { isStopped, type SyncPlan, type Transition } from '../../plan/document.ts';
import { cut } from '../escape.ts';
import { brief, bytes, count, keyText, plural } from '../format.ts';
import { driftChecked } from '../text.ts';
import { changesIn } from '../totals.ts';
import { branchSection } from './branch.ts';
import { bar } from './chart.ts';
import { html, type Html, NOTHING } from './markup.ts';
import { changeParts } from './overview.ts';

const FIELDS = 40;
/** Characters of an example. */
const EXAMPLE = 300;

/** `alone`: the overview has said what this section would say first. */
export function syncSection(sync: SyncPlan, options: { readonly index: number; readonly masked: boolean; readonly alone: boolean }): Html {
  const { index, masked, alone } = options;
  const body = [
    alone ? NOTHING : changes(sync),
    branchSection(sync, alone),
    fields(sync, masked),
    guards(sync),
    checks(sync, masked),
    rejects(sync, masked),
    notes(sync),
  ];
  return html`<section id="sync-${index}" class="sync" aria-labelledby="sync-${index}-name">
    <header>
      <h2 id="sync-${index}-name">${sync.name}</h2>
      <p class="quiet">
        ${sync.source} → ${sync.destination}.${sync.object} · ${driftChecked(sync)}${masked ? ' · values are not shown' : ''}
      </p>
    </header>
    ${body.filter((each) => each !== NOTHING)}
  </section>`;
}

function changes(sync: SyncPlan): Html {
  const { summary, cost } = sync;
  if (isStopped(sync)) return NOTHING;
  if (changesIn(summary) === 0) return html`<p class="quiet">No changes, ${count(summary.unchanged)} unchanged.</p>`;
  const parts = changeParts(summary).filter((part) => part.count > 0);
  const billed = [
    ...(cost.api_calls === null ? [] : [plural(cost.api_calls, 'API call')]),
    ...(cost.bytes_billed === null ? [] : [`${bytes(cost.bytes_billed)} billed`]),
  ];
  return html`<div class="changes">
    ${bar(parts, changesIn(summary))}
    <p>
      ${parts.map((part) => html`<span class="legend tone-text-${part.tone}">${part.label} <b>${count(part.count)}</b></span> `)}<span
        class="quiet"
        >${billed.join(', ')}</span
      >
    </p>
  </div>`;
}

/** A bar for each field, as long as its share of the updated records. */
function fields(sync: SyncPlan, masked: boolean): Html {
  const names = [...new Set([...Object.keys(sync.fields), ...Object.keys(sync.drift_fields)])];
  if (names.length === 0) return NOTHING;
  const most = Math.max(1, ...Object.values(sync.fields), ...Object.values(sync.drift_fields));
  const rows = names.slice(0, FIELDS).map((name) => {
    const [updated, drifted] = [own(sync.fields, name), own(sync.drift_fields, name)];
    const numbers = [...(updated > 0 ? [count(updated)] : []), ...(drifted > 0 ? [`${count(drifted)} drifted`] : [])].join(', ');
    const chart =
      updated > 0
        ? bar([{ tone: 'update', label: `${name} updated`, count: updated }], most)
        : bar([{ tone: 'drift', label: `${name} drifted`, count: drifted }], most);
    const frequent = masked || !Object.hasOwn(sync.transitions, name) ? NOTHING : transitions(sync.transitions[name] ?? [], updated);
    return html`<tr>
      <th scope="row">${name}</th>
      <td class="chart">${chart}</td>
      <td class="number">${numbers}</td>
      <td>${frequent}</td>
    </tr>`;
  });
  const more = names.length > FIELDS ? html`<p class="quiet">... ${count(names.length - FIELDS)} more fields</p>` : NOTHING;
  const caption = html`<caption>
      Fields
    </caption>
    <thead class="hidden">
      <tr>
        <th scope="col">Field</th>
        <th scope="col">Share</th>
        <th scope="col">Records</th>
        <th scope="col">Most frequent</th>
      </tr>
    </thead>`;
  return html`<div class="scroll">
      <table class="fields">
        ${caption}
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
    ${more}`;
}

function transitions(list: readonly Transition[], updated: number): Html {
  const shown = list.filter((each) => each.count > 1);
  if (shown.length === 0) return NOTHING;
  const items = shown.map((each) => {
    const words = `${brief(each.before)} → ${brief(each.after)}`;
    return html`<li>
      <span class="transition"><bdi class="before">${brief(each.before)}</bdi> → <bdi class="after">${brief(each.after)}</bdi></span
      >${bar([{ tone: 'transition', label: words, count: each.count }], updated)}<span class="number">${count(each.count)}</span>
    </li>`;
  });
  return html`<ul class="transitions">
    ${items}
  </ul>`;
}

function guards(sync: SyncPlan): Html {
  const shown = sync.guards.filter((guard) => guard.actual > 0 || !guard.ok);
  if (shown.length === 0) return NOTHING;
  const rows = shown.map((guard) => {
    const verdict = guard.ok
      ? guard.allowed
        ? html`<span class="badge tone-text-update"
            >${guard.approved_by === undefined ? 'allowed' : `allowed by ${guard.approved_by.file} until ${guard.approved_by.until}`}</span
          >`
        : NOTHING
      : html`<span class="badge tone-text-delete">exceeded</span>`;
    return html`<tr>
      <th scope="row">${guard.guard}</th>
      <td class="number">${count(guard.actual)}</td>
      <td class="number quiet">${guard.limit === null ? 'no limit' : `of ${count(guard.limit)}`}</td>
      <td>${verdict}</td>
    </tr>`;
  });
  return html`<table class="guards">
    <caption>
      Guards
    </caption>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}

function checks(sync: SyncPlan, masked: boolean): Html {
  if (sync.checks.length === 0) return NOTHING;
  const rows = sync.checks.map((check) => {
    const examples = masked ? '' : check.examples.map((each) => cut(each, EXAMPLE)).join('; ');
    const verdict = check.ok
      ? html`<span class="badge tone-text-create">holds</span>`
      : html`<span class="badge tone-text-delete">${plural(check.violations, 'violation')}</span>`;
    return html`<tr>
      <th scope="row">${check.name}</th>
      <td>${verdict}</td>
      <td class="quiet">${examples}</td>
    </tr>`;
  });
  return html`<table class="checks">
    <caption>
      Checks
    </caption>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}

/** Keys and messages of rejects hold values. */
function rejects(sync: SyncPlan, masked: boolean): Html {
  if (sync.rejects.length === 0) return NOTHING;
  const rows = sync.rejects.map((group) => {
    const [example] = group.examples;
    const first = masked || example === undefined ? NOTHING : html`<bdi>${keyText(example.key)}</bdi>: ${cut(example.message, EXAMPLE)}`;
    return html`<tr>
      <th scope="row">${group.code}</th>
      <td>${group.field ?? ''}</td>
      <td class="number">${count(group.count)}</td>
      <td class="quiet">${first}</td>
    </tr>`;
  });
  return html`<div class="scroll">
    <table class="rejects">
      <caption>
        Rejected
      </caption>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

function notes(sync: SyncPlan): Html {
  const released = sync.released_fields.length === 0 ? [] : [`released fields: ${sync.released_fields.join(', ')}`];
  const all = [...sync.notes, ...released];
  return all.length === 0
    ? NOTHING
    : html`<ul class="notes">
        ${all.map((note) => html`<li>${note}</li>`)}
      </ul>`;
}

function own(fields: Readonly<Record<string, number>>, name: string): number {
  return Object.hasOwn(fields, name) ? (fields[name] ?? 0) : 0;
}
