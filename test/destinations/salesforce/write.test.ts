import { describe, expect, it } from 'vitest';

import type { Outcome } from '../../../src/destinations/destination.ts';
import { TransientError, UserError } from '../../../src/errors.ts';
import type { Texts } from '../../support/salesforce.ts';
import { Target, type WrittenChange } from './writing.ts';

const ACCOUNT = { Name__c: { type: 'string', length: 40 }, Seats__c: { type: 'double', precision: 18, scale: 2 }, Notes__c: { type: 'textarea', length: 32_768 } } as const; // prettier-ignore
const NODE = { ...ACCOUNT, Parent__c: { type: 'reference', referenceTo: ['Node__c'], relationshipName: 'Parent__r' } } as const;

const target = async (): Promise<Target> => Target.create({ Account__c: ACCOUNT, Node__c: NODE });
const applied = (remoteId: unknown = expect.stringMatching(/^\w{18}$/)): unknown => ({ status: 'applied', remoteId, note: undefined });
const again = (why: string, code: string): unknown => expect.objectContaining({ status: 'again', why, code });
const rejected = (code: string, message: unknown = expect.any(String)): unknown => ({ status: 'rejected', code, message });
const statuses = (outcomes: readonly Outcome[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const { status } of outcomes) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};
const many = (count: number, after: (index: number) => Texts = (index) => ({ Name__c: `Name ${index}` })): WrittenChange[] =>
  Array.from({ length: count }, (_, index) => ({ key: `k${String(index).padStart(5, '0')}`, after: after(index) }));

