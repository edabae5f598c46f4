/**
 * `node scripts/screenshots.ts`: the pictures in `docs/images/`, of the HTML report of the second plan of the demo. Needs a
 * Chromium, as the tests do.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Browser, BrowserContextOptions } from 'playwright-core';

import { launchChromium, openWatched } from '../test/support/chromium.ts';
import { EDITS, moveTheWarehouse } from './demo-changes.ts';
import { databaseCrm } from './demo-crm.ts';
import { runSluice } from './demo-shell.ts';
import { withDatabase } from './example-databases.ts';

const IMAGES = join(import.meta.dirname, '..', 'docs', 'images');

interface Picture {
  readonly name: string;
  readonly options: BrowserContextOptions;
  /** What is looked at: the head of the page, or a record. */
  readonly of: 'overview' | 'record';
}

const PICTURES: readonly Picture[] = [
  { name: 'report', options: { viewport: { width: 1180, height: 860 } }, of: 'overview' },
  { name: 'report-record', options: { viewport: { width: 1180, height: 700 }, colorScheme: 'dark' }, of: 'record' },
  { name: 'report-phone', options: { viewport: { width: 390, height: 760 } }, of: 'record' },
];

const home = await mkdtemp(join(tmpdir(), 'sluice-screenshots-'));
try {
  await makePage(home);
  await using browser = await launchChromium();
  await mkdir(IMAGES, { recursive: true });
  for (const picture of PICTURES) await take(browser, picture);
} finally {
  await rm(home, { recursive: true, force: true });
}

/** The demo's second plan, in which everything occurs. */
async function makePage(folder: string): Promise<void> {
  await using crm = databaseCrm();
  await crm.prepare(folder);
  await runSluice(folder, ['apply', '--yes'], { exit: 0, quiet: true });
  await withDatabase(join(folder, 'data', 'warehouse.duckdb'), async (connection) => moveTheWarehouse(connection, crm.nameLimit));
  await crm.edit(EDITS);
  await runSluice(folder, ['plan', '--out', 'plan.duckdb', ...crm.everyRecord], { exit: 0, quiet: true });
  await runSluice(folder, ['show', 'plan.duckdb', '--format', 'html', '--values', 'shown', '--out', 'page.html'], { exit: 0, quiet: true });
}

async function take(browser: Browser, { name, options, of }: Picture): Promise<void> {
  const { page, incidents } = await openWatched(browser, join(home, 'page.html'), options);
  if (of === 'record') {
    await page.locator('#filter-sync').selectOption({ label: 'contacts' });
    await page.locator('#status', { hasText: 'of' }).waitFor();
    await page.locator('#grid .row').nth(1).click();
    await page.locator('#detail h3').waitFor();
    await page.locator('#records').evaluate((node: { scrollIntoView(): void }) => {
      node.scrollIntoView();
    });
  }
  await page.screenshot({ path: join(IMAGES, `${name}.png`) });
  await page.close();
  if (incidents.length > 0) throw new Error(`${name}: ${incidents.join('; ')}`);
}
