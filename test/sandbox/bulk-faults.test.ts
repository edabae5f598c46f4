import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type Sandbox, startSandbox } from '../../src/sandbox/salesforce/index.ts';
import { ended, info, results, run, setState, start } from './ingest.ts';
import { ask, NODES } from './rest.ts';

let sandbox: Sandbox;

beforeEach(async () => {
  sandbox = await startSandbox({ schema: NODES });
});

afterEach(async () => {
  await sandbox[Symbol.asyncDispose]();
});

describe('a fault of an ingest job', () => {
  const FIVE = 'Ext__c\na\nb\nc\nd\ne\n';

  it('makes a job slow: nothing is written before the polls are over', async () => {
    sandbox.faults.add({ on: 'ingest', do: 'slow-job', polls: 2 });
    const id = await start(sandbox, FIVE);
    expect((await info(sandbox, id)).state).toBe('InProgress');
    expect([...sandbox.org.records('Node__c')]).toHaveLength(0);
    expect((await info(sandbox, id)).state).toBe('InProgress');
    expect(await ended(sandbox, id)).toMatchObject({ state: 'JobComplete', numberRecordsProcessed: 5 });
  });

  it('leaves a slow job that is aborted undone', async () => {
    sandbox.faults.add({ on: 'ingest', do: 'slow-job', polls: 2 });
    const id = await start(sandbox, FIVE);
    await setState(sandbox, id, 'Aborted');
    expect(await info(sandbox, id)).toMatchObject({ state: 'Aborted' });
    expect(await results(sandbox, id, 'unprocessedrecords')).toHaveLength(5);
    expect([...sandbox.org.records('Node__c')]).toHaveLength(0);
  });

  it('stops a job half-way', async () => {
    sandbox.faults.add({ on: 'ingest', do: 'unprocessed', rows: 2 });
    const { id, state } = await run(sandbox, FIVE);
    expect(state).toBe('Aborted');
    expect(await results(sandbox, id, 'unprocessedrecords')).toEqual(['c', 'd', 'e']);
    expect(await results(sandbox, id, 'successfulResults')).toHaveLength(2);
  });

  it('fails a job', async () => {
    sandbox.faults.add({ on: 'ingest', do: 'fail-job', message: 'InternalServerError : no' });
    expect(await run(sandbox, FIVE)).toMatchObject({
      state: 'Failed',
      errorMessage: 'InternalServerError : no',
      numberRecordsProcessed: 0,
    });
    expect(await run(sandbox, FIVE)).toMatchObject({ state: 'JobComplete' });
  });

  it('locks some rows', async () => {
    sandbox.faults.add({ on: 'ingest', do: 'lock', match: /"[bd]"/ });
    const { id } = await run(sandbox, FIVE);
    const failed = await results(sandbox, id, 'failedResults');
    expect(failed).toEqual(['b', 'd'].map((key) => `"","UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record:--","${key}"`));
  });

  it('limits the processor time of jobs above a size', async () => {
    sandbox.faults.add({ on: 'ingest', do: 'cpu-limit', rows: 4, times: 2 });
    const { id } = await run(sandbox, FIVE);
    expect(await results(sandbox, id, 'failedResults')).toHaveLength(5);
    expect((await results(sandbox, id, 'failedResults'))[0]).toMatch(
      /^"","CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY:.*Apex CPU time limit exceeded/,
    );
    expect(await run(sandbox, 'Ext__c\na\nb\n')).toMatchObject({ numberRecordsFailed: 0 });
  });

  it('gives the results in another order each time', async () => {
    sandbox.faults.add({ on: 'ingest', do: 'shuffle' });
    const { id } = await run(sandbox, `Ext__c\n${Array.from({ length: 100 }, (_, at) => `k${at}`).join('\n')}\n`);
    const read = async (): Promise<string> => (await ask(sandbox, 'GET', `/jobs/ingest/${id}/successfulResults`)).text;
    expect(await read()).not.toBe(await read());
  });
});
