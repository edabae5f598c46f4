import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type Sandbox, startSandbox } from '../../src/sandbox/salesforce/index.ts';
import { create, ended, info, put, results, run, setState, UPSERT } from './ingest.ts';
import { API, ask, NODES } from './rest.ts';

let sandbox: Sandbox;

beforeEach(async () => {
  sandbox = await startSandbox({ schema: NODES, now: () => Date.parse('2024-03-10T10:00:00Z') });
});

afterEach(async () => {
  await sandbox[Symbol.asyncDispose]();
});

function stored(key: string, field: string): string | null | undefined {
  return sandbox.org.find('Node__c', 'Ext__c', key)[0]?.get(field);
}

describe('the life of an ingest job', () => {
  it('has the bodies that Salesforce sends', async () => {
    const job = await create(sandbox, { ...UPSERT, contentType: 'CSV', columnDelimiter: 'COMMA' });
    const { id } = job;
    expect(id).toMatch(/^750\w{15}$/);
    expect(job).toMatchObject({
      operation: 'upsert',
      object: 'Node__c',
      createdById: sandbox.org.user.id,
      createdDate: '2024-03-10T10:00:00.000+0000',
      state: 'Open',
      externalIdFieldName: 'Ext__c',
      concurrencyMode: 'Parallel',
      contentType: 'CSV',
      apiVersion: 67,
      contentUrl: `services/data/v67.0/jobs/ingest/${id}/batches`,
      lineEnding: 'LF',
      columnDelimiter: 'COMMA',
    });
    expect(await put(sandbox, id, 'Ext__c,Name\na,"x, ""y"""\n')).toBe(201);
    expect(await setState(sandbox, id, 'UploadComplete')).toMatchObject({ id, state: 'UploadComplete' });
    expect(await ended(sandbox, id)).toMatchObject({ state: 'JobComplete', jobType: 'V2Ingest', numberRecordsProcessed: 1, numberRecordsFailed: 0, retries: 0 }); // prettier-ignore
    const done = await ask(sandbox, 'GET', `/jobs/ingest/${id}/successfulResults`);
    const record = sandbox.org.find('Node__c', 'Ext__c', 'a')[0];
    expect(done.text).toBe(`"sf__Id","sf__Created",Ext__c,Name\n"${record?.id}","true","a","x, ""y"""\n`);
    expect(done.headers.get('content-type')).toBe('text/csv');
    expect((await ask(sandbox, 'GET', `/jobs/ingest/${id}/failedResults`)).text).toBe('"sf__Id","sf__Error",Ext__c,Name\n');
    expect((await ask(sandbox, 'GET', `/jobs/ingest/${id}/unprocessedrecords`)).text).toBe('Ext__c,Name\n');
    const list = JSON.parse((await ask(sandbox, 'GET', '/jobs/ingest')).text) as unknown;
    expect(list).toMatchObject({ done: true, nextRecordsUrl: null, records: [{ id, object: 'Node__c', state: 'JobComplete' }] });
    expect((await ask(sandbox, 'DELETE', `/jobs/ingest/${id}`)).status).toBe(204);
    expect((await ask(sandbox, 'GET', `/jobs/ingest/${id}`)).status).toBe(404);
  });

  it('lets nothing happen twice or out of turn', async () => {
    const { id } = await create(sandbox);
    expect((await ask(sandbox, 'GET', `/jobs/ingest/${id}/failedResults`)).text).toContain('INVALIDJOBSTATE');
    expect((await ask(sandbox, 'DELETE', `/jobs/ingest/${id}`)).text).toContain('INVALIDJOBSTATE');
    await put(sandbox, id, 'Ext__c\na\n');
    expect(await put(sandbox, id, 'Ext__c\nb\n')).toBe(400);
    await setState(sandbox, id, 'UploadComplete');
    await ended(sandbox, id);
    expect(await setState(sandbox, id, 'UploadComplete')).toMatchObject([{ errorCode: 'INVALIDJOBSTATE' }]);
    expect(await setState(sandbox, id, 'Aborted')).toMatchObject([{ errorCode: 'INVALIDJOBSTATE' }]);
    expect([...sandbox.org.records('Node__c')]).toHaveLength(1);
  });

  it('aborted while open leaves every row unprocessed', async () => {
    const { id } = await create(sandbox);
    await put(sandbox, id, 'Ext__c\na\nb\n');
    expect(await setState(sandbox, id, 'Aborted')).toMatchObject({ state: 'Aborted' });
    expect(await results(sandbox, id, 'unprocessedrecords')).toEqual(['a', 'b']);
    expect([...sandbox.org.records('Node__c')]).toHaveLength(0);
  });
});