describe('what becomes of a change', () => {
  it('creates records by their key and writes nothing but the mapped fields', async () => {
    await using of = await target();
    const outcomes = await of.write('Account__c', { types: { Seats__c: { kind: 'float', bits: 64, digits: 15 } } }, [
      { key: 'O\'Brien & "Söhne"', after: { Name__c: 'a\tb 😀', Seats__c: '12.5' } },
      { key: '#N/A', after: { Name__c: null, Seats__c: null } },
    ]);
    expect(outcomes).toEqual([applied(), applied()]);
    expect(of.live('Account__c', 'Name__c', 'Seats__c', 'Notes__c')).toEqual([
      { Ext__c: '#N/A', Name__c: null, Seats__c: null, Notes__c: null },
      { Ext__c: 'O\'Brien & "Söhne"', Name__c: 'a\tb 😀', Seats__c: '12.5', Notes__c: null },
    ]);
  });

  it('reports a planned create that turned out to exist', async () => {
    await using of = await target();
    const id = of.insert('Account__c', { Ext__c: 'a', Name__c: 'Old', Notes__c: 'own' });
    const outcomes = await of.write('Account__c', {}, [{ key: 'a', after: { Name__c: 'New' } }]);
    expect(outcomes).toEqual([{ status: 'applied', remoteId: id, note: 'existed already and was updated' }]);
    expect(of.live('Account__c', 'Name__c', 'Notes__c')).toEqual([{ Ext__c: 'a', Name__c: 'New', Notes__c: 'own' }]);
  });

  it('updates and deletes by id, whatever became of the key', async () => {
    await using of = await target();
    const [one, two] = [
      of.insert('Account__c', { Ext__c: 'renamed', Name__c: 'One' }),
      of.insert('Account__c', { Ext__c: 'b', Name__c: 'Two' }),
    ];
    expect(await of.write('Account__c', { action: 'update' }, [{ key: 'a', id: one.slice(0, 15), after: { Name__c: 'Eins' } }])).toEqual([
      applied(one),
    ]);
    expect(await of.write('Account__c', { action: 'delete' }, [{ key: 'b', id: two }])).toEqual([applied(two)]);
    expect(of.live('Account__c', 'Name__c')).toEqual([{ Ext__c: 'renamed', Name__c: 'Eins' }]);
  });

  it('looks up ids that the plan did not know, and never makes a record that is gone', async () => {
    await using of = await Target.create({ Loose__c: { Code__c: { type: 'string', externalId: true }, Name__c: { type: 'string' } } });
    const id = of.insert('Loose__c', { Ext__c: '1', Code__c: 'a', Name__c: 'One' });
    for (const key of ['2', '3']) of.insert('Loose__c', { Ext__c: key, Code__c: 'twice' });
    const changes = ['a', 'gone', 'twice'].map((key) => ({ key, after: { Name__c: 'New' } }));
    expect(await of.write('Loose__c', { action: 'update', key: 'Code__c' }, changes)).toEqual([
      applied(id),
      { status: 'held', message: 'the record is gone: it was deleted since the plan' },
      { status: 'held', message: 'several records have this Code__c: which one is meant is not known' },
    ]);
    const deleted = await of.write('Loose__c', { action: 'delete', key: 'Code__c' }, [{ key: 'gone' }, { key: 'a' }]);
    expect(deleted).toEqual([{ status: 'unchanged' }, applied(id)]);
    expect(of.live('Loose__c', 'Name__c').map(({ Ext__c }) => Ext__c)).toEqual(['2', '3']);
  });

  it('takes a record that is gone for deleted, and holds an update of it', async () => {
    await using of = await target();
    const id = of.insert('Account__c', { Ext__c: 'a' });
    of.sandbox.org.remove('Account__c', id);
    const gone = { status: 'held', message: 'the record is gone: it was deleted since the plan' };
    expect(await of.write('Account__c', { action: 'delete' }, [{ key: 'a', id }])).toEqual([{ status: 'unchanged' }]);
    expect(await of.write('Account__c', { action: 'update' }, [{ key: 'a', id, after: { Name__c: 'x' } }])).toEqual([gone]);
    of.sandbox.org.emptyBin();
    expect(await of.write('Account__c', { action: 'delete' }, [{ key: 'a', id }])).toEqual([{ status: 'unchanged' }]);
    expect(await of.write('Account__c', { action: 'update' }, [{ key: 'a', id, after: { Name__c: 'x' } }])).toEqual([gone]);
  });

  it('rejects a bad record among good ones in the words of the org, without its value', async () => {
    await using of = await target();
    of.sandbox.org.validate('Account__c', (values) => (values['Name__c'] === 'forbidden' ? 'This name is not for sale.' : undefined));
    const outcomes = await of.write('Account__c', {}, [
      { key: 'a', after: { Name__c: 'good' } },
      { key: 'b', after: { Name__c: 'x'.repeat(41) } },
      { key: 'c', after: { Name__c: 'forbidden' } },
      { key: 'd', after: { Name__c: 'also good' } },
    ]);
    expect(outcomes).toEqual([
      applied(),
      rejected('STRING_TOO_LONG', expect.stringMatching(/^\S+: data value too large \(max length=40\)$/)),
      rejected('FIELD_CUSTOM_VALIDATION_EXCEPTION', 'This name is not for sale.'),
      applied(),
    ]);
    expect(of.live('Account__c').map(({ Ext__c }) => Ext__c)).toEqual(['a', 'd']);
  });

  it('asks for smaller batches when one value refuses the whole request', async () => {
    await using of = await target();
    const types = { Seats__c: { kind: 'text' } } as const;
    const changes = many(3, (index) => ({ Seats__c: index === 1 ? 'many' : String(index) }));
    const outcomes = await of.write('Account__c', { types }, changes);
    expect(outcomes).toEqual(changes.map(() => again('too_much', 'JSON_PARSER_ERROR')));
    expect(JSON.stringify(outcomes)).not.toContain('many');
    expect(of.live('Account__c')).toEqual([]);
  });

  it('sends a create again that lost a race against another writer', async () => {
    await using of = await target();
    const other = { made: false };
    of.sandbox.org.onWrite('Account__c', (values) => {
      if (other.made || values['Name__c'] !== 'Ours') return {};
      other.made = true;
      of.insert('Account__c', { Ext__c: 'a', Name__c: 'Theirs' });
      return {};
    });
    const outcomes = await of.write('Account__c', {}, [{ key: 'a', after: { Name__c: 'Ours' } }]);
    expect(outcomes).toEqual([expect.objectContaining({ status: 'applied', note: 'existed already and was updated' })]);
    expect(of.live('Account__c', 'Name__c')).toEqual([{ Ext__c: 'a', Name__c: 'Ours' }]);
  });

  it('rejects a value that another record has in a unique field', async () => {
    await using of = await Target.create({ Account__c: { Email__c: { type: 'string', length: 80, unique: true } } });
    of.insert('Account__c', { Ext__c: 'a', Email__c: 'ada@example.com' });
    const outcomes = await of.write('Account__c', {}, [{ key: 'b', after: { Email__c: 'ada@example.com' } }]);
    expect(outcomes).toEqual([rejected('DUPLICATE_VALUE', expect.stringContaining('Email__c duplicates value'))]);
  });
});

