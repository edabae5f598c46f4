/** What the branch changed, and which changes are due to it (`plan --base`). */
import type { Attribution, ChangeCounts, PlanDocument, SyncPlan } from '../../plan/document.ts';
import { count, plural } from '../format.ts';
import { html, type Html, lines, NOTHING } from './markup.ts';

/** Over all syncs. */
export function branchOverview({ base, syncs }: PlanDocument): Html {
  if (base === undefined) return NOTHING;
  const dirty = base.dirty ? ' Changes that are in no commit were planned, too.' : '';
  const compared =
    base.status === 'compared'
      ? `Compared with ${base.ref} at ${base.commit.slice(0, 12)}${base.unchanged === 0 ? '' : `: ${plural(base.unchanged, 'sync is', 'syncs are')} unchanged`}.${dirty}`
      : `Not compared with ${base.ref} at ${base.commit.slice(0, 12)}: ${base.why ?? base.status}.${dirty}`;
  const attributions = syncs.flatMap((sync) => sync.attribution ?? []);
  const removed = base.removed.map(
    (sync) =>
      html`<li>
        <b>${sync.name}</b> is removed: ${plural(sync.records, 'record')} of ${sync.destination}.${sync.object} released, none deleted
      </li>`,
  );
  return html`<div class="branch">
    <p>${compared}</p>
    ${attributions.length === 0 ? NOTHING : attributionList(sumOf(attributions))}
    ${
      removed.length === 0
        ? NOTHING
        : html`<ul class="notes">
            ${removed}
          </ul>`
    }
  </div>`;
}

/** Of one sync: its configuration, and its changes by what they are due to, unless it is `alone` and the overview said it. */
export function branchSection({ change, attribution }: SyncPlan, alone: boolean): Html {
  const parts = [
    ...(alone || attribution === undefined || attribution === null ? [] : [attributionList(attribution)]),
    ...(change === undefined || change.kind === 'unchanged' ? [] : [configuration(change)]),
  ];
  return parts.length === 0 ? NOTHING : html`<div class="branch">${parts}</div>`;
}

function configuration({ kind, from, diff }: NonNullable<SyncPlan['change']>): Html {
  const said =
    from === null ? `The branch ${kind === 'added' ? 'adds' : 'changes'} this sync.` : `The branch renames this sync; it was ${from}.`;
  return html`<p>${said}</p>
    ${
      diff === ''
        ? NOTHING
        : html`<details>
            <summary>Configuration</summary>
            <pre class="diff">${diffLines(diff)}</pre>
          </details>`
    }`;
}

function diffLines(diff: string): readonly Html[] {
  const toneOf = (line: string): string =>
    line.startsWith('+') ? 'tone-text-create' : line.startsWith('-') ? 'tone-text-delete' : 'quiet';
  return diff.split('\n').map((line) => html`<span class="${toneOf(line)}">${lines(line)}</span>`);
}

function attributionList({ branch, pending, withdrawn }: Pick<Attribution, 'branch' | 'pending' | 'withdrawn'>): Html {
  const rows: readonly (readonly [string, ChangeCounts])[] = [
    ['Due to this branch', branch],
    ['Pending anyway', pending],
    ['Withdrawn by this branch', withdrawn],
  ];
  const shown = rows.filter(([, counts], index) => index < 2 || total(counts) > 0);
  return html`<dl class="attribution">
    ${shown.map(
      ([label, counts]) =>
        html`<div>
          <dt>${label}</dt>
          <dd>${countsText(counts)}</dd>
        </div>`,
    )}
  </dl>`;
}

function countsText(counts: ChangeCounts): readonly Html[] {
  const parts = [
    ['create', '+', counts.create],
    ['update', '~', counts.update],
    ['clear', '~', counts.clear],
    ['delete', '-', counts.delete],
  ] as const;
  const shown = parts.filter(([, , value]) => value > 0);
  if (shown.length === 0) return [html`<span class="quiet">nothing</span>`];
  return shown.map(([tone, symbol, value]) => html`<span class="tone-text-${tone}">${symbol} ${count(value)} ${tone}</span>`);
}

function total(counts: ChangeCounts): number {
  return counts.create + counts.update + counts.clear + counts.delete;
}

function sumOf(list: readonly Attribution[]): Pick<Attribution, 'branch' | 'pending' | 'withdrawn'> {
  const add = (part: 'branch' | 'pending' | 'withdrawn'): ChangeCounts => {
    const sum = (action: keyof ChangeCounts): number => list.reduce((all, each) => all + each[part][action], 0);
    return { create: sum('create'), update: sum('update'), delete: sum('delete'), clear: sum('clear') };
  };
  return { branch: add('branch'), pending: add('pending'), withdrawn: add('withdrawn') };
}
