import { Connection } from '@jsforce/jsforce-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type Sandbox, startSandbox } from '../../src/sandbox/salesforce/index.ts';
import { NODES } from './rest.ts';

let sandbox: Sandbox;
let connection: Connection;

beforeEach(async () => {
  sandbox = await startSandbox({ schema: NODES });
  connection = new Connection({ instanceUrl: sandbox.url, accessToken: sandbox.credentials.accessToken, version: '67.0' });
});

afterEach(async () => {
  await sandbox[Symbol.asyncDispose]();
});

describe('jsforce against the sandbox', () => {
  it('reads by SOQL, page after page', async () => {
    for (let at = 0; at < 4_500; at += 1) sandbox.org.insert('Node__c', { Ext__c: `k${at}`, Size__c: String(at) });
    const first = await connection.query('SELECT Ext__c, Size__c FROM Node__c ORDER BY Size__c DESC');
    expect(first).toMatchObject({ totalSize: 4_500, done: false });
    const second = await connection.queryMore(first.nextRecordsUrl ?? '');
    const third = await connection.queryMore(second.nextRecordsUrl ?? '');
    expect(third.done).toBe(true);
    expect([first.records[0], third.records.at(-1)]).toMatchObject([
      { Ext__c: 'k4499', Size__c: 4_499 },
      { Ext__c: 'k0', Size__c: 0 },
    ]);
  });

  it('reports what is wrong with a query by its code', async () => {
    await expect(connection.query('SELECT Nme FROM Node__c')).rejects.toMatchObject({ errorCode: 'INVALID_FIELD' });
    await expect(connection.query('SELECT Id FROM Nobody__c')).rejects.toMatchObject({ errorCode: 'INVALID_TYPE' });
  });

  it('loads records by a Bulk 2.0 ingest job', async () => {
    const input = Array.from({ length: 500 }, (_, at) => ({ Ext__c: `k${at}`, Name: at === 7 ? 'x'.repeat(81) : `Name "${at}"` }));
    const result = await connection.bulk2.loadAndWaitForResults({ object: 'Node__c', operation: 'upsert', externalIdFieldName: 'Ext__c', input, pollInterval: 5 }); // prettier-ignore
    expect([result.successfulResults.length, result.failedResults.length, result.unprocessedRecords.length]).toEqual([499, 1, 0]);
    expect(result.failedResults[0]).toMatchObject({ Ext__c: 'k7', sf__Error: expect.stringContaining('STRING_TOO_LONG') });
    expect(sandbox.org.find('Node__c', 'Ext__c', 'k8')[0]?.get('Name')).toBe('Name "8"');
  });

  it('reads one set of results of a Bulk 2.0 query', async () => {
    for (let at = 0; at < 300; at += 1) sandbox.org.insert('Node__c', { Ext__c: `k${at}` });
    const stream = await connection.bulk2.query('SELECT Id, Ext__c FROM Node__c', { pollInterval: 5 });
    expect(await stream.toArray()).toHaveLength(300);
  });

  it('meets the failure of a job as an error', async () => {
    sandbox.faults.add({ on: 'ingest', do: 'fail-job', message: 'InternalServerError : no' });
    const load = connection.bulk2.loadAndWaitForResults({
      object: 'Node__c',
      operation: 'insert',
      input: [{ Name: 'x' }],
      pollInterval: 5,
    });
    await expect(load).rejects.toThrow('InternalServerError : no');
  });
});
