import { readFile, stat } from 'node:fs/promises';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Packer } from '../../../src/report/html/chunks.ts';
import { Html, html, jsonData } from '../../../src/report/html/markup.ts';
import { overview } from '../../../src/report/html/overview.ts';
import { sharesOf } from '../../../src/report/html/records.ts';
import { changeRow } from '../../../src/report/html/row.ts';
import { syncSection } from '../../../src/report/html/sync-section.ts';
import { must, project } from '../../support/project.ts';
import { change, planDocument, sample, syncPlan } from '../fixtures.ts';
import { HOSTILE, hostileProject, pageOf, unpackedPage } from './plans.ts';

describe('sluice show --format html', () => {
  it('writes one page to stdout, or the same page into a file that only its owner reads', async () => {
    await using made = await project({ source: [['1', 'Ada', 'SMB', 3]] });
    const file = await pageOf(made);
    const { stdout } = await made.run(['show', 'plan.duckdb', '--format', 'html']);
    expect(stdout).toBe(await readFile(file, 'utf8'));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(stdout).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
    expect(stdout).not.toMatch(/\b(src|href)="(?!#)/);
  });

  it('says where a page cannot be written', async () => {
    await using made = await project({ source: [['1', 'Ada', 'SMB', 3]] });
    must(await made.run(['plan', '--out', 'plan.duckdb']), 0);
    const { code, stderr } = await made.run(['show', 'plan.duckdb', '--format', 'html', '--out', 'nowhere/page.html']);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('nowhere/page.html cannot be written') });
    const text = await made.run(['show', 'plan.duckdb', '--out', 'page.html']);
    expect({ code: text.code, stderr: text.stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--out belongs to --format html'),
    });
  });

  it('holds no key, value or message of a sync whose values are masked', async () => {
    await using made = await hostileProject('masked');
    const page = await unpackedPage(await pageOf(made));
    const values = ['K0 ', 'DRIFT', 'LONG', 'alert(', 'pwned', 'moved <b>', 'not a number', '+49', 'SMB', 'long long'];
    expect(values.filter((text) => page.includes(text))).toEqual([]);
    expect(page.includes('values are not shown')).toBe(true);
    const shown = await unpackedPage(await pageOf(made, '--values', 'shown'));
    // The message of a reject names no value, and a sensitive field shows none.
    expect(values.filter((text) => !shown.includes(text))).toEqual(['not a number', '+49']);
  });

  it('masks on request what a sync would show', async () => {
    await using made = await hostileProject('shown');
    expect((await unpackedPage(await pageOf(made, '--values', 'masked'))).includes('long long')).toBe(false);
  });

  it('shows a plan without a change, and a sync that failed', async () => {
    await using made = await project({ source: [['1', 'Ada', 'SMB', 3]], live: [['1', 'Ada', 'SMB', 3]] });
    expect(await readFile(await pageOf(made), 'utf8')).toContain('<h1>No changes</h1>');
    await made.sync({ source: { connection: 'warehouse', query: 'select * from "<b>missing"', key: 'id' } });
    must(await made.run(['plan', '--out', 'plan.duckdb']), 1);
    const { stdout } = await made.run(['show', 'plan.duckdb', '--format', 'html']);
    expect(stdout).toContain('<h2>accounts could not be planned</h2>');
    expect(stdout).not.toContain('<b>missing');
  });
});

describe('markup', () => {
  it('puts no text in that means anything', () => {
    const made = html`<p title="${'"><script>'}">${HOSTILE.join('')}</p>`.text;
    expect(made.replace(/^<p title="|">|<\/p>$/g, '')).not.toMatch(/[<>"']/);
    expect(html`<b>${new Html('<i>')}</b>`.text).toBe('<b><i></b>');
  });

  it('holds JSON that comes back as it was and cannot end its element', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom(...HOSTILE, '\ud800', '\u2028')), { maxLength: 5 }), (texts) => {
        const data = jsonData(texts).text;
        expect(data).not.toMatch(/[<>&]/);
        expect(JSON.parse(data)).toEqual(texts);
      }),
    );
  });
});

describe('sharesOf', () => {
  it('gives every sync all it has, or as much as any other gets', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { maxLength: 30 }), fc.nat(5000), (sizes, most) => {
        const shares = sharesOf(sizes, most);
        const sum = shares.reduce((all, each) => all + each, 0);
        const all = sizes.reduce((total, each) => total + each, 0);
        expect(sum).toBe(Math.min(all, most));
        const cut = shares.filter((share, index) => share < (sizes[index] ?? 0));
        expect(Math.max(0, ...shares) - Math.min(Infinity, ...cut)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('a plan with a base', () => {
  const counts = { create: 0, update: 0, delete: 0, clear: 0 };
  const attribution = {
    branch: { ...counts, update: 291 },
    pending: { ...counts, update: 49 },
    withdrawn: { ...counts, delete: 2 },
    fields: {},
  };
  const base = {
    ref: 'origin/main',
    commit: '0123456789abcdef0123456789abcdef01234567',
    dirty: false,
    why: null,
    unchanged: 3,
    removed: [],
  };

  it('says what is due to the branch and what was pending, and how the configuration differs', () => {
    const change = { kind: 'modified' as const, from: null, properties: [], diff: '-  sql: a < b\n+  sql: a > b' };
    const sync = syncPlan({ summary: { update: 340 }, attribution, change });
    const text = overview({ ...planDocument(sync), base: { ...base, status: 'compared' } }, () => true).text;
    expect(text).toMatch(/Compared with origin\/main at 0123456789ab: 3 syncs are unchanged\./);
    expect(text.replace(/<[^>]*>/g, ' ')).toMatch(
      /Due to this branch\s+~ 291 update\s+Pending anyway\s+~ 49 update\s+Withdrawn by this branch\s+- 2 delete/,
    );
    const section = syncSection(sync, { index: 0, masked: true, alone: true }).text;
    expect(section).toContain('<span class="tone-text-create">+  sql: a &gt; b</span>');
  });

  it('that is invalid says so', () => {
    const text = overview({ ...planDocument(), base: { ...base, status: 'invalid', why: 'x.yaml: <broken>' } }, () => true).text;
    expect(text).toContain('Not compared with origin/main at 0123456789ab: x.yaml: &lt;broken&gt;.');
  });

  it('tells each record what it is due to', async () => {
    const packer = new Packer();
    const options = { masked: false, number: 1 };
    await packer.add(0, changeRow({ ...sample('update', 'A', null, change('Name', 'a', 'b')), due_to: 'branch' }, options));
    await packer.add(0, changeRow(sample('update', 'B', null, change('Name', 'a', 'b')), options));
    expect(packer.meta([], 0)).toMatchObject({ due: true, kinds: { update: 2 }, fields: ['Name'], cases: ['update'] });
  });
});
