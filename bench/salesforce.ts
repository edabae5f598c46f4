/**
 * Applying to Salesforce, state and history included: 10,000 changes by collections, a million new records by Bulk 2.0. The org is
 * the sandbox in another process, so what is measured is our side alone. The floor is a script that sends the same rows in the
 * same requests and looks at nothing: `node bench/salesforce.ts floor collections|job DATABASE ADDRESS`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';

import { DuckDBInstance } from '@duckdb/node-api';

import { COLUMNS, rowsSql } from './data.ts';
import { type Measurement, measure } from './measure.ts';
import { type Address, FIELD_OF, OBJECT, writeSalesforceProject } from './salesforce-project.ts';

const CLI = join(import.meta.dirname, '..', 'dist', 'cli.js');
const ORG = join(import.meta.dirname, 'salesforce-org.ts');
/** Rows of one job of the floor: less than the 100 MB that a job takes. */
const JOB_ROWS = 400_000;
/** As the connector says. */
const API = '/services/data/v67.0';

export interface SalesforceWork {
  readonly work: string;
  readonly rows: number;
  readonly measured: Measurement;
  readonly floor: Measurement;
  readonly apiCalls: number;
  readonly target: string;
}

export async function benchSalesforce(folder: string, sizes = { collections: 10_000, job: 1_000_000 }): Promise<SalesforceWork[]> {
  const home = join(folder, 'salesforce');
  await rm(home, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  const collections = await work(home, { way: 'collections', rows: sizes.collections, bulkFrom: 100_000_000, isThere: true });
  const job = await work(home, { way: 'job', rows: sizes.job, bulkFrom: 2_000, isThere: false });
  await rm(home, { recursive: true, force: true });
  return [
    { work: 'apply to Salesforce by collections, all changed in two fields', target: '400 MB', ...collections },
    { work: 'apply to Salesforce by Bulk 2.0, all created', target: '400 MB', ...job },
  ];
}

interface Case {
  readonly way: 'collections' | 'job';
  readonly rows: number;
  readonly bulkFrom: number;
  /** The org holds the records already, in an older version. */
  readonly isThere: boolean;
}

async function work(home: string, of: Case): Promise<Omit<SalesforceWork, 'work' | 'target'>> {
  const warehouse = await database(join(home, `${of.way}.duckdb`), rowsSql(of.rows, 'snapshot'), of.isThere);
  const before = of.isThere ? await database(join(home, `${of.way}-before.duckdb`), rowsSql(of.rows, 'snapshot'), false) : undefined;
  const floorOf = async (org: Org): Promise<Measurement> => {
    const measured = await measure([import.meta.filename, 'floor', of.way, warehouse, JSON.stringify(org.address)]);
    return { ...measured, ms: Number(measured.stdout) };
  };
  const floor = await withOrg(before, floorOf);
  return withOrg(before, async (org) => {
    const folder = join(home, of.way);
    await mkdir(folder, { recursive: true });
    const dir = writeSalesforceProject({ folder, warehouse, org: org.address, bulkFrom: of.bulkFrom });
    const plan = join(folder, 'plan.duckdb');
    await measure([CLI, 'plan', '--dir', dir, '--out', plan, '--json'], { cwd: folder });
    const calls = await org.calls();
    const measured = await measure([CLI, 'apply', plan, '--dir', dir, '--yes', '--json'], { cwd: folder });
    return { rows: of.rows, measured, floor, apiCalls: (await org.calls()) - calls };
  });
}

/** `changed`: two columns of every row. */
async function database(path: string, rows: string, changed: boolean): Promise<string> {
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '2GB' });
  const connection = await instance.connect();
  const columns = changed ? '* REPLACE (ltv + 1.25 AS ltv, updated_at + INTERVAL 1 DAY AS updated_at)' : '*';
  await connection.run(`ATTACH '${path}' AS target`);
  await connection.run(`CREATE TABLE target.rows AS SELECT ${columns} FROM (${rows})`);
  await connection.run('DETACH target');
  connection.closeSync();
  instance.closeSync();
  return path;
}

interface Org {
  readonly address: Address;
  /** API calls so far, as the org counts them. */
  calls(): Promise<number>;
}

