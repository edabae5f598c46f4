import { describe, expect, it } from 'vitest';

import type { FieldDef } from '../../../src/sandbox/salesforce/schema.ts';
import { Reading } from './reading.ts';

const PARENT: FieldDef = { type: 'reference', referenceTo: ['Plan__c'], relationshipName: 'Plan__r' };
const OWNED: FieldDef = { type: 'reference', referenceTo: ['Plan__c', 'Team__c'], relationshipName: 'Owned__r' };
const LOOSE: FieldDef = { type: 'string', length: 80, externalId: true };

const PLANS = { Plan__c: {}, Team__c: {}, Customer__c: { Plan__c: PARENT, Owned__c: OWNED } };

function texts(count: number, prefix = 'K'): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${String(index).padStart(6, '0')}`);
}

describe('reading by key', () => {
  it('1,000 of 100,000 records is one API call, and none of the others travels', async () => {
    await using r = await Reading.open({ Customer__c: { City__c: { type: 'string' } } });
    const keys = texts(100_000, 'ACCOUNT-EMEA-');
    r.insert('Customer__c', ...keys.map((key) => ({ Ext__c: key, City__c: `City of ${key}` })));
    await r.destination.describe('Customer__c');
    r.sandbox.calls.reset();
    const rows = await r.read(
      'Customer__c',
      ['City__c'],
      keys.filter((_, index) => index % 100 === 7),
    );
    expect(rows).toHaveLength(1_000);
    expect(rows[0]).toEqual(['ACCOUNT-EMEA-000007', 'City of ACCOUNT-EMEA-000007', expect.any(String)]);
    expect(r.sandbox.calls.total).toBe(1);
    expect(r.sandbox.calls.of('composite')).toBe(1);
    expect(r.sandbox.calls.inside('query')).toBe(2);
  });

  it('finds exactly the records with the keys, whatever is in them', async () => {
    await using r = await Reading.open({ Customer__c: {} });
    const keys = [
      "it's",
      'back\\slash',
      "x\\' OR Name != '",
      'a,b) OR (Id != null',
      '50% _+&?#',
      '@{q0.Id}',
      '\u{1F680} \u6f22',
      'line\nend',
      'tab\there',
    ];
    r.insert('Customer__c', ...keys.map((key) => ({ Ext__c: key })), { Ext__c: 'other' }, {});
    const rows = await r.read('Customer__c', [], [...keys, 'nobody', "' OR Ext__c != '"]);
    expect(new Set(rows.map(([key]) => key))).toEqual(new Set(keys));
    expect(rows).toHaveLength(keys.length);
  });

  it('returns every record that shares a key, also beyond one page', async () => {
    await using r = await Reading.open({ Customer__c: { Loose__c: LOOSE } });
    r.insert('Customer__c', ...texts(2_500).map((key) => ({ Ext__c: key, Loose__c: 'same' })), { Ext__c: 'X', Loose__c: 'other' });
    const rows = await r.read('Customer__c', ['Ext__c'], ['same'], 'Loose__c');
    expect(new Set(rows.map(([, own]) => own)).size).toBe(2_500);
  });

  it('two records with one external id come as two', async () => {
    await using r = await Reading.open({ Customer__c: { Loose__c: LOOSE } });
    const ids = r.insert('Customer__c', { Loose__c: 'twice' }, { Loose__c: 'TWICE' }, { Loose__c: 'once' });
    const rows = await r.read('Customer__c', [], ['twice'], 'Loose__c');
    expect(rows.map(([, id]) => id).sort()).toEqual(ids.slice(0, 2).sort());
  });

  it('a key is found in either Unicode form, and by either form of an id', async () => {
    await using r = await Reading.open({ Customer__c: {} });
    const [id = ''] = r.insert('Customer__c', { Ext__c: 'e\u0301t\u00e9' }, { Ext__c: '\u00e9' });
    expect(await r.read('Customer__c', [], ['\u00e9'])).toHaveLength(1);
    r.insert('Customer__c', { Ext__c: 'u\u0308' });
    expect(await r.read('Customer__c', [], ['\u00fc'])).toHaveLength(1);
    expect(await r.read('Customer__c', [], [id.slice(0, 15)], 'Id')).toEqual([[id.slice(0, 15), id]]);
    expect(await r.read('Customer__c', [], ['000000000000000', 'no id'], 'Id')).toEqual([]);
  });

  it('numbers are found as numbers', async () => {
    await using r = await Reading.open({
      Customer__c: { No__c: { type: 'double', precision: 18, scale: 0, externalId: true, unique: true } },
    });
    r.insert('Customer__c', { No__c: '42' }, { No__c: '123456789012345' }, { No__c: '7' });
    const rows = await r.read('Customer__c', [], ['42.0', '1.23456789012345e+14', '9'], 'No__c');
    expect(rows.map(([key]) => key).sort()).toEqual(['123456789012345.0', '42.0']);
  });

  it('records in the bin and losers of a merge are not there', async () => {
    await using r = await Reading.open({ Account: {} });
    const [gone = '', winner = '', loser = ''] = r.insert(
      'Account',
      { Name: 'a', Ext__c: 'gone' },
      { Name: 'b', Ext__c: 'winner' },
      { Name: 'c', Ext__c: 'loser' },
    );
    r.sandbox.org.remove('Account', gone);
    r.sandbox.org.merge('Account', winner, loser);
    const keys = ['gone', 'winner', 'loser'];
    expect(await r.read('Account', ['Name'], keys)).toEqual([['winner', 'b', winner]]);
    expect(await r.read('Account', ['Name'])).toEqual([['winner', 'b', winner]]);
  });

  it('asks for nothing where nothing is asked for', async () => {
    await using r = await Reading.open({ Customer__c: {} });
    await r.destination.describe('Customer__c');
    r.sandbox.calls.reset();
    expect(await r.read('Customer__c', [], [])).toEqual([]);
    expect(r.sandbox.calls.total).toBe(0);
  });

  it('many keys of a small object cost no more than all of its records', async () => {
    await using r = await Reading.open({ Customer__c: {} });
    r.insert('Customer__c', ...texts(30_000).map((key) => ({ Ext__c: key })));
    await r.destination.describe('Customer__c');
    r.sandbox.calls.reset();
    const keys = [...texts(25_000), ...texts(25_000, 'new')];
    expect(await r.read('Customer__c', [], keys)).toHaveLength(25_000);
    expect(r.sandbox.calls.total).toBeLessThan(10);
    expect(r.sandbox.calls.inside('query')).toBe(0);
  });
});

describe('references', () => {
  const byPlan = { field: 'Plan__c', reference: { object: 'Plan__c', key: 'Ext__c' } };

  it('are read as the key of the record that they point at, by either name of the field', async () => {
    await using r = await Reading.open(PLANS);
    const [plan = ''] = r.insert('Plan__c', { Ext__c: 'gold' });
    r.insert('Customer__c', { Ext__c: 'a', Plan__c: plan }, { Ext__c: 'b' });
    const byRelationship = { ...byPlan, field: 'Plan__r' };
    const byId = { field: 'Plan__c', reference: { object: 'Plan__c', key: 'Id' } };
    const rows = await r.read('Customer__c', [byPlan, byRelationship, byId, 'Plan__c'], ['a', 'b']);
    expect(rows.map((row) => row.slice(1, 5))).toEqual([
      ['gold', 'gold', plan, plan.slice(0, 15)],
      [null, null, null, null],
    ]);
  });

  it('to a record without a key are its id behind a #', async () => {
    await using r = await Reading.open(PLANS);
    const [plan = '', deleted = ''] = r.insert('Plan__c', { Name: 'keyless' }, { Ext__c: 'deleted' });
    r.insert('Customer__c', { Ext__c: 'a', Plan__c: plan }, { Ext__c: 'b', Owned__c: deleted });
    expect(await r.read('Customer__c', [byPlan], ['a'])).toEqual([['a', `#${plan}`, expect.any(String)]]);
  });

  it('that may point at several objects are the key where they point at the one that is meant', async () => {
    await using r = await Reading.open(PLANS);
    const [plan = ''] = r.insert('Plan__c', { Ext__c: 'gold' });
    const [team = ''] = r.insert('Team__c', { Ext__c: 'red' });
    r.insert('Customer__c', { Ext__c: 'a', Owned__c: plan }, { Ext__c: 'b', Owned__c: team }, { Ext__c: 'c' });
    const field = { field: 'Owned__c', reference: { object: 'Team__c', key: 'Ext__c' } };
    const expected = [[`#${plan}`], ['red'], [null]];
    expect((await r.read('Customer__c', [field], ['a', 'b', 'c'])).map((row) => row.slice(1, 2))).toEqual(expected);
    expect((await r.read('Customer__c', [field])).map((row) => row.slice(1, 2))).toEqual(expected);
  });
});

