/**
 * A plan as one page of HTML that needs nothing else: no network, no other file. Comes as a stream of text, because a plan
 * may hold more records than fit into memory.
 */
import type { PlanDocument } from '../../plan/document.ts';
import type { PlanFile } from '../../plan/plan-file.ts';
import { count } from '../format.ts';
import { type Assets, readAssets } from './assets.ts';
import { Html, html, jsonData, NOTHING } from './markup.ts';
import { headline, overview } from './overview.ts';
import { type IsMasked, recordChunks } from './records.ts';
import { syncSection } from './sync-section.ts';
import type { WireMeta } from './wire.ts';

export interface HtmlOptions {
  /** Overrides the `report.values` of every sync. */
  readonly values?: 'masked' | 'shown' | undefined;
  /** The plan file as the user would type it, for commands that the page shows. */
  readonly planFile: string;
}

export async function* renderHtml(file: PlanFile, options: HtmlOptions): AsyncGenerator<string> {
  const { document } = file;
  const assets = await readAssets();
  const isMasked: IsMasked = (sync) => (options.values ?? sync.report_values ?? 'masked') === 'masked';
  yield head(document, assets).text;
  yield html`<main>${overview(document, isMasked)}</main> `.text;
  for (const [index, sync] of document.syncs.entries()) {
    const about = { index, masked: isMasked(sync), alone: document.syncs.length === 1 };
    if (sync.error === null) yield `${syncSection(sync, about).text}\n`;
  }
  yield RECORDS.text;
  const meta: WireMeta = yield* recordChunks(file, isMasked);
  yield tail(meta, assets, options).text;
}

function head(document: PlanDocument, { style, policy }: Assets): Html {
  const { project, environment, commit } = document;
  const facts = [project, ...(environment === null ? [] : [environment]), ...(commit === null ? [] : [commit.slice(0, 12)])];
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <meta name="generator" content="Sluice ${document.sluice_version}" />
        <title>${headline(document)}: ${project}</title>
        ${raw('style', style)}
      </head>
      <body>
        <a class="skip" href="#records">Skip to the records</a>
        <header class="top">
          <div>
            <p class="eyebrow">Sluice plan · ${facts.join(' · ')}</p>
            <h1>${headline(document)}</h1>
            <p class="quiet">
              ${when(document.created_at)} · plan <code>${document.plan_id}</code> ·
              ${document.applyable ? 'may be applied' : 'may not be applied'}
            </p>
          </div>
          <button id="theme" type="button" hidden>Theme: auto</button>
        </header>
      </body>
    </html> `;
}

/** Ours, byte for byte: its hash is in the policy. */
function raw(element: 'style' | 'script', text: string): Html {
  return new Html(`<${element}>${text}</${element}>`);
}

function when(iso: string): string {
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`;
}

const RECORDS = html`<section id="records" aria-labelledby="records-name">
<header><h2 id="records-name">Records</h2><p id="status" class="quiet" role="status" aria-live="polite"></p></header>
<noscript><p>Searching records needs JavaScript, which this page brings along. Without it: <code>sluice show FILE --records</code></p></noscript>
<form id="filters" role="search" hidden>
<label class="search"><span class="hidden">Search</span><input id="search" type="search" placeholder="Search keys and values ( / )" autocomplete="off" spellcheck="false" aria-controls="grid"></label>
<fieldset id="kinds"><legend class="hidden">Kind of change</legend></fieldset>
<label>Sync <select id="filter-sync"><option value="">all</option></select></label>
<label>Field <select id="filter-field"><option value="">all</option></select></label>
<label>Case <select id="filter-case"><option value="">all</option></select></label>
<label>Due to <select id="filter-due"><option value="">all</option><option value="branch">this branch</option><option value="pending">pending anyway</option></select></label>
<button type="reset">Clear</button>
</form>
<div id="explorer" hidden>
<div id="grid" class="grid" role="grid" tabindex="0" aria-label="Records" aria-describedby="keys"></div>
<aside id="detail" class="detail" tabindex="-1" aria-label="The record" hidden></aside>
</div>
<p id="keys" class="quiet keys" hidden><kbd>/</kbd> search <kbd>↑</kbd> <kbd>↓</kbd> move <kbd>Enter</kbd> open <kbd>Esc</kbd> back</p>
<div id="printed"></div>
</section>
</main>
`;

function tail(meta: WireMeta, { script }: Assets, options: HtmlOptions): Html {
  const all = meta.leftOut === 0 ? NOTHING : html`<p class="quiet">${count(meta.leftOut)} more records are in the plan file only.</p>`;
  return html`<footer class="quiet">${all}<p>The plan file has every value in full: <code>sluice show ${options.planFile} --records</code></p></footer>
<script type="application/json" id="meta">${jsonData(meta)}</script>
${raw('script', script)}
</body>
</html>
`;
}
