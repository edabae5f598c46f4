/** A real browser for pages that Sluice writes. */
import { existsSync } from 'node:fs';

import { type Browser, chromium, type Locator, type Page } from 'playwright-core';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** `SLUICE_CHROMIUM`, or where systems put it. Throws when there is none: a test of a page that saw no browser says nothing. */
export async function launchChromium(): Promise<Browser> {
  const path = process.env['SLUICE_CHROMIUM'] ?? PLACES.find((each) => existsSync(each));
  if (path === undefined || !existsSync(path)) {
    throw new Error(`no Chromium at ${path ?? PLACES.join(', ')}: install one (apt-get install chromium), or name it in SLUICE_CHROMIUM`);
  }
  return chromium.launch({ executablePath: path, args: FLAGS });
}

export interface Watched {
  readonly page: Page;
  /** What must not happen: requests beyond the file itself, violations of the page's policy, dialogs, errors. */
  readonly incidents: readonly string[];
}

/** Opens a file and notes everything that a page without network and foreign code never does. */
export async function openWatched(browser: Browser, file: string, options: Parameters<Browser['newPage']>[0] = {}): Promise<Watched> {
  const page = await browser.newPage(options);
  const incidents: string[] = [];
  const url = `file://${file}`;
  page.on('request', (request) => {
    if (request.url() !== url) incidents.push(`request ${request.url().slice(0, 200)}`);
  });
  page.on('console', (message) => void incidents.push(`console ${message.text()}`));
  page.on('pageerror', (error) => void incidents.push(`error ${error.message}`));
  page.on('dialog', (dialog) => {
    incidents.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(url);
  await page.locator('#explorer').waitFor();
  return { page, incidents };
}

/** What the page's own world offers: the tests are compiled without the types of a browser. */
interface InPage {
  getComputedStyle(node: unknown): { readonly backgroundColor: string };
  readonly MutationObserver: new (seen: () => void) => { observe(node: unknown, what: { readonly childList: boolean }): void };
  texts: string[];
}
interface Node {
  scrollTop: number;
  readonly scrollHeight: number;
  readonly textContent: string;
}

export async function propertyOf(locator: Locator, name: string): Promise<unknown> {
  return locator.evaluate((node: object, property: string): unknown => Reflect.get(node, property), name);
}

export async function backgroundOf(locator: Locator): Promise<string> {
  return locator.evaluate((node: unknown) => (globalThis as unknown as InPage).getComputedStyle(node).backgroundColor);
}

export async function scrollToMiddle(locator: Locator): Promise<void> {
  await locator.evaluate((node: Node) => {
    node.scrollTop = node.scrollHeight / 2;
  });
}

/** Every text that the element holds from here on, one after another. */
export async function textsOf(locator: Locator): Promise<() => Promise<readonly string[]>> {
  await locator.evaluate((node: Node) => {
    const page = globalThis as unknown as InPage;
    page.texts = [];
    new page.MutationObserver(() => page.texts.push(node.textContent)).observe(node, { childList: true });
  });
  return async () => locator.page().evaluate(() => (globalThis as unknown as InPage).texts);
}
