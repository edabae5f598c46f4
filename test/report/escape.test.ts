import fc from 'fast-check';
import { expect, test } from 'vitest';

import { PLAIN } from '../../src/report/colour.ts';
import { renderApply } from '../../src/report/apply-text.ts';
import { renderDrift } from '../../src/report/drift-text.ts';
import { cut, cutPair, displayWidth, quoted, visible } from '../../src/report/escape.ts';
import { renderMarkdown } from '../../src/report/markdown.ts';
import { markdownCode, markdownText } from '../../src/report/markdown-escape.ts';
import { table } from '../../src/report/table.ts';
import { renderPlan } from '../../src/report/text.ts';
import { applyDocument, change, planDocument, sample, syncApply, syncPlan } from './fixtures.ts';

/** Any text at all, often with what is dangerous in it. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.oneof(
        fc.constantFrom(
          '\u001b[31m',
          '\u001b]0;title\u0007',
          '\u009b2J',
          '\r',
          '\n',
          '\t',
          '\u0000',
          '\u202e',
          '\u2066',
          '\u200b',
          '\ufeff',
          '\u2028',
          '\ud800',
        ),
        fc.constantFrom(
          '|',
          '`',
          '```',
          '<script>',
          '</code>',
          '</details>',
          '](http://x)',
          '@team',
          '#1',
          '**',
          '__',
          '~~',
          '&lt;',
          '\\',
          '<!--',
          'www.x.com',
          '$x$',
        ),
        fc.string({ maxLength: 5 }),
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join('')),
);

// What no line of ours may hold: controls, formats, separators and lone surrogates.
const invisibleIn = (text: string): boolean => /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]|(?!\u200d)\p{Cf}/u.test(text);

test('what is made visible holds nothing invisible', () => {
  fc.assert(fc.property(hostile, (text) => !invisibleIn(visible(text)) && !invisibleIn(quoted(text))));
});

test('joiners survive inside an emoji only', () => {
  expect(visible('👩‍🚀 a\u200db')).toBe('👩‍🚀 a\\u200db');
  expect(visible('tab\tesc\u001b bidi\u202e tag\u{e0041} nbsp\u00a0.')).toBe('tab\\tesc\\u001b bidi\\u202e tag\\u{e0041} nbsp\\u00a0.');
});

test('different values never look the same between quotation marks', () => {
  fc.assert(fc.property(hostile, hostile, (a, b) => a === b || !a.isWellFormed() || !b.isWellFormed() || quoted(a) !== quoted(b)));
});

test('cutting never halves a character, and keeps the first difference', () => {
  expect(cut('😀😀😀', 2)).toBe('😀😀...');
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 20 }), (text, max) => cut(text, max).isWellFormed()));
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), fc.string({ maxLength: 300 }), (a, b) => {
      if (a === b) return true;
      const [left, right] = cutPair(a, b, 60);
      return left !== right;
    }),
  );
});

/** A plan with the same hostile text wherever text from outside can stand. */
function hostilePlan(text: string): ReturnType<typeof planDocument> {
  const fields = [change(text, text, `${text}!`), change('A', null, text)];
  return planDocument(
    syncPlan({
      name: text,
      source: text,
      destination: text,
      object: text,
      report_values: 'shown',
      summary: { create: 1, update: 1, delete: 1, drift: 1, held: 1, rejected: 2 },
      fields: { [text]: 1 },
      transitions: { [text]: [{ before: text, after: text, count: 2 }] },
      drift_fields: { [text]: 1 },
      rejects: [{ code: text, field: text, count: 2, known: 1, examples: [{ key: [text], message: text }] }],
      held: [{ key: [text], reason: text, fields }],
      samples: [sample('create', text, text, ...fields), sample('update', text, text, ...fields), sample('delete', text, text, ...fields)],
      released_fields: [text],
      notes: [text],
      checks: [{ name: text, ok: false, violations: 1, examples: [text] }],
      guards: [{ guard: text, limit: 1, actual: 2, existing: 3, ok: true, allowed: true }],
      blocked: [
        { kind: 'guard', message: text, hint: text },
        { kind: 'check', message: text, hint: text },
      ],
      cost: { api_calls: 1, api_calls_left: 1, bytes_billed: 1 },
    }),
    syncPlan({ name: text, error: { message: text, where: text, hint: text } }),
  );
}

test('no text from outside drives the terminal', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const result = applyDocument(
        syncApply({
          name: text,
          messages: [text],
          run_id: text,
          rejects: [{ code: text, field: text, count: 2, known: 0, examples: [{ key: [text], message: text }] }],
        }),
      );
      const plan = hostilePlan(text);
      const all = [renderPlan(plan, { paint: PLAIN }), renderApply(result, PLAIN), renderDrift(plan, PLAIN), table([text], [[text]])].join(
        '\n',
      );
      return !all.split('\n').some((line) => invisibleIn(line));
    }),
  );
});

test('values cannot forge lines of their own', () => {
  const text = renderPlan(
    planDocument(
      syncPlan({
        summary: { create: 1 },
        samples: [sample('create', 'a\nPlan: 0 to create.', 'x\nBLOCKED', change('N', null, 'v\nPlan: none'))],
      }),
    ),
    { paint: PLAIN },
  );
  expect(text.split('\n').filter((line) => line.startsWith('Plan:') || line.startsWith('BLOCKED'))).toEqual(['Plan: 1 to create.']);
});

test('Markdown: text from outside adds no structure', () => {
  const structure = (markdown: string): string => markdown.replace(/<code>[^<]*<\/code>/g, '<code></code>');
  fc.assert(
    fc.property(hostile, (text) => {
      const [escaped, code] = [markdownText(text), markdownCode(text)];
      expect(escaped.replace(/&#\d+;/g, '')).not.toMatch(/[!"#$%&'()*+/:<=>?@[\\\]^`{|}~]/);
      expect(code.startsWith('<code>') && code.endsWith('</code>') && !code.slice(6, -7).includes('<')).toBe(true);
      expect(invisibleIn(escaped)).toBe(false);
      // The same plan with harmless text has the same tags, rows and lines.
      const [evil, harmless] = [structure(renderMarkdown(hostilePlan(text))), structure(renderMarkdown(hostilePlan('x')))];
      expect(evil.match(/<[^>]*>/g)).toEqual(harmless.match(/<[^>]*>/g));
      expect(evil.split('\n').length).toBe(harmless.split('\n').length);
      expect(evil.match(/\|/g)?.length).toBe(harmless.match(/\|/g)?.length);
      expect(evil).not.toMatch(/@|`|\]\(|www\./);
    }),
  );
});

test('Markdown: an entity shows the character it stands for, so nothing is lost', () => {
  const decode = (text: string): string => text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
  fc.assert(fc.property(hostile, (text) => decode(markdownText(text)) === visible(text)));
  expect(markdownText('Tier__c is <b>*bold*</b> @team')).toBe('Tier__c is &#60;b&#62;&#42;bold&#42;&#60;&#47;b&#62; &#64;team');
});

test('wide characters take two columns', () => {
  expect(displayWidth('山田')).toBe(4);
  expect(displayWidth('é')).toBe(1);
  expect(
    table(
      ['a', 'b'],
      [
        ['山田', '1'],
        ['xx', null],
      ],
      { right: new Set([1]), empty: '-' },
    ),
  ).toBe('a     b\n山田  1\nxx    -');
});
