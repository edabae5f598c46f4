import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { UserError } from '../../src/errors.ts';
import { startSandbox } from '../../src/sandbox/salesforce/index.ts';
import { Org } from '../../src/sandbox/salesforce/org.ts';
import { readSchemaFile } from '../../src/sandbox/salesforce/schema-file.ts';
import { ask } from './rest.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-sandbox-'));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

describe('the automation of the org', () => {
  it('rewrites what is written, and refuses what breaks a rule', async () => {
    await using sandbox = await startSandbox();
    const { org } = sandbox;
    org.onWrite('Account', ({ Name }) => ({ Site: `${Name ?? ''}!` }));
    org.validate('Account', ({ Industry }) => (Industry === 'Gambling' ? 'not with us' : undefined));
    const id = org.insert('Account', { Name: 'A' });
    org.update('Account', id, { Name: 'B' });
    expect(org.record(id)?.get('Site')).toBe('B!');
    const refused = org.write(org.user, 'update', 'Account', { Id: id, Name: 'C', Industry: 'Gambling' });
    expect(refused.errors).toEqual([{ statusCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', message: 'not with us', fields: [] }]);
    expect(org.record(id)?.get('Name')).toBe('B');
  });

  it('stamps who wrote a record, and when, to the second', async () => {
    let now = Date.UTC(2026, 0, 1, 0, 0, 0, 999);
    await using sandbox = await startSandbox({ now: () => now });
    const id = sandbox.org.insert('Account', { Name: 'A' });
    now += 1;
    sandbox.org.write(sandbox.org.user, 'update', 'Account', { Id: id });
    const record = sandbox.org.record(id);
    expect(record?.get('CreatedDate')).toBe('2026-01-01T00:00:00.000+0000');
    expect(record?.systemModstamp).toBe('2026-01-01T00:00:01.000+0000');
    expect(record?.get('LastModifiedById')).toBe(sandbox.org.user.id);
  });

  it('merges two records into one', async () => {
    await using sandbox = await startSandbox();
    const { org } = sandbox;
    const [winner, loser] = ['W', 'L'].map((Name) => org.insert('Account', { Name, External_ID__c: Name })) as [string, string];
    const contact = org.insert('Contact', { LastName: 'C', AccountId: loser });
    org.merge('Account', winner, loser);
    expect(org.record(contact)?.get('AccountId')).toBe(winner);
    expect([org.record(loser)?.isDeleted, org.record(loser)?.get('MasterRecordId')]).toEqual([true, winner]);
    org.emptyBin();
    expect([org.record(loser), org.find('Account', 'External_ID__c', 'L')]).toEqual([undefined, []]);
  });

  it('tells no cases of a key apart, unless the field does', async () => {
    await using sandbox = await startSandbox({ schema: { Account: { fields: { Exact__c: { type: 'string', externalId: true, unique: true, caseSensitive: true } } } } }); // prettier-ignore
    const { org } = sandbox;
    const ids = ['x', 'X'].map((Exact__c) => org.insert('Account', { Name: 'n', Exact__c }));
    expect(org.find('Account', 'Exact__c', 'X').map(({ id }) => id)).toEqual([ids[1]]);
    org.insert('Account', { Name: 'n', External_ID__c: 'x' });
    expect(() => org.insert('Account', { Name: 'n', External_ID__c: 'X' })).toThrow('DUPLICATE_VALUE');
    expect(org.find('Account', 'External_ID__c', 'X')).toHaveLength(1);
  });

  it('finds records by a field that becomes a key later', async () => {
    await using sandbox = await startSandbox();
    const id = sandbox.org.insert('Account', { Name: 'n', Site: 'Bonn' });
    expect(sandbox.org.isIndexed('Account', 'Site')).toBe(false);
    sandbox.org.define('Account', { fields: { Site: { type: 'string', externalId: true } } });
    expect(sandbox.org.isIndexed('Account', 'Site')).toBe(true);
    expect(sandbox.org.find('Account', 'Site', 'bonn').map((record) => record.id)).toEqual([id]);
  });
});

describe('whatever is written', () => {
  const key = fc.constantFrom('a', 'A', 'b', 'c', ' c ', '');
  const row = fc.record(
    { External_ID__c: key, Name: fc.constantFrom('N', ''), Site: fc.constantFrom('x', 'y', null) },
    { requiredKeys: [] },
  );
  const request = fc.record({ op: fc.constantFrom('insert', 'upsert', 'update', 'delete'), rows: fc.array(row, { maxLength: 4 }), allOrNone: fc.boolean(), at: fc.nat(9) }); // prettier-ignore

  it('keys stay unique and findable, and a request that is undone leaves no trace', () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 12 }), (requests) => {
        const org = new Org({ now: () => 0 });
        for (const { op, rows, allOrNone, at } of requests) {
          const ids = [...org.records('Account')].map(({ id }) => id);
          const named = rows.map((values, place) =>
            op === 'update' || op === 'delete' ? { ...values, Id: ids[(at + place) % (ids.length || 1)] } : values,
          );
          const before = contents(org);
          const results = org.writeMany(org.user, op, 'Account', named, { allOrNone, externalIdField: 'External_ID__c' });
          if (allOrNone && results.some(({ success }) => !success)) expect(contents(org)).toEqual(before);
        }
        const live = [...org.records('Account')].filter(({ isDeleted }) => !isDeleted);
        const keys = live.flatMap((record) => record.get('External_ID__c')?.toLowerCase() ?? []);
        expect(new Set(keys).size).toBe(keys.length);
        for (const record of live) {
          const own = record.get('External_ID__c');
          if (own !== null) expect(org.find('Account', 'External_ID__c', own.toUpperCase())).toContain(record);
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** Every record with what is stored in it. */
function contents(org: Org): readonly unknown[] {
  return [...org.records('Account')].map(({ id, isDeleted, modified, values }) => [id, isDeleted, modified, [...values].filter(([, value]) => value !== null)]); // prettier-ignore
}

describe('a file', () => {
  it('keeps records, objects, the bin, ids and the connected app until the next start', async () => {
    const file = join(folder, 'org.jsonl');
    const seen = await (async () => {
      await using sandbox = await startSandbox({
        file,
        schema: { Plan__c: { fields: { Code__c: { type: 'string', externalId: true } } } },
      });
      const { org, credentials } = sandbox;
      const plan = org.insert('Plan__c', { Code__c: 'gold', Name: 'Gold' });
      const gone = org.insert('Account', { Name: 'Gone', AnnualRevenue: 0.1 });
      org.remove('Account', gone);
      return { plan, gone, clientId: credentials.clientId, secret: credentials.clientSecret, before: org.record(plan)?.get('CreatedDate') };
    })();
    // Another object comes first this time: what the file has keeps its ids.
    await using sandbox = await startSandbox({
      file,
      schema: { Other__c: { fields: {} }, Plan__c: { fields: { More__c: { type: 'string' } } } },
    });
    const { org, credentials } = sandbox;
    expect(org.insert('Other__c', { Name: 'n' }).slice(0, 3)).not.toBe(seen.plan.slice(0, 3));
    expect(org.describe('Plan__c')?.fields.map(({ name }) => name)).toEqual(expect.arrayContaining(['Code__c', 'More__c']));
    expect([credentials.clientId, credentials.clientSecret]).toEqual([seen.clientId, seen.secret]);
    expect(org.find('Plan__c', 'Code__c', 'GOLD').map(({ id }) => id)).toEqual([seen.plan]);
    expect(org.record(seen.plan)?.get('CreatedDate')).toBe(seen.before);
    expect([org.record(seen.gone)?.isDeleted, org.record(seen.gone)?.get('AnnualRevenue')]).toEqual([true, '0.1']);
    expect([...org.records('User')]).toHaveLength(1);
    const next = org.insert('Plan__c', { Code__c: 'silver', Name: 'Silver' });
    expect(next > seen.plan).toBe(true);
    expect((await ask(sandbox, 'GET', `/sobjects/Plan__c/${next}`)).status).toBe(200);
  });

  it('that is something else is refused', async () => {
    const file = join(folder, 'x.txt');
    await writeFile(file, 'hello\n');
    await expect(startSandbox({ file })).rejects.toThrow(`${file} is not a file of the sandbox: line 1 is no JSON`);
    await writeFile(file, '{"a":1}\n');
    await expect(startSandbox({ file })).rejects.toThrow(UserError);
    expect(await readFile(file, 'utf8')).toBe('{"a":1}\n');
  });
});

describe('a schema file', () => {
  const schema = async (data: unknown): Promise<ReturnType<typeof readSchemaFile>> => {
    const file = join(folder, 'schema.json');
    await writeFile(file, typeof data === 'string' ? data : JSON.stringify(data));
    return readSchemaFile(file);
  };

  it('holds objects in short', async () => {
    await using sandbox = await startSandbox({
      schema: await schema({ Plan__c: { fields: { Code__c: { type: 'string', externalId: true } } } }),
    });
    expect(sandbox.org.describe('plan__c')?.fields.find(({ name }) => name === 'Code__c')).toMatchObject({ externalId: true, length: 255 });
  });

  it('holds the descriptions of a real org, alone or several', async () => {
    await using first = await startSandbox({ schema: { Plan__c: { fields: { Size__c: { type: 'picklist', values: ['S', 'L'], restrictedPicklist: true } } } } }); // prettier-ignore
    const described = first.org.describe('Plan__c');
    for (const data of [described, { status: 0, result: described }, [described]]) {
      await using second = await startSandbox({ schema: await schema(data) });
      expect(second.org.describe('Plan__c')).toEqual(described);
    }
  });

  it.each([
    ['{', /it is no JSON/],
    ['[1]', /a description has a name and a list of fields/],
    ['{"Plan__c": {}}', /Plan__c has no fields/],
    ['{"Plan__c": {"fields": {"A__c": {"type": "text"}}}}', /the type of Plan__c.A__c is none of id, string/],
    ['{"Plan c": {"fields": {}}}', /"Plan c" is no name of an object/],
  ])('that cannot be used says why: %s', async (text, message) => {
    await expect(schema(text)).rejects.toThrow(message);
  });

  it('that is not there says so', async () => {
    await expect(readSchemaFile(join(folder, 'none.json'))).rejects.toThrow(/none.json cannot be read: ENOENT/);
  });
});
