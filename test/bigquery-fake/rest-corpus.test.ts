/** How much of the REST API the fake has right: recorded calls of the real service are made again, and the answers compared. */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { startBigQuery, type BigQueryServer } from '../support/bigquery/index.ts';
import { difference, filled, read, send, type Call, type Fixture, type Json, type Response, type Sent } from './replay.ts';
import { SCHEMA_OF_2021 } from './tables-of-2021.ts';

/** Score of the day: it may rise, and must not fall. */
const FLOOR = 117;

const corpus = (read('http_corpus.json') as { readonly fixtures: readonly Fixture[] }).fixtures;
const recorded = corpus.filter(({ extra }) => extra === undefined);
const written = corpus.filter(({ extra }) => extra !== undefined);

const FILES = [
  'integration.app-refresh-query',
  'integration.cli-generate-from',
  'integration.log-checking',
  'query-import.import-records',
  'table-import.get-row-count',
  'table-import.import-properties',
  'table-import.import-records',
  'table-import.record-property-rule-options',
];

let server: BigQueryServer;
beforeAll(async () => {
  server = await startBigQuery();
});
afterAll(async () => server[Symbol.asyncDispose]());

it('answers recorded calls as BigQuery did, and as many as before', async () => {
  const corpusResults = await results(recorded, replayed);
  const handWritten = await results(written, replayed);
  const calls2021 = await replayed2021();
  const all = [...corpusResults, ...calls2021];
  const alike = all.filter(({ problem }) => problem === undefined).length;
  const wrong = all.filter(({ problem }) => problem !== undefined).map(({ name, problem }) => `  ${name}: ${String(problem)}`);
  const byHand = handWritten.filter(({ problem }) => problem === undefined).length;
  process.stderr.write(
    [
      `BigQuery fake, REST: ${alike} of ${all.length} recorded calls answered alike`,
      ...wrong,
      `and ${byHand} of ${handWritten.length} answers that others wrote by hand:`,
      ...handWritten.filter(({ problem }) => problem !== undefined).map(({ name, problem }) => `  ${name}: ${String(problem)}`),
      '',
    ].join('\n'),
  );
  expect(alike).toBeGreaterThanOrEqual(FLOOR);
});

interface Result {
  readonly name: string;
  /** Undefined: alike. */
  readonly problem: string | undefined;
}

async function results<T extends { readonly name: string }>(
  items: readonly T[],
  replay: (item: T) => Promise<string | undefined>,
): Promise<Result[]> {
  const done: Result[] = [];
  for (const item of items)
    done.push({ name: item.name, problem: await replay(item).catch((error: unknown) => String(error).slice(0, 160)) });
  return done;
}

/** One fixture in a dataset of its own, which is gone afterwards. */
async function replayed(fixture: Fixture): Promise<string | undefined> {
  const dataset = `fixture_${fixture.name}`;
  const values: Record<string, string> = { PROJECT: server.project, DATASET_ID: dataset, DATASET: `${server.project}.${dataset}` };
  await server.sql(`CREATE SCHEMA ${dataset}`);
  try {
    if (fixture.setup_sql !== undefined) await server.sql(filled(fixture.setup_sql, values));
    for (const request of fixture.setup_requests ?? []) await prepared(request, fixture, values);
    const answer = await sent(fixture.request, fixture, values);
    if (answer.status !== fixture.status) return refused(answer);
    return headerDifference(fixture, answer) ?? difference(fixture.response, answer.body);
  } finally {
    await server.sql(`DROP SCHEMA ${dataset} CASCADE`);
  }
}

function refused({ status, body }: Response): string {
  const { error } = body as { readonly error?: { readonly message: string } };
  return `status ${status}: ${(error?.message ?? JSON.stringify(body)).slice(0, 120)}`;
}

function headerDifference(fixture: Fixture, answer: Response): string | undefined {
  for (const [name, value] of Object.entries(fixture.headers)) {
    const found = answer.headers.get(name);
    // A content type with its encoding is the same one.
    if (value === '<*>' ? found === null : found?.split(';')[0] !== value) return `header ${name} is ${String(found)}`;
  }
  return undefined;
}

