/** The test-only destination does what its options say: other tests build on it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { describe, expect, it } from 'vitest';

import type { Destination, Outcome, WriteBatch } from '../../../src/destinations/destination.ts';
import { openDestination } from '../../../src/destinations/registry.ts';
import { Workspace } from '../../../src/workspace/workspace.ts';
import { type Folder, folder } from '../database.ts';
import type { WrittenOut } from '../write-batch.ts';
import { editStore, readStore, seedStore, TEST_DESTINATIONS } from './index.ts';

const OBJECTS = {
  Plan: { fields: { Code: 'text' } },
  Account: {
    fields: { Key: { type: 'text', nullable: false }, Name: { type: 'text', max_length: 40 }, Plan: 'text', Amount: 'decimal(18,2)' },
  },
};

interface Opened extends AsyncDisposable {
  readonly destination: Destination;
  readonly file: string;
  readonly dir: Folder;
}

async function open(options: Record<string, unknown> = {}): Promise<Opened> {
  const dir = await folder();
  const file = dir.file('crm.json');
  const connection = {
    name: 'crm',
    type: 'test',
    options: { file, objects: OBJECTS, ...options },
    location: { file: 'x', line: 1, column: 1 },
  };
  const destination = await openDestination(TEST_DESTINATIONS, connection, {} as never, {} as never);
  return { destination, file, dir, [Symbol.asyncDispose]: async () => dir[Symbol.asyncDispose]() };
}

type Written = readonly [string, string | null, string | null];

/** The test-only destination reads the changes as objects: no workspace is needed. */
function batch(action: WriteBatch['action'], ...changes: readonly Written[]): WriteBatch {
  const { changes: list, ...shape } = writtenOut(action, changes);
  return { ...shape, size: list.length, workspace: {} as never, relation: '', changes: async () => Promise.resolve(list) };
}

function writtenOut(action: WriteBatch['action'], changes: readonly Written[]): WrittenOut {
  return {
    object: 'Account',
    action,
    key: [{ field: 'Key', type: { kind: 'text' } }],
    fields: [{ field: 'Name', type: { kind: 'text' } }],
    changes: changes.map(([key, before, after], seq) => ({
      seq,
      key: [key],
      before: { Name: before },
      after: action === 'delete' ? null : { Name: after },
    })),
  };
}

async function names(file: string): Promise<unknown[]> {
  return ((await readStore(file)).objects['Account'] ?? []).map((record) => [record.values['Key'], record.values['Name']]);
}

const statuses = (outcomes: readonly Outcome[]): string[] => outcomes.map((outcome) => outcome.status);