describe('references', () => {
  const references = { Parent__r: { object: 'Node__c', key: 'Ext__c' } };

  it('name the parent by its key, by either name of the field, and null clears', async () => {
    await using of = await target();
    const [root, other] = ['root', 'other'].map((key) => of.insert('Node__c', { Ext__c: key }));
    const child = of.insert('Node__c', { Ext__c: 'z', Parent__c: other! });
    expect(
      await of.write('Node__c', { references }, [
        { key: 'a', after: { Parent__r: 'root' } },
        { key: 'b', after: { Parent__r: null } },
        { key: 'c', after: { Parent__r: 'nobody' } },
        { key: 'd', after: { Parent__r: ' ' } },
      ]),
    ).toEqual([applied(), applied(), rejected('REFERENCE_NOT_FOUND', 'Parent__r: no Node__c has this Ext__c'), applied()]);
    const byField = { references: { Parent__c: references.Parent__r } };
    expect(await of.write('Node__c', { action: 'update', ...byField }, [{ key: 'z', id: child, after: { Parent__c: null } }])).toEqual([
      applied(child),
    ]);
    const byId = { references: { Parent__r: { object: 'Node__c', key: 'Id' } } };
    expect(await of.write('Node__c', byId, [{ key: 'e', after: { Parent__r: root! } }])).toEqual([applied()]);
    const parents = of.live('Node__c', 'Parent__c').map(({ Ext__c, Parent__c }) => [Ext__c, Parent__c]);
    expect(parents).toEqual([['a', root], ['b', null], ['d', null], ['e', root], ['other', null], ['root', null], ['z', null]]); // prettier-ignore
  });

  it('say the object where the parent may be one of several', async () => {
    await using of = await target();
    const account = of.insert('Account', { Name: 'Acme', External_ID__c: 'acme' });
    const outcomes = await of.write('Task', { key: 'External_ID__c', references: { What: { object: 'Account', key: 'External_ID__c' } } }, [
      { key: 't1', after: { Subject: 'Call', What: 'acme' } },
    ]);
    expect(outcomes).toEqual([applied()]);
    expect([...of.sandbox.org.records('Task')].map((task) => task.get('WhatId'))).toEqual([account]);
  });

  it('to a field that points nowhere are a mistake of the project', async () => {
    await using of = await target();
    const batch = of.write('Node__c', { references: { Name__c: { object: 'Node__c', key: 'Ext__c' } } }, [
      { key: 'a', after: { Name__c: 'x' } },
    ]);
    await expect(batch).rejects.toThrow(UserError);
  });
});

