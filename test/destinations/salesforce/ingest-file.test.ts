import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { CsvFile } from '../../../src/sandbox/salesforce/csv-read.ts';
import { bindBatch, type BoundBatch, type DescribedObject } from '../../../src/destinations/salesforce/columns.ts';
import { type Part, sortIntoFiles, writeFile } from '../../../src/destinations/salesforce/ingest-file.ts';
import { stage } from '../../../src/destinations/salesforce/stage.ts';
import { Workspace } from '../../../src/workspace/workspace.ts';
import { batchOf } from '../../support/write-batch.ts';

const NODE: DescribedObject = {
  name: 'Node__c',
  fields: [
    { name: 'Ext__c', type: 'string', relationshipName: null, referenceTo: [] },
    { name: 'Name__c', type: 'string', relationshipName: null, referenceTo: [] },
    { name: 'Parent__c', type: 'reference', relationshipName: 'Parent__r', referenceTo: ['Node__c'] },
  ],
};

let workspace: Workspace;
beforeAll(async () => {
  workspace = await Workspace.open();
  await workspace.lock([]);
});
afterAll(async () => workspace[Symbol.asyncDispose]());

async function staged(rows: readonly (readonly [key: string, name: string | null, parent: string | null])[]): Promise<BoundBatch> {
  const batch = await batchOf(workspace, {
    object: 'Node__c',
    action: 'create',
    key: [{ field: 'Ext__c', type: { kind: 'text' } }],
    fields: [
      { field: 'Name__c', type: { kind: 'text' } },
      { field: 'Parent__r', type: { kind: 'text' }, reference: { object: 'Node__c', key: 'Ext__c' } },
    ],
    changes: rows.map(([key, name, parent], seq) => ({ seq, key: [key], before: null, after: { Name__c: name, Parent__r: parent } })),
  });
  const bound = await bindBatch(batch, async () => Promise.resolve(NODE));
  await stage(bound);
  return bound;
}

async function written(bound: BoundBatch, part: Part): Promise<readonly (readonly string[])[]> {
  const file = join(workspace.folder, 'part.csv');
  await writeFile(bound, part, file);
  const csv = new CsvFile(await readFile(file), 'COMMA', 'LF');
  return [csv.header, ...Array.from({ length: csv.rows }, (_, index) => csv.row(index))];
}

describe('files of rows', () => {
  it('have the same columns in every row: with a parent, or without', async () => {
    const bound = await staged([['a', 'A', 'p2'], ['b', null, null], ['c', 'C', 'p1'], ['d', 'D', 'p2']]); // prettier-ignore
    const [without, having, ...others] = await sortIntoFiles(bound, 1);
    expect(others).toEqual([]);
    expect(await written(bound, without!)).toEqual([['Ext__c', 'Name__c', 'Parent__c'], ['b', '#N/A', '#N/A']]); // prettier-ignore
    // Those of one parent stand together.
    expect(await written(bound, having!)).toEqual([['Ext__c', 'Name__c', 'Parent__r.Ext__c'], ['c', 'C', 'p1'], ['a', 'A', 'p2'], ['d', 'D', 'p2']]); // prettier-ignore
  });

  it('hold what CSV can say, and shapes that are worth a job', async () => {
    const bound = await staged([['a', '#N/A', null], ['b', 'x'.repeat(32_001), null], [' #N/A', 'B', null], ['c', 'C', null], ['d', 'D', null], ['e', 'E', 'p']]); // prettier-ignore
    const parts = await sortIntoFiles(bound, 2);
    expect(parts).toEqual([{ shape: '0', part: 0, rows: 2 }]);
    expect((await written(bound, parts[0]!)).slice(1).map(([key]) => key)).toEqual(['c', 'd']);
  });

  it('are as large as an upload may be, and no larger', async () => {
    const rows = Array.from({ length: 300 }, (_, index) => [`k${index}`, '"ä'.repeat(index), null] as const);
    const bound = await staged(rows);
    const parts = await sortIntoFiles(bound, 1, 20_000);
    expect(parts.length).toBeGreaterThan(5);
    const keys: (string | undefined)[] = [];
    for (const part of parts) {
      const [, ...lines] = await written(bound, part);
      expect(lines).toHaveLength(part.rows);
      expect((await stat(join(workspace.folder, 'part.csv'))).size).toBeLessThan(20_000 + 1_500);
      keys.push(...lines.map(([key]) => key));
    }
    expect(keys).toEqual(rows.map(([key]) => key));
  });

  it('say any text so that it is read as it was', async () => {
    const text = fc.string({ unit: fc.oneof(fc.constantFrom('"', ',', '\n', '\r', '#N/A', "'", '\\', ' ', '\t', ';'), fc.string({ unit: 'grapheme', maxLength: 1 })), maxLength: 12 }); // prettier-ignore
    await fc.assert(
      fc.asyncProperty(fc.array(text.filter((each) => !each.includes('\0')), { minLength: 1, maxLength: 30 }), async (texts) => {
        const plain = texts.filter((each) => each.replaceAll(/^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g, '') !== '#N/A');
        const bound = await staged(plain.map((each, index) => [`k${index}`, each, null] as const));
        const [part] = await sortIntoFiles(bound, 1);
        const lines = part === undefined ? [] : (await written(bound, part)).slice(1);
        expect(lines.map(([, name]) => name)).toEqual(plain.map((each) => (/^[ \t\n\v\f\r]*$/.test(each) ? '#N/A' : each)));
      }),
      { numRuns: 60 },
    ); // prettier-ignore
  });
});
