/** `/jobs/query`: Bulk API 2.0 queries. */
import { choice, formatOf, jobBody, wantedState, wrongState } from './bulk-job.ts';
import { QueryJob } from './bulk-query-job.ts';
import { jobsOf, listPage } from './bulk-store.ts';
import { type Call, readText, type Route } from './call.ts';
import { json, noContent, Refusal, type Reply, text } from './reply.ts';
import { recordsOf } from './soql-names.ts';
import { type Prepared, prepareQuery } from './soql-run.ts';
import { requestOf } from './write-request.ts';

const PROPERTIES = ['operation', 'query', 'contentType', 'columnDelimiter', 'lineEnding'];

export const bulkQueryRoutes: readonly Route[] = [
  { method: 'POST', path: '/jobs/query', kind: 'bulk-query', handle: async (call) => createJob(call) },
  { method: 'GET', path: '/jobs/query', kind: 'bulk-query', handle: (call) => listJobs(call) },
  { method: 'GET', path: '/jobs/query/{id}', kind: 'bulk-query', handle: (call) => json(jobOf(call).info()) },
  { method: 'PATCH', path: '/jobs/query/{id}', kind: 'bulk-query', handle: async (call) => abortJob(call) },
  { method: 'DELETE', path: '/jobs/query/{id}', kind: 'bulk-query', handle: (call) => deleteJob(call) },
  { method: 'GET', path: '/jobs/query/{id}/results', kind: 'bulk-query', handle: (call) => results(call) },
];

function jobOf(call: Call): QueryJob {
  return jobsOf(call.state.org).query.get(call.params['id']);
}

async function createJob(call: Call): Promise<Reply> {
  const { state, user, version } = call;
  const body = jobBody(await readText(call.body), PROPERTIES);
  const operation = choice(body, 'operation', ['query', 'queryAll']);
  const format = formatOf(body);
  if (typeof body['query'] !== 'string') throw new Refusal(400, 'API_ERROR', 'The query is missing');
  const prepared = prepareQuery(recordsOf(state.org, user), body['query'], operation === 'queryAll');
  refuseUnsupported(prepared);
  const { number, id } = jobsOf(state.org).nextId();
  const basics = { id, operation, object: prepared.object.name, createdById: user.id, apiVersion: version, ...format };
  const job = new QueryJob(basics, prepared, state.now);
  const created = job.status.describe();
  jobsOf(state.org).query.add(id, job);
  start(call, job, number);
  return json(created);
}

/** What SOQL can and Bulk cannot (Bulk API 2.0 guide, "Bulk Query"). */
function refuseUnsupported({ query, shape }: Prepared): void {
  const hasTypeOf = query.select.some(({ kind }) => kind === 'typeof');
  const compound = shape.columns.find(({ field }) => field.type === 'address' || field.type === 'location');
  const what = [
    query.count ? 'COUNT' : undefined,
    query.offset > 0 ? 'OFFSET' : undefined,
    hasTypeOf ? 'TYPEOF' : undefined,
    compound === undefined ? undefined : `the compound field ${compound.name}`,
  ].find((each) => each !== undefined);
  if (what !== undefined) throw new Refusal(400, 'API_ERROR', `Bulk API 2.0 queries do not support ${what}`);
}

/** Faults are taken here: they fit `POST /jobs/query`. */
function start(call: Call, job: QueryJob, number: number): void {
  const { faults } = call.state;
  const take = (action: 'fail-job' | 'shuffle' | 'slow-job') => faults.take('bulk-query', requestOf(call), [action]);
  const [slow, fail, shuffle] = [take('slow-job'), take('fail-job'), take('shuffle')];
  const work = (): void => (fail === undefined ? job.run(shuffle === undefined ? undefined : number) : job.status.enter('Failed'));
  if (slow === undefined) work();
  else job.status.hold(slow.polls ?? 1, work);
}

function listJobs(call: Call): Reply {
  const jobs = [...jobsOf(call.state.org).query.all()];
  const descriptions = jobs.map((job) => ({ ...job.status.describe(), jobType: 'V2Query' }));
  return json(listPage(descriptions, `${call.root}/jobs/query`, call.query.get('queryLocator')));
}

async function abortJob(call: Call): Promise<Reply> {
  const job = jobOf(call);
  wantedState(await readText(call.body), ['Aborted']);
  if (job.status.hasEnded) throw wrongState('Aborting already Completed Job not allowed');
  job.status.enter('Aborted');
  return json(job.status.describe());
}

function deleteJob(call: Call): Reply {
  if (!jobOf(call).status.hasEnded) throw wrongState('A job can be deleted once it is JobComplete, Aborted or Failed');
  jobsOf(call.state.org).query.delete(call.params['id']);
  return noContent();
}

function results(call: Call): Reply {
  const { status } = jobOf(call);
  if (!status.hasEnded || status.state !== 'JobComplete') throw wrongState(`The results of a job in state ${status.state} cannot be read`);
  const asked = call.query.get('maxRecords');
  if (asked !== null && !/^[1-9]\d*$/.test(asked)) throw new Refusal(400, 'API_ERROR', 'maxRecords must be a whole number above 0');
  const { rows, locator, csv } = jobOf(call).results(call.query.get('locator') ?? undefined, asked === null ? undefined : Number(asked));
  return text('text/csv', csv, { 'Sforce-Locator': locator, 'Sforce-NumberOfRecords': String(rows) });
}
