import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type Sandbox, startSandbox } from '../../src/sandbox/salesforce/index.ts';
import { type Answer, ask, type Job, NODES } from './rest.ts';

let sandbox: Sandbox;

beforeEach(async () => {
  sandbox = await startSandbox({ schema: NODES, now: () => Date.parse('2024-03-10T10:00:00Z') });
  const { org } = sandbox;
  const root = org.insert('Node__c', {
    Ext__c: 'root',
    Name: 'say "x",\n',
    Size__c: '10000000',
    Flag__c: 'true',
    Moment__c: '2024-03-10T10:00:00Z',
  });
  org.insert('Node__c', { Ext__c: 'child', Parent__c: root });
  for (let at = 0; at < 8; at += 1) org.insert('Node__c', { Ext__c: `k${at}` });
});

afterEach(async () => {
  await sandbox[Symbol.asyncDispose]();
});

async function post(body: Readonly<Record<string, unknown>>): Promise<Job> {
  return JSON.parse((await ask(sandbox, 'POST', '/jobs/query', { body: JSON.stringify(body) })).text) as Job;
}

async function poll(id: string): Promise<Job> {
  return JSON.parse((await ask(sandbox, 'GET', `/jobs/query/${id}`)).text) as Job;
}

async function jobOf(query: string, options: Readonly<Record<string, unknown>> = {}): Promise<Job> {
  const { id } = await post({ operation: 'query', query, ...options });
  return poll(id);
}

async function results(id: string, parameters = ''): Promise<Answer> {
  return ask(sandbox, 'GET', `/jobs/query/${id}/results${parameters}`, { headers: { accept: 'text/csv' } });
}

describe('a query job', () => {
  it('has the bodies that Salesforce sends', async () => {
    const job = await post({ operation: 'query', query: 'SELECT Id FROM Node__c' });
    expect(job).toEqual({
      id: expect.stringMatching(/^750\w{15}$/),
      operation: 'query',
      object: 'Node__c',
      createdById: sandbox.org.user.id,
      createdDate: '2024-03-10T10:00:00.000+0000',
      systemModstamp: '2024-03-10T10:00:00.000+0000',
      state: 'UploadComplete',
      concurrencyMode: 'Parallel',
      contentType: 'CSV',
      apiVersion: 67,
      lineEnding: 'LF',
      columnDelimiter: 'COMMA',
    });
    expect(await poll(job.id)).toMatchObject({
      id: job.id,
      state: 'JobComplete',
      jobType: 'V2Query',
      numberRecordsProcessed: 10,
      retries: 0,
    });
    expect(JSON.parse((await ask(sandbox, 'GET', '/jobs/query')).text)).toMatchObject({ done: true, records: [{ id: job.id }] });
    expect((await ask(sandbox, 'DELETE', `/jobs/query/${job.id}`)).status).toBe(204);
    expect((await results(job.id)).status).toBe(404);
  });

  it('quotes every value, writes nothing for null, and datetimes with Z', async () => {
    const { id } = await jobOf(
      "SELECT Ext__c, Name, Size__c, Flag__c, Moment__c, Parent__r.Ext__c FROM Node__c WHERE Ext__c IN ('root', 'child')",
    );
    const { text, headers } = await results(id);
    expect(text).toBe(
      '"Ext__c","Name","Size__c","Flag__c","Moment__c","Parent__r.Ext__c"\n' +
        '"root","say ""x"",","1.0E7","true","2024-03-10T10:00:00.000Z",""\n' +
        '"child","","","false","","root"\n',
    );
    expect([headers.get('content-type'), headers.get('sforce-locator'), headers.get('sforce-numberofrecords')]).toEqual([
      'text/csv',
      'null',
      '2',
    ]);
  });

  it('writes the declared delimiter and line ending', async () => {
    const { id } = await jobOf("SELECT Ext__c, Flag__c FROM Node__c WHERE Ext__c = 'root'", { columnDelimiter: 'TAB', lineEnding: 'CRLF' });
    expect((await results(id)).text).toBe('"Ext__c"\t"Flag__c"\r\n"root"\t"true"\r\n');
  });

  it('hands its rows out in sets, each with the header, until the locator is null', async () => {
    const { id } = await jobOf('SELECT Ext__c FROM Node__c');
    const keys: string[] = [];
    const sizes: (string | null)[] = [];
    for (let locator: string | null = ''; locator !== 'null';) {
      const { text, headers } = await results(id, `?maxRecords=4${locator === '' ? '' : `&locator=${locator}`}`);
      const [header, ...rows] = text.trimEnd().split('\n');
      expect(header).toBe('"Ext__c"');
      keys.push(...rows);
      sizes.push(headers.get('sforce-numberofrecords'));
      locator = headers.get('sforce-locator');
    }
    expect(sizes).toEqual(['4', '4', '2']);
    expect(new Set(keys).size).toBe(10);
    expect((await results(id, '?locator=bm8')).text).toContain('Invalid locator');
  });

  it('reads the bin with queryAll', async () => {
    sandbox.org.remove('Node__c', sandbox.org.find('Node__c', 'Ext__c', 'k1')[0]?.id ?? '');
    expect(await jobOf('SELECT Id FROM Node__c')).toMatchObject({ numberRecordsProcessed: 9 });
    expect(await jobOf('SELECT Id FROM Node__c', { operation: 'queryAll' })).toMatchObject({ numberRecordsProcessed: 10 });
  });

  it.each([
    ['SELECT Id FORM Node__c', 'MALFORMED_QUERY'],
    ['SELECT Nme FROM Node__c', 'INVALID_FIELD'],
    ['SELECT COUNT() FROM Node__c', 'API_ERROR'],
    ['SELECT Id FROM Node__c OFFSET 1', 'API_ERROR'],
    ['SELECT TYPEOF Either__r WHEN Account THEN Name END FROM Node__c', 'API_ERROR'],
    ['SELECT MailingAddress FROM Contact', 'API_ERROR'],
  ])('is refused for %s', async (query, errorCode) => {
    expect(await post({ operation: 'query', query })).toMatchObject([{ errorCode }]);
  });
});

