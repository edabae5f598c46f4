import fc from 'fast-check';
import { expect, it } from 'vitest';

import { Org } from '../../src/sandbox/salesforce/org.ts';
import { recordsOf } from '../../src/sandbox/salesforce/soql-names.ts';
import { prepareQuery } from '../../src/sandbox/salesforce/soql-run.ts';

const SCHEMA = {
  Thing__c: {
    fields: {
      Key__c: { type: 'string', length: 40, externalId: true },
      Exact__c: { type: 'string', length: 40, externalId: true, caseSensitive: true },
      Plain__c: { type: 'string', length: 40 },
    },
  },
} as const;

/** Quoted by the rules of the documentation, nothing left bare that has an escape. */
function quoted(text: string): string {
  const escapes: Readonly<Record<string, string>> = { '\n': 'n', '\r': 'r', '\t': 't', '\b': 'b', '\f': 'f' };
  return `'${text.replaceAll(/[\n\r\t\b\f'"\\]/g, (char) => `\\${escapes[char] ?? char}`)}'`;
}

const key = fc.oneof(
  fc.constantFrom('a', 'A', 'b', "' OR Name != '", String.raw`\' OR Name != \'`, '\\', '%', '_', 'ä', 'Ä', 'ß', 'null', '#N/A'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 }),
);

it('finds by an index what it finds by looking at every record, and nothing that was not asked for', () => {
  const lists = fc.array(key, { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(lists, lists, (stored, wanted) => {
      const org = new Org({ now: () => 0, schema: SCHEMA });
      for (const text of stored) org.insert('Thing__c', { Key__c: text, Exact__c: text, Plain__c: text });
      const texts = [...org.records('Thing__c')].map((record) => record.get('Plain__c'));
      const find = (condition: string): readonly (string | null)[] =>
        prepareQuery(recordsOf(org, org.user), `SELECT Id FROM Thing__c WHERE ${condition}`, false)
          .run()
          .map((record) => record.get('Plain__c'))
          .sort();
      const list = wanted.map((text) => quoted(text)).join(', ');
      const lower = new Set(wanted.map((text) => text.toLowerCase()));
      const anyCase = texts.filter((text) => text !== null && lower.has(text.toLowerCase())).sort();
      const exact = texts.filter((text) => text !== null && wanted.includes(text)).sort();
      expect(find(`Key__c IN (${list})`)).toEqual(anyCase);
      expect(find(`Plain__c IN (${list})`)).toEqual(anyCase);
      expect(find(`(${wanted.map((text) => `Key__c = ${quoted(text)}`).join(' OR ')}) AND Name != 'x'`)).toEqual(anyCase);
      expect(find(`Exact__c IN (${list})`)).toEqual(exact);
      expect(find(`Plain__c NOT IN (${list})`)).toHaveLength(texts.length - anyCase.length);
    }),
  );
});
