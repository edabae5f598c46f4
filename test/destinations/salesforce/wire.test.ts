import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { FieldType } from '../../../src/canonical/types.ts';
import type { WriteBatch } from '../../../src/destinations/destination.ts';
import type { BoundBatch } from '../../../src/destinations/salesforce/columns.ts';
import { requestFor } from '../../../src/destinations/salesforce/record-json.ts';
import { jsonToken, wireText } from '../../../src/destinations/salesforce/wire.ts';
import { writeOptions } from '../../../src/destinations/salesforce/write-options.ts';
import { Workspace } from '../../../src/workspace/workspace.ts';

const TEXT: FieldType = { kind: 'text' };
const NUMBER: FieldType = { kind: 'float', bits: 64, digits: 15 };

describe('a value in JSON', () => {
  it('is the digits of the source, however many they are', () => {
    for (const digits of ['9007199254740993', '-0.12345678901234567890', '123456789012345678901234567890', '1e3'])
      expect(jsonToken(NUMBER, digits)).toBe(digits);
  });

  it('is text where JSON has no such number', () => {
    for (const text of ['NaN', '007', '1,"Owner":1', '', '0x1f', '.5', '+1']) expect(jsonToken(NUMBER, text)).toBe(JSON.stringify(text));
  });

  it('says true, false and nothing without quotes', () => {
    expect(['true', 'false', null].map((text) => jsonToken({ kind: 'boolean' }, text))).toEqual(['true', 'false', 'null']);
    expect(jsonToken(TEXT, 'true')).toBe('"true"');
  });
});

describe('a record in JSON', () => {
  const bound = (over: Partial<BoundBatch>): BoundBatch => ({
    batch: { action: 'create' } as WriteBatch,
    object: 'Task',
    key: { field: 'Ext__c', type: TEXT },
    columns: [
      { index: 0, field: 'Subject', type: TEXT },
      { index: 1, field: 'WhatId', type: TEXT, parent: { relationship: 'What', object: 'Account', key: 'Ext__c' } },
      { index: 2, field: 'Parent__c', type: NUMBER, parent: { relationship: 'Parent__r', key: 'Number__c' } },
    ],
    ...over,
  });
  const bodyOf = (of: BoundBatch, k: string, w: readonly (string | null)[], id: string | null = null): unknown => {
    const { body } = requestFor(of, writeOptions({ options: {} }), [{ pos: 0, id, k, w }]);
    return JSON.parse(body as string) as unknown;
  };

  it('holds any text as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.option(fc.string({ unit: 'grapheme' })), fc.string(), (k, subject, what) => {
        expect(bodyOf(bound({}), k, [subject, what, null])).toEqual({
          allOrNone: false,
          records: [
            {
              attributes: { type: 'Task' },
              Ext__c: k,
              Subject: subject,
              What: { attributes: { type: 'Account' }, Ext__c: what },
              Parent__c: null,
            },
          ],
        });
      }),
    );
  });

  it('names parents by their key, in the type of the key', () => {
    expect(bodyOf(bound({}), 'a', [null, null, '42'])).toEqual({
      allOrNone: false,
      records: [{ attributes: { type: 'Task' }, Ext__c: 'a', Subject: null, WhatId: null, Parent__r: { Number__c: 42 } }],
    });
  });

  it('is named by its id in an update, and by nothing else', () => {
    const update = bound({ batch: { action: 'update' } as WriteBatch, columns: [] });
    expect(bodyOf(update, 'a', [], '00T000000000001')).toEqual({
      allOrNone: false,
      records: [{ attributes: { type: 'Task' }, id: '00T000000000001' }],
    });
  });
});

describe('the text of a value', () => {
  it.each<[FieldType, string | null, string | null]>([
    [{ kind: 'set' }, '["a b","c"]', 'a b;c'],
    [{ kind: 'set' }, '[]', ''],
    [{ kind: 'set' }, null, null],
    [{ kind: 'boolean' }, null, 'false'],
    [{ kind: 'boolean' }, 'true', 'true'],
    [{ kind: 'text', native: 'TIME' }, '10:00:00', '10:00:00.000Z'],
    [{ kind: 'text', native: 'TIME' }, '23:59:59.123456', '23:59:59.123Z'],
    [{ kind: 'text', native: 'TIME' }, '07:08:09.5', '07:08:09.500Z'],
    [{ kind: 'text', native: 'TIME' }, null, null],
    [{ kind: 'date' }, '2024-02-29', '2024-02-29'],
  ])('of %o: %s is %s', async (type, exact, wire) => {
    await using workspace = await Workspace.open();
    expect(await workspace.row(`SELECT ${wireText(type, '$exact')} AS wire`, { exact })).toEqual({ wire });
  });
});