async function withOrg<T>(rows: string | undefined, use: (org: Org) => Promise<T>): Promise<T> {
  const child = spawn(process.execPath, ['--max-old-space-size=6000', ORG, ...(rows === undefined ? [] : [rows])], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const address = JSON.parse(line) as Address;
    const calls = async (): Promise<number> => ((await (await fetch(`${address.url}/_sandbox/calls`)).json()) as { total: number }).total;
    return await use({ address, calls });
  } finally {
    child.stdin.end();
    await once(child, 'close');
  }
}

// ---- the floor

async function floor(way: string, path: string, address: Address): Promise<void> {
  const instance = await DuckDBInstance.create(path, { access_mode: 'read_only' });
  const connection = await instance.connect();
  const started = performance.now();
  const token = await login(address);
  const send = async (method: string, url: string, body?: RequestInit['body'], type = 'application/json'): Promise<Response> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': type };
    const reply = await fetch(`${address.url}${API}${url}`, { method, headers, body: body ?? null, duplex: 'half' });
    if (!reply.ok) throw new Error(`${method} ${url}: ${reply.status} ${await reply.text()}`);
    return reply;
  };
  const cell = (name: string): string => {
    if (name.endsWith('_at')) return `strftime(${name}, '%Y-%m-%dT%H:%M:%SZ')`;
    return way === 'job' ? `coalesce(CAST(${name} AS VARCHAR), '#N/A')` : name;
  };
  const cells = COLUMNS.map((name) => `${cell(name)} AS "${FIELD_OF(name)}"`).join(', ');
  if (way === 'job') {
    const [{ parts }] = (await connection.runAndReadAll(`SELECT ceil(count(*) / ${JOB_ROWS})::INTEGER AS parts FROM rows`)).getRowObjects() as [{ parts: number }]; // prettier-ignore
    for (let part = 0; part < parts; part += 1) {
      const csv = `${path}.${part}.csv`;
      await connection.run(`COPY (SELECT ${cells} FROM rows WHERE rowid % ${parts} = ${part}) TO '${csv}' (HEADER, FORCE_QUOTE *)`);
      await sendJob(send, csv);
    }
  } else {
    const sql = `SELECT json_group_array(json_merge_patch(json_object('attributes', json_object('type', '${OBJECT}')), to_json(r))) FROM (SELECT ${cells}, (row_number() OVER () - 1) // 200 AS page FROM rows) AS r GROUP BY page`;
    for (const [records] of (await connection.runAndReadAll(sql)).getRows()) {
      const body = `{"allOrNone":false,"records":${String(records).replaceAll(/,"page":\d+/g, '')}}`;
      await (await send('PATCH', `/composite/sobjects/${OBJECT}/Ext__c`, body)).text();
    }
  }
  console.log(Math.round(performance.now() - started));
  connection.closeSync();
  instance.closeSync();
}

async function login({ url, clientId, clientSecret }: Address): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret });
  const reply = await fetch(`${url}/services/oauth2/token`, { method: 'POST', body });
  return ((await reply.json()) as { access_token: string }).access_token;
}

type Send = (method: string, url: string, body?: RequestInit['body'], type?: string) => Promise<Response>;

async function sendJob(send: Send, csv: string): Promise<void> {
  const job = { object: OBJECT, operation: 'upsert', externalIdFieldName: 'Ext__c', lineEnding: 'LF' };
  const { id } = (await (await send('POST', '/jobs/ingest', JSON.stringify(job))).json()) as { id: string };
  await send('PUT', `/jobs/ingest/${id}/batches`, Readable.toWeb(createReadStream(csv)), 'text/csv');
  await send('PATCH', `/jobs/ingest/${id}`, JSON.stringify({ state: 'UploadComplete' }));
  for (;;) {
    const { state } = (await (await send('GET', `/jobs/ingest/${id}`)).json()) as { state: string };
    if (state === 'JobComplete') break;
    await delay(100);
  }
  for (const kind of ['successfulResults', 'failedResults', 'unprocessedrecords']) {
    const { body } = await send('GET', `/jobs/ingest/${id}/${kind}`);
    if (body !== null) await pipeline(Readable.fromWeb(body as never), createWriteStream(`${csv}.${kind}`));
  }
}

const [what, way = '', path = '', address = ''] = process.argv.slice(2);
if (process.argv[1] === import.meta.filename && what === 'floor') await floor(way, path, JSON.parse(address) as Address);