describe('a fault', () => {
  it('makes a query slow, and it can be aborted', async () => {
    sandbox.faults.add({ on: 'bulk-query', do: 'slow-job', polls: 2, times: 2 });
    const { id, state } = await jobOf('SELECT Id FROM Node__c');
    expect(state).toBe('InProgress');
    expect((await results(id)).text).toContain('INVALIDJOBSTATE');
    expect([(await poll(id)).state, (await poll(id)).state]).toEqual(['InProgress', 'JobComplete']);
    const other = await jobOf('SELECT Id FROM Node__c');
    await ask(sandbox, 'PATCH', `/jobs/query/${other.id}`, { body: '{"state":"Aborted"}' });
    expect(await poll(other.id)).toMatchObject({ state: 'Aborted' });
  });

  it('shuffles rows without ORDER BY, and those only', async () => {
    sandbox.faults.add({ on: 'bulk-query', do: 'shuffle', times: 2 });
    const read = async (soql: string): Promise<string> => (await results((await jobOf(soql)).id)).text;
    const shuffled = await read('SELECT Ext__c FROM Node__c');
    const ordered = await read('SELECT Ext__c FROM Node__c ORDER BY Id');
    expect(await read('SELECT Ext__c FROM Node__c')).toBe(ordered);
    expect(shuffled).not.toBe(ordered);
    expect(shuffled.split('\n').sort()).toEqual(ordered.split('\n').sort());
  });

  it('fails a query', async () => {
    sandbox.faults.add({ on: 'bulk-query', do: 'fail-job' });
    expect(await jobOf('SELECT Id FROM Node__c')).toMatchObject({ state: 'Failed' });
  });
});
