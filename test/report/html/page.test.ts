import { type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { backgroundOf, launchChromium, openWatched, propertyOf, scrollToMiddle, textsOf } from '../../support/chromium.ts';
import type { TestProject } from '../../support/project.ts';
import { HOSTILE, hostileProject, largeProject, pageOf } from './plans.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
});

/** The page answers when it has looked: on a busy machine that takes a while. */
const soon = <T>(look: () => Promise<T>): ReturnType<typeof expect.poll<T>> => expect.poll(look, { timeout: 20_000, interval: 50 });
const rows = (page: Page): ReturnType<Page['locator']> => page.locator('#grid .row');
const status = (page: Page): ReturnType<Page['locator']> => page.locator('#status');

describe('hostile values', () => {
  let made: TestProject;
  let file: string;
  beforeAll(async () => {
    made = await hostileProject('shown');
    file = await pageOf(made);
  });
  afterAll(async () => {
    await made[Symbol.asyncDispose]();
  });

  it('execute nothing, load nothing and break nothing, wherever they are shown', async () => {
    const { page, incidents } = await openWatched(browser, file);
    const total = await rows(page).count();
    expect(total).toBe(HOSTILE.length + 4);
    await page.locator('#grid').focus();
    for (let index = 0; index < total; index++) {
      await page.keyboard.press('Enter');
      await page.locator('#detail h3').waitFor();
      await page.keyboard.press('Escape');
      await page.keyboard.press('ArrowDown');
    }
    await page.emulateMedia({ media: 'print' });
    await page.locator('#printed tr').first().waitFor();
    expect(incidents).toEqual([]);
    expect(await page.title()).toContain('1 to create');
    expect(await page.locator('main b:text("new")').count()).toBe(0);
    expect(await page.locator('img, iframe, svg[onload], [onerror], [onmouseover], a:not([href^="#"])').count()).toBe(0);
    await page.close();
  });

  it('are shown as the text that they are, what is invisible included', async () => {
    const { page } = await openWatched(browser, file);
    await page.locator('#search').fill('K0');
    await soon(async () => rows(page).first().textContent()).toContain(HOSTILE[0]);
    await page.locator('#search').fill('gnp.exe');
    await soon(async () => rows(page).first().textContent()).toContain('safe\\u202egnp.exe');
    await page.locator('#search').fill('esc');
    await soon(async () => rows(page).first().textContent()).toContain('bell\\u0007 null\\u0001 esc\\u001b[31m line\\nfeed\\ttab');
    await page.close();
  });

  it('of a million characters are cut, and the page says so', async () => {
    const { page } = await openWatched(browser, file);
    await page.locator('#search').fill('LONG before');
    await soon(async () => status(page).textContent()).toContain('1 of');
    await rows(page).first().click();
    expect(await page.locator('#detail .cut').textContent()).toBe('cut: the value has 1,000,003 characters');
    await page.close();
  });

  it('of sensitive fields show neither side', async () => {
    const { page } = await openWatched(browser, file);
    await page.locator('#filter-field').selectOption('Phone');
    await page.locator('#search').fill('K0');
    await soon(async () => rows(page).first().locator('.before, .after').allTextContents()).toEqual(['sensitive', 'sensitive']);
    await page.close();
  });

  it('leave room on a phone: nothing but wide tables scrolls sideways', async () => {
    const { page, incidents } = await openWatched(browser, file, { viewport: { width: 360, height: 740 } });
    expect(await propertyOf(page.locator('html'), 'scrollWidth')).toBe(360);
    await rows(page).first().click();
    const box = await page.locator('#detail').boundingBox();
    expect(box?.width).toBe(360);
    expect(incidents).toEqual([]);
    await page.close();
  });

  it('are filtered by kind, field and case; held and rejected records are among them', async () => {
    const { page } = await openWatched(browser, file);
    await page.locator('#kinds label', { hasText: 'held' }).click();
    await soon(async () => rows(page).allTextContents()).toEqual(['= heldDRIFT<b>Planmoved <b>SMB']);
    await page.locator('#filters [type=reset]').click();
    await page.locator('#kinds label', { hasText: 'reject' }).click();
    await soon(async () => rows(page).allTextContents()).toEqual([expect.stringMatching(/^x rejectBAD <b>Seats[A-Z_]+ /)]);
    await page.locator('#filters [type=reset]').click();
    await page.locator('#filter-case').selectOption('create');
    await soon(async () => status(page).textContent()).toMatch(/^1 of/);
    await page.close();
  });
});