describe('the rows of an ingest job', () => {
  it('clear by #N/A, leave alone by an empty cell, and point to parents by their keys', async () => {
    const { org } = sandbox;
    const parent = org.insert('Node__c', { Ext__c: 'p' });
    const account = org.insert('Account', { Name: 'Acme' });
    org.define('Account', { fields: { Ext__c: { type: 'string', length: 40, externalId: true } } });
    org.update('Account', account, { Ext__c: 'acme' });
    org.insert('Node__c', { Ext__c: 'a', Name: 'before', Size__c: '1', Count__c: '7' });
    const csv = 'Ext__c,Name,Size__c,Count__c,Parent__r.Ext__c,Account:Either__r.Ext__c\na,,#N/A,8,p,acme\n';
    expect(await run(sandbox, csv)).toMatchObject({ state: 'JobComplete', numberRecordsFailed: 0 });
    const values = ['Name', 'Size__c', 'Count__c', 'Parent__c', 'Either__c'].map((field) => stored('a', field));
    expect(values).toEqual(['before', null, '8', parent, account]);
  });

  it('fail one by one, in the words of Salesforce', async () => {
    const { id } = await run(
      sandbox,
      'Ext__c,Name,Size__c,Parent__r.Ext__c\ngood,,1,\nlong,' + 'x'.repeat(81) + ',,\nbad,,many,\norphan,,,nobody\n',
    );
    expect(await info(sandbox, id)).toMatchObject({ state: 'JobComplete', numberRecordsProcessed: 4, numberRecordsFailed: 3 });
    const failed = await results(sandbox, id, 'failedResults');
    expect(failed.find((line) => line.includes('"long"'))).toMatch(
      /^"","STRING_TOO_LONG:Name: data value too large: x+ \(max length=80\):Name --","long","x+","",""$/,
    );
    expect(failed.find((line) => line.includes('"orphan"'))).toContain('INVALID_FIELD:Foreign key external ID: nobody not found');
    expect(failed.find((line) => line.includes('"bad"'))).toContain('INVALID_TYPE_ON_FIELD_IN_RECORD');
    expect(await results(sandbox, id, 'successfulResults')).toHaveLength(1);
  });

  it('come back in another order than they went in, each once', async () => {
    const keys = Array.from({ length: 1_000 }, (_, at) => `k${at}`);
    const { id } = await run(sandbox, `Ext__c\n${keys.join('\n')}\n`);
    const { text } = await ask(sandbox, 'GET', `/jobs/ingest/${id}/successfulResults`);
    const seen = [...text.matchAll(/"(k\d+)"/g)].map(([, key]) => key ?? '');
    expect(seen).not.toEqual(keys);
    expect(new Set(seen)).toEqual(new Set(keys));
    expect(seen).toHaveLength(1_000);
  });

  it('of one key fail together within a transaction of 200, and overwrite each other across two', async () => {
    const { id } = await run(sandbox, 'Ext__c,Name\ntwice,1\ntwice,2\n');
    expect(await results(sandbox, id, 'failedResults')).toHaveLength(2);
    const filler = Array.from({ length: 199 }, (_, at) => `f${at},x`).join('\n');
    await run(sandbox, `Ext__c,Name\ntwice,first\n${filler}\ntwice,last\n`);
    expect(stored('twice', 'Name')).toBe('last');
  });

  it('are inserted, updated by id, and deleted by id', async () => {
    const { id } = await run(sandbox, 'Name\r\nx\r\n', { object: 'Node__c', operation: 'insert', lineEnding: 'CRLF' });
    const [line = ''] = await results(sandbox, id, 'successfulResults');
    const record = /^"(\w{18})","true"/.exec(line)?.[1] ?? '';
    await run(sandbox, `Id|Name\n${record}|y\n`, { object: 'Node__c', operation: 'update', columnDelimiter: 'PIPE' });
    expect(sandbox.org.record(record)?.get('Name')).toBe('y');
    const missing = await run(sandbox, 'Name\nz\n', { object: 'Node__c', operation: 'update' });
    expect(await results(sandbox, missing.id, 'failedResults')).toEqual([expect.stringContaining('MISSING_ARGUMENT')]);
    await run(sandbox, `Id\n${record}\n`, { object: 'Node__c', operation: 'delete' });
    expect(sandbox.org.record(record)?.isDeleted).toBe(true);
  });
});