describe('refusals and faults', () => {
  it('a query that is refused for now is asked again', async () => {
    await using r = await Reading.open({ Customer__c: {} });
    r.insert('Customer__c', { Ext__c: 'a' });
    await r.destination.describe('Customer__c');
    r.sandbox.faults.add({ on: 'composite', do: 'status', status: 503, times: 2 });
    expect(await r.read('Customer__c', [], ['a'])).toHaveLength(1);
    r.sandbox.faults.add({ on: 'composite', do: 'cut-after' });
    expect(await r.read('Customer__c', [], ['a'])).toHaveLength(1);
  });

  it('an answer that is not JSON is an error that says so, without an empty read', async () => {
    await using r = await Reading.open({ Customer__c: {} });
    await r.destination.describe('Customer__c');
    r.sandbox.faults.add({ on: 'composite', do: 'html' });
    await expect(r.read('Customer__c', [], ['a'])).rejects.toThrow(/answers with a web page/);
  });

  it('a field that the user lost in between is named, and no key is', async () => {
    const hidden: string[] = [];
    await using r = await Reading.open({ Customer__c: { City__c: { type: 'string' } } });
    await r.destination.describe('Customer__c');
    const sees = r.sandbox.org.user.seesField.bind(r.sandbox.org.user);
    Object.assign(r.sandbox.org.user, { seesField: (object: string, field: string) => !hidden.includes(field) && sees(object, field) });
    hidden.push('City__c');
    const error: unknown = await r.read('Customer__c', ['City__c'], ['secret-key']).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain("No such column 'City__c'");
    expect(String(error)).not.toContain('secret-key');
  });
});

describe('what a plan costs', () => {
  it('counts reading again, writing and reading back, and what is left of the day', async () => {
    await using r = await Reading.open({ Customer__c: {} }, { dailyApiRequests: 5_000 });
    await r.destination.identify();
    const small = await r.destination.cost?.([{ action: 'update', count: 355 }]);
    expect(small?.calls).toBe(5);
    expect(small?.left).toBeGreaterThan(4_900);
    const large = await r.destination.cost?.([{ action: 'create', count: 1_000_000 }]);
    expect(large?.calls).toBeLessThan(1_000);
  });
});
