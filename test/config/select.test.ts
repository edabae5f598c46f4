import { describe, expect, it } from 'vitest';

import { loadProject, orderSyncs, selectSyncs } from '../../src/config/load.ts';
import type { Project } from '../../src/config/model.ts';
import { selectWithReasons } from '../../src/config/select.ts';
import { nearest } from '../../src/nearest.ts';
import { BASE, context, folder } from './folder.ts';

function sync(name: string, object: string, more: { readonly tags?: string; readonly refers?: readonly string[] } = {}): string {
  const references = (more.refers ?? []).map((to) => `  To_${to}: { reference: { object: ${to}, key: Id }, column: x }\n`);
  return `kind: Sync
name: ${name}
tags: [${more.tags ?? ''}]
source: { connection: warehouse, table: t, key: id }
destination: { connection: crm, object: ${object}, key: Id }
fields:
  Name: name
${references.join('')}---
`;
}

async function project(...syncs: readonly string[]): Promise<Project> {
  await using place = await folder({ ...BASE, 'syncs/syncs.yaml': syncs.join('') });
  return await loadProject(context(place.cwd), { dir: 'syncs', secrets: 'none' });
}

const names = (syncs: readonly { readonly name: string }[]): readonly string[] => syncs.map(({ name }) => name);

describe('selection', () => {
  const three = project(
    sync('accounts', 'Account', { tags: 'crm, nightly' }),
    sync('contacts', 'Contact', { tags: 'crm' }),
    sync('deals', 'Deal'),
  );

  it.each([
    [[], [], ['accounts', 'contacts', 'deals']],
    [['deals', 'accounts'], [], ['accounts', 'deals']],
    [[], ['tag:crm'], ['accounts', 'contacts']],
    [[], ['tag:crm,tag:nightly'], ['accounts']],
    [[], ['tag:nightly', 'deals'], ['accounts', 'deals']],
    [['deals'], ['tag:nightly'], ['accounts', 'deals']],
    [[], ['name:*a*s'], ['accounts', 'contacts', 'deals']],
    [[], ['name:d?als'], ['deals']],
    [[], ['source:warehouse'], ['accounts', 'contacts', 'deals']],
    [[], ['destination:crm,name:c*'], ['contacts']],
  ])('%j %j', async (typed, selectors, expected) => {
    expect(names(selectSyncs(await three, typed, selectors))).toEqual(expected);
  });

  it.each([
    [['acounts'], [], 'there is no sync "acounts"', 'did you mean accounts?'],
    [['zzz'], [], 'there is no sync "zzz"', 'the project has accounts, contacts, deals'],
    [[], ['tag:cmr'], '--select tag:cmr: no sync has the tag "cmr"', 'did you mean crm?'],
    [[], ['destination:sap'], '--select destination:sap: no sync writes to "sap"', undefined],
    [[], ['name:x.*'], '--select name:x.*: no sync is named like "x.*"', undefined],
    [
      [],
      ['tga:crm'],
      '--select "tga:crm" is not a selector; did you mean tag:crm?',
      'selectors are tag:NAME, source:CONNECTION, destination:CONNECTION, name:PATTERN and modified',
    ],
    [[], ['modified'], '--select modified needs something to compare with', 'Add --base REF, such as --base origin/main.'],
  ])('refuses %j %j', async (typed, selectors, message, hint) => {
    const loaded = await three;
    expect(() => selectSyncs(loaded, typed, selectors)).toThrow(
      expect.objectContaining({ problems: [{ message, hint, location: undefined }] }),
    );
  });

  it('says why', async () => {
    const selected = selectWithReasons(await three, ['accounts'], ['tag:crm', 'tag:nightly']);
    expect(selected.map((each) => [each.sync.name, each.why])).toEqual([
      ['accounts', ['named', 'tag:crm', 'tag:nightly']],
      ['contacts', ['tag:crm']],
    ]);
  });
});

describe('order', () => {
  it('puts parents first, otherwise keeps the order of names', async () => {
    const loaded = await project(
      sync('a', 'A', { refers: ['C', 'D'] }),
      sync('b', 'B'),
      sync('c', 'C', { refers: ['d'] }),
      sync('d', 'D', { refers: ['D', 'Nowhere'] }),
    );
    expect(names(orderSyncs(loaded, loaded.syncs))).toEqual(['d', 'c', 'a', 'b']);
  });

  it('knows what stands between two selected syncs', async () => {
    const loaded = await project(sync('a', 'A', { refers: ['B'] }), sync('b', 'B', { refers: ['C'] }), sync('c', 'C'));
    expect(names(orderSyncs(loaded, selectSyncs(loaded, ['a', 'c'], [])))).toEqual(['c', 'a']);
  });

  it('names the circle', async () => {
    const loaded = await project(sync('a', 'A'), sync('b', 'B', { refers: ['A'] }));
    const [a, b] = loaded.syncs;
    const circle = { ...loaded, syncs: [{ ...a!, fields: [{ ...a!.fields[0]!, reference: { object: 'B', key: 'Id' } }] }, b!] };
    expect(() => orderSyncs(circle, circle.syncs)).toThrow('these syncs refer to each other in a circle: a -> b -> a');
  });
});

describe('nearest', () => {
  it.each([
    ['feilds', ['fields', 'file'], 'fields'],
    ['kye', ['key', 'kind'], 'key'],
    ['Fields', ['fields'], 'fields'],
    ['colum', ['column', 'compare'], 'column'],
    ['xyz', ['fields', 'key'], undefined],
    ['', ['key'], undefined],
  ])('%s', (name, known, expected) => {
    expect(nearest(name, known)).toBe(expected);
  });
});