async function prepared(request: Sent, fixture: Fixture, values: Record<string, string>): Promise<void> {
  const answer = await sent(request, fixture, values);
  for (const [name, place] of Object.entries(request.capture ?? {})) {
    const header = /^header:(.*)$/.exec(place)?.[1];
    const value =
      header === undefined
        ? place.split('.').reduce<unknown>((at, key) => (at as Json | undefined)?.[key], answer.body)
        : answer.headers.get(header);
    values[name] = String(value);
  }
}

async function sent(request: Sent, fixture: Fixture, values: Readonly<Record<string, string>>): Promise<Response> {
  const data = request.body_bin === undefined ? undefined : filled(fixture.files?.[request.body_bin] ?? '', values);
  const body = request.body === undefined ? {} : { body: JSON.parse(filled(JSON.stringify(request.body), values)) as unknown };
  return send(server.url, { ...request, path: filled(request.path, values), ...body }, data);
}

/** Calls of 2021 in their order, on the tables they were made on. Answers whose question was not recorded are left out. */
async function replayed2021(): Promise<Result[]> {
  await using old = await startBigQuery({ project: 'example-project' });
  await old.sql(SCHEMA_OF_2021);
  const done: Result[] = [];
  for (const file of FILES) {
    const asked = new Set<string>();
    for (const call of (read(`rest/${file}.json`) as { readonly calls: readonly Call[] }).calls) {
      const job = /\/queries\/(.*)$/.exec(call.path)?.[1];
      if (job !== undefined && !asked.has(job)) continue;
      const { jobReference } = (call.request ?? {}) as { readonly jobReference?: { readonly jobId: string } };
      if (jobReference !== undefined) asked.add(jobReference.jobId);
      // The jobs were still running when the insert was answered.
      old.faults.add({ on: /^POST .*\/jobs/, do: 'slow-job', polls: 0 });
      const problem = await replayedCall(old, call).catch((error: unknown) => String(error).slice(0, 160));
      old.faults.clear();
      done.push({ name: `${file} ${call.seq}`, problem });
    }
  }
  return done;
}

async function replayedCall(old: BigQueryServer, call: Call): Promise<string | undefined> {
  const query = new URLSearchParams(call.query).toString();
  const answer = await send(old.url, { method: call.method, path: `${call.path}?${query}`, body: call.request });
  if (answer.status !== call.status) return refused(answer);
  const ordered = JSON.stringify(call.request ?? '').includes('ORDER BY');
  const given = masked(answer.body as Json, ordered);
  return difference(withSize(masked(call.response, ordered), given), given);
}

/** Times, etags and generated names are any; what the service added since 2021 is left out; rows without an order come in any. */
function masked(value: Json, ordered: boolean): Json {
  const { principal_subject: _subject, jobCreationReason: _reason, etag: _etag, selfLink: _link, user_email: _user, ...rest } = value;
  const text = JSON.stringify(rest, (name, each: unknown) => (VOLATILE.has(name) ? '<*>' : each));
  const copy = JSON.parse(text) as Record<string, unknown>;
  // Sizes of results from the cache are 0, and this fake has no cache.
  if (value['cacheHit'] === true) Object.assign(copy, { totalBytesProcessed: '<*>' });
  if ('cacheHit' in copy) copy['cacheHit'] = '<*>';
  if (Array.isArray(copy['rows']) && !ordered) copy['rows'] = (copy['rows'] as unknown[]).map((row) => JSON.stringify(row)).sort();
  return copy;
}

/** Texts of `records` were replaced by others before they were published: their sizes say nothing. */
function withSize(value: Json, { schema }: Json): Json {
  return JSON.stringify(schema ?? '').includes('ip_address') ? { ...value, totalBytesProcessed: '<*>' } : value;
}

const VOLATILE = new Set(['creationTime', 'startTime', 'endTime', 'destinationTable']);