describe('requests', () => {
  it('hold two hundred records each, and as many as the connection allows', async () => {
    await using of = await target();
    expect(statuses(await of.write('Account__c', {}, many(401)))).toEqual({ applied: 401 });
    expect(of.writes).toHaveLength(3);
    of.sandbox.calls.reset();
    expect(statuses(await of.write('Account__c', {}, many(40), { collection_size: 10 }))).toEqual({ applied: 40 });
    expect(of.writes).toHaveLength(4);
    expect(new Set(of.live('Account__c').map(({ Ext__c }) => Ext__c)).size).toBe(401);
  });

  it('are cut where long texts make them large', async () => {
    await using wide = await Target.create({ Wide__c: { A__c: { type: 'textarea', length: 131_072 } } });
    expect(
      statuses(
        await wide.write(
          'Wide__c',
          {},
          many(100, () => ({ A__c: 'x'.repeat(131_000) })),
        ),
      ),
    ).toEqual({ applied: 100 });
    expect(wide.writes).toHaveLength(2);
  });

  it('tell assignment rules and duplicate rules what to do', async () => {
    await using of = await target();
    const owner = of.insert('User', { Username: 'rule@example.com', LastName: 'Rule', Email: 'rule@example.com', Alias: 'rule' });
    of.sandbox.org.assignTo('Lead', owner);
    of.sandbox.org.addDuplicateRule('Lead', ['LastName']);
    const lead = (key: string): readonly WrittenChange[] => [{ key, after: { LastName: 'Lovelace', Company: 'Acme' } }];
    const key = { key: 'External_ID__c' };
    expect(await of.write('Lead', key, lead('1'))).toEqual([applied()]);
    expect(await of.write('Lead', key, lead('2'))).toEqual([rejected('DUPLICATES_DETECTED', expect.stringContaining('allow_duplicates'))]);
    expect(await of.write('Lead', key, lead('3'), { allow_duplicates: true, assign: true })).toEqual([applied()]);
    const owners = [...of.sandbox.org.records('Lead')].map((record) => record.get('OwnerId') === owner);
    expect(owners).toEqual([false, true]);
  });
});

describe('when something is in the way', () => {
  it('nothing written: the failure is thrown for the core to try again', async () => {
    await using of = await target();
    of.sandbox.faults.add({ on: 'collections', do: 'status', status: 503, retryAfter: 7 });
    const failure = await of.write('Account__c', {}, many(3)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TransientError);
    expect((failure as TransientError).retryAfterMs).toBe(7_000);
  });

  it('a later request of a batch: what was written stays known, the rest may be sent again', async () => {
    await using of = await target();
    of.sandbox.faults.add({ on: 'collections', do: 'status', status: 503, retryAfter: 7, after: 1 });
    const outcomes = await of.write('Account__c', {}, many(450));
    expect(statuses(outcomes)).toEqual({ applied: 200, again: 250 });
    expect(outcomes[200]).toEqual({ status: 'again', why: 'busy', code: 'UNAVAILABLE', message: expect.any(String), afterMs: 7_000 });
    expect(of.live('Account__c')).toHaveLength(200);
  });

  it('a lost reply: nobody knows about those records, and the rest may be sent again', async () => {
    await using of = await target();
    of.sandbox.faults.add({ on: 'collections', do: 'cut-after', after: 1 });
    const outcomes = await of.write('Account__c', {}, many(450));
    expect(statuses(outcomes)).toEqual({ applied: 200, unknown: 200, again: 50 });
    expect(outcomes.map(({ status }) => status).indexOf('unknown')).toBe(200);
    expect(of.live('Account__c')).toHaveLength(400);
  });

  it('records that somebody holds: only those are sent again', async () => {
    await using of = await target();
    of.sandbox.faults.add({ on: 'collections', do: 'lock', match: /k0000[13]/ });
    const outcomes = await of.write('Account__c', {}, many(5));
    expect(outcomes).toEqual([applied(), again('busy', 'UNABLE_TO_LOCK_ROW'), applied(), again('busy', 'UNABLE_TO_LOCK_ROW'), applied()]);
  });

  it('automation of the org that does too much: smaller batches', async () => {
    await using of = await target();
    of.sandbox.faults.add({ on: 'collections', do: 'cpu-limit', rows: 2 });
    expect(await of.write('Account__c', {}, many(3))).toEqual(many(3).map(() => again('too_much', 'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY')));
  });

  it('a field that is not there: no batch can succeed', async () => {
    await using of = await target();
    const batch = await of.batch('Account__c', {}, many(1));
    const destination = await of.open();
    of.sandbox.faults.add({
      on: 'collections',
      do: 'status',
      status: 400,
      code: 'INVALID_FIELD',
      message: "No such column 'Name__c' on sobject of type Account__c",
    });
    await expect(destination.write(batch)).rejects.toThrow(UserError);
  });

  it('told to stop: no further request goes out', async () => {
    await using of = await target();
    of.sandbox.faults.add({ on: 'collections', do: 'call', then: () => of.stop.abort() });
    expect(statuses(await of.write('Account__c', {}, many(450)))).toEqual({ applied: 200, again: 250 });
    expect(of.writes).toHaveLength(1);
  });
});