describe('a plan of 100,000 changes', () => {
  let made: TestProject;
  let file: string;
  beforeAll(async () => {
    made = await largeProject(100_000);
    file = await pageOf(made);
  });
  afterAll(async () => {
    await made[Symbol.asyncDispose]();
  });

  it('opens, scrolls from end to end, and keeps only the rows in sight as elements', async () => {
    const { page, incidents } = await openWatched(browser, file);
    expect(await status(page).textContent()).toBe('100,000 records');
    await page.locator('#grid').focus();
    await page.keyboard.press('End');
    await soon(async () => rows(page).last().textContent()).toContain('A089999');
    expect(await rows(page).count()).toBeLessThan(60);
    await page.keyboard.press('Home');
    await soon(async () => rows(page).first().textContent()).toContain('A090000');
    await scrollToMiddle(page.locator('#grid'));
    await soon(async () => rows(page).nth(15).textContent()).toMatch(/A0\d{5}.*Trial/);
    expect(incidents).toEqual([]);
    await page.close();
  });

  it('is searched while the page goes on painting', async () => {
    const { page, incidents } = await openWatched(browser, file);
    // A search in one piece would say nothing between its beginning and its end.
    const said = await textsOf(status(page));
    await page.locator('#search').fill('a0777');
    await soon(async () => status(page).textContent()).toBe('100 of 100,000 records');
    expect((await said()).filter((each) => each.includes('looking')).length).toBeGreaterThan(1);
    await page.locator('#search').fill('A077777');
    await soon(async () => rows(page).allTextContents()).toEqual([expect.stringContaining('A077777')]);
    await page.locator('#search').fill('nobody has this');
    await soon(async () => status(page).textContent()).toBe('0 of 100,000 records');
    expect(incidents).toEqual([]);
    await page.close();
  });

  it('is used by keyboard alone', async () => {
    const { page } = await openWatched(browser, file);
    await page.keyboard.press('/');
    await page.keyboard.type('company 500');
    await soon(async () => status(page).textContent()).toBe('300 of 100,000 records');
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await soon(async () => page.locator('#grid').getAttribute('aria-activedescendant')).toBe('row-2');
    expect(await page.locator('#row-2').getAttribute('aria-selected')).toBe('true');
    const key = await page.locator('#row-2 .key').textContent();
    await page.keyboard.press('Enter');
    await soon(async () => page.locator('#detail h3').textContent()).toBe(key);
    expect(await page.locator(':focus').getAttribute('id')).toBe('detail');
    await page.keyboard.press('Escape');
    expect(await page.locator(':focus').getAttribute('id')).toBe('grid');
    expect(await page.locator('#detail').isVisible()).toBe(false);
    await page.close();
  });

  it('prints a bounded number of records and says so', async () => {
    const { page } = await openWatched(browser, file);
    await page.emulateMedia({ media: 'print' });
    await soon(async () => page.locator('#printed p').textContent()).toBe(
      'Printed: the first 200 of 100,000 records. Filter the page before printing to choose others.',
    );
    expect(await page.locator('#explorer').isVisible()).toBe(false);
    expect(await page.locator('#printed tbody tr:not(.more)').count()).toBe(200);
    await page.close();
  });

  it('is light or dark as the system says, or as its reader says', async () => {
    const { page } = await openWatched(browser, file, { colorScheme: 'dark' });
    const paper = async (): Promise<string> => backgroundOf(page.locator('body'));
    const dark = await paper();
    await page.locator('#theme').click();
    expect(await paper()).not.toBe(dark);
    await page.locator('#theme').click();
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await paper()).toBe(dark);
    await page.close();
  });
});