describe('writing', () => {
  it('without atomic compare writes whatever it is told, twice if need be', async () => {
    await using of = await open();
    expect(of.destination.capabilities.atomicCompare.can).toBe(false);
    expect(await of.destination.write(batch('create', ['1', null, 'One']))).toEqual([{ status: 'applied', remoteId: 'T000001' }]);
    await of.destination.write(batch('create', ['1', null, 'One']));
    expect(await names(of.file)).toEqual([['1', 'One'], ['1', 'One']]); // prettier-ignore
    expect(statuses(await of.destination.write(batch('update', ['1', 'wrong', 'Eins'], ['2', null, 'x'])))).toEqual([
      'applied',
      'rejected',
    ]);
    expect((await readStore(of.file)).calls.map((call) => [call.action, call.keys])).toEqual([['create', ['["1"]']], ['create', ['["1"]']], ['update', ['["1"]', '["2"]']]]); // prettier-ignore
  });

  it('with atomic compare holds what moved', async () => {
    await using of = await open({ atomic: true });
    await seedStore(of.file, 'Account', [{ Key: '1', Name: 'One' }, { Key: '2', Name: 'Two' }]); // prettier-ignore
    expect(statuses(await of.destination.write(batch('create', ['1', null, 'x'], ['3', null, 'x'])))).toEqual(['held', 'applied']);
    expect(statuses(await of.destination.write(batch('update', ['1', 'One', 'Eins'], ['2', 'other', 'x'], ['9', null, 'x'])))).toEqual([
      'applied',
      'held',
      'held',
    ]);
    expect(statuses(await of.destination.write(batch('delete', ['1', 'Eins', null], ['2', 'other', null], ['9', null, null])))).toEqual([
      'applied',
      'held',
      'unchanged',
    ]);
    expect(await names(of.file)).toEqual([['2', 'Two'], ['3', 'x']]); // prettier-ignore
  });

  it('normalises text, never the key', async () => {
    await using of = await open({ normalise: ['trim', 'crlf', 'upper', 'empty_null'] });
    await of.destination.write(batch('create', [' a ', null, ' a\r\nb '], ['b', null, '  ']));
    expect(await names(of.file)).toEqual([[' a ', 'A\nB'], ['b', null]]); // prettier-ignore
  });

  it('fails as planned, and the count of calls outlives the process', async () => {
    await using of = await open({
      faults: {
        transient: [1],
        rate_limit: [2],
        retry_after_ms: 7,
        timeout_after_write: [3],
        timeout_before_write: [4],
        reject_value: 'BAD',
        reject_whole_batch: true,
      },
    });
    const send = async (key: string, name: string): Promise<readonly Outcome[]> => of.destination.write(batch('create', [key, null, name]));
    await expect(send('1', 'x')).rejects.toMatchObject({ name: 'TransientError' });
    await expect(send('1', 'x')).rejects.toMatchObject({ name: 'TransientError', retryAfterMs: 7 });
    expect(statuses(await send('3', 'x'))).toEqual(['unknown']);
    expect(statuses(await send('4', 'x'))).toEqual(['unknown']);
    expect(statuses(await send('5', 'so BAD'))).toEqual(['rejected']);
    await expect(of.destination.write(batch('create', ['6', null, 'fine'], ['7', null, 'BAD']))).rejects.toMatchObject({
      name: 'BatchRejectedError',
    });
    expect(await names(of.file)).toEqual([['3', 'x']]);
    expect((await readStore(of.file)).writes).toBe(6);
  });

  it('kills the process after, or in the middle of, a write', async () => {
    await using of = await open();
    const script = `
      import { openDestination } from './src/destinations/registry.ts';
      import { TEST_DESTINATIONS } from './test/support/test-destination/index.ts';
      const [options, batch] = process.argv.slice(1).map((text) => JSON.parse(text));
      const destination = await openDestination(TEST_DESTINATIONS, { name: 'crm', type: 'test', options, location: {} }, {}, {});
      await destination.write({ ...batch, size: batch.changes.length, changes: async () => batch.changes });
    `;
    const run = async (faults: object, keys: readonly string[]): Promise<unknown> => {
      const options = JSON.stringify({ file: of.file, objects: OBJECTS, faults });
      const child = spawn(process.execPath, [
        '--input-type=module',
        '-e',
        script,
        options,
        JSON.stringify(
          writtenOut(
            'create',
            keys.map((key) => [key, null, 'x'] as const),
          ),
        ),
      ]);
      return ((await once(child, 'exit')) as unknown[])[1];
    };
    expect(await run({ kill_after_write: [1] }, ['1', '2'])).toBe('SIGKILL');
    expect(await run({ kill_in_the_middle: [2] }, ['3', '4'])).toBe('SIGKILL');
    expect(await names(of.file)).toEqual([['1', 'x'], ['2', 'x'], ['3', 'x']]); // prettier-ignore
  });

  it('is shared by processes that write at the same time', async () => {
    await using of = await open();
    await Promise.all(Array.from({ length: 20 }, (_, index) => of.destination.write(batch('create', [String(index), null, 'x']))));
    expect(await names(of.file)).toHaveLength(20);
  });
});

describe('reading', () => {
  it('finds records by key, shows references by key, and refuses what cannot be read', async () => {
    await using of = await open({ unreadable: ['Amount'] });
    await seedStore(of.file, 'Plan', [{ Code: 'pro' }]);
    await seedStore(of.file, 'Account', [{ Key: '1', Plan: 'T000001' }, { Key: '2', Plan: 'T000009' }, { Key: '3', Plan: null }]); // prettier-ignore
    await editStore(of.file, 'Account', (values) => (values['Key'] === '3' ? { ...values, Name: 'by hand' } : values));
    await using workspace = await Workspace.open();
    await of.destination.attach(workspace);
    const fields = [{ field: 'Name' }, { field: 'Plan', reference: { object: 'Plan', key: 'Code' } }];
    const all = await of.destination.read({ object: 'Account', key: ['Key'], fields });
    expect(await workspace.rows(`SELECT * FROM ${all.from} ORDER BY k0`)).toEqual([
      { k0: '1', f0: null, f1: 'pro', remote_id: 'T000002' },
      { k0: '2', f0: null, f1: '#T000009', remote_id: 'T000003' },
      { k0: '3', f0: 'by hand', f1: null, remote_id: 'T000004' },
    ]);
    await workspace.run("CREATE TEMP TABLE keys AS SELECT '2' AS k0");
    const some = await of.destination.read({ object: 'Account', key: ['Key'], fields: [], keys: 'temp.main.keys' });
    expect(await workspace.rows(`SELECT k0 FROM ${some.from}`)).toEqual([{ k0: '2' }]);
    await expect(of.destination.read({ object: 'Account', key: ['Key'], fields: [{ field: 'Amount' }] })).rejects.toThrow('unreadable');
    const schema = await of.destination.describe('Account');
    expect(schema.fields.map((field) => [field.name, field.readable, field.nullable, field.maxLength])).toEqual([
      ['Key', true, false, undefined],
      ['Name', true, true, 40],
      ['Plan', true, true, undefined],
      ['Amount', false, true, undefined],
    ]);
  });

  it('can be impossible altogether', async () => {
    await using of = await open({ no_read: true });
    await using workspace = await Workspace.open();
    await of.destination.attach(workspace);
    expect(of.destination.capabilities).toMatchObject({ readByKey: { can: false }, readAll: { can: false }, refresh: 'none' });
    await expect(of.destination.read({ object: 'Account', key: ['Key'], fields: [] })).rejects.toThrow('cannot be read');
  });
});