describe('an ingest job is refused or fails', () => {
  it.each([
    [{ object: 'Nobody__c', operation: 'insert' }, 'INVALIDENTITY', 'Unable to find object: Nobody__c'],
    [{ object: 'Node__c', operation: 'upsert' }, 'INVALIDJOB', 'External ID was blank for Node__c'],
    [
      { object: 'Node__c', operation: 'upsert', externalIdFieldName: 'Name' },
      'INVALIDJOB',
      'Field name provided, Name does not match an External ID',
    ],
    [{ object: 'Node__c', operation: 'hardDelete' }, 'FEATURENOTENABLED', 'special user profile permission'],
    [{ object: 'Node__c', operation: 'insert', lineEnding: 'CR' }, 'API_ERROR', 'lineEnding'],
    [{ object: 'Node__c', operation: 'insert', allOrNone: true }, 'JSON_PARSER_ERROR', 'Unrecognized field "allOrNone"'],
  ])('at its creation: %j', async (options, errorCode, message) => {
    expect(await create(sandbox, options)).toEqual([{ errorCode, message: expect.stringContaining(message) }]);
  });

  it.each([
    ['Ext__c,Nme\na,b\n', 'InvalidBatch : Field name not found : Nme'],
    ['Ext__c,Nobody__r.Ext__c\na,b\n', 'InvalidBatch : Field name not found : Nobody__r.Ext__c'],
    ['Ext__c,Either__r.Ext__c\na,b\n', 'InvalidBatch : Field name not found : Either__r.Ext__c'],
    ['Ext__c,ext__C\na,b\n', 'InvalidBatch : Duplicate column name'],
    ['Ext__c\r\na\r\n', 'ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF'],
    ['Ext__c,Name\na\n', 'InvalidBatch : Failed to parse CSV'],
  ])('for its file: %j', async (csv, errorMessage) => {
    expect(await run(sandbox, csv)).toMatchObject({
      state: 'Failed',
      errorMessage: expect.stringContaining(errorMessage),
      numberRecordsProcessed: 0,
    });
  });

  it('at the row that cannot be read, and shows that row and those behind it as uploaded', async () => {
    const good = Array.from({ length: 200 }, (_, at) => `k${at},x`).join('\n');
    const { id, state } = await run(sandbox, `Ext__c,Name\n${good}\nshort\n"q",y\n`);
    expect([state, [...sandbox.org.records('Node__c')].length]).toEqual(['Failed', 200]);
    expect(await results(sandbox, id, 'unprocessedrecords')).toEqual(['"q",y', 'short']);
  });

  it('for a field that the user does not see', async () => {
    await using narrow = await startSandbox({ schema: NODES, user: { hidden: ['Node__c.Size__c'] } });
    const job = await run(narrow, 'Ext__c,Size__c\na,1\n');
    expect(job).toMatchObject({ state: 'Failed', errorMessage: 'InvalidBatch : Field name not found : Size__c' });
  });

  it('for a deletion with more than ids', async () => {
    expect(await run(sandbox, 'Id,Name\na,b\n', { object: 'Node__c', operation: 'delete' })).toMatchObject({ state: 'Failed' });
  });

  it('for an upload above 150 MB in base64', async () => {
    const { id } = await create(sandbox);
    expect(await put(sandbox, id, `Ext__c\n${'x'.repeat(112.5 * 1024 * 1024)}`)).toBe(400);
  });
});

describe('the address of a job', () => {
  it('takes ids of 15 characters and no others', async () => {
    const { id } = await create(sandbox);
    expect((await info(sandbox, id.slice(0, 15))).id).toBe(id);
    expect((await ask(sandbox, 'GET', '/jobs/ingest/750000000000000AAA')).status).toBe(404);
    expect((await ask(sandbox, 'POST', `${API}/jobs/ingest/${id}`, { body: '{}' })).status).toBe(405);
  });
});
