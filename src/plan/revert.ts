/**
 * The plan that puts back what a run changed: before-images against live records. An ordinary plan file, applied like any
 * other.
 *
 * What was created is deleted, what was updated or cleared gets its former values, what was deleted is created again from
 * the fields Sluice knew. Afterwards the warehouse still wants what was reverted, so the records are held until it changes
 * its mind: they are known rejects (`REVERTED`) while their row is the same, whatever becomes of them in the destination, and
 * a field that was put back is known to show its former value (`returned`), also after another field of its row changed.
 */
import { canonicalOfExact } from '../canonical/canonical.ts';
import { FUNCTIONS, registerFunctions, registerOpening, SensitiveKey } from '../canonical/functions.ts';
import type { Sync } from '../config/model.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import type { Run } from '../state/state.ts';
import { literal } from '../workspace/quote.ts';
import { Workspace } from '../workspace/workspace.ts';
import { emptySyncPlan, planDocument } from './assemble.ts';
import type { BoundField, BoundSync } from './bind.ts';
import { EMPTY_SUMMARY, LEFT_REVERTED, type PlanDocument, type SyncPlan } from './document.ts';
import { attachEnds, bindEnds, openEnds } from './ends.ts';
import { breaches, evaluateGuards } from './guards.ts';
import { hashEngine, hashId, lineageOf, type OwnBase } from './identity.ts';
import { hasMember, memberText, objectOf } from './json-sql.ts';
import { readLive } from './live.ts';
import { PlanDraft } from './plan-file.ts';
import type { PlanRequest } from './planner.ts';
import { recordSync } from './record.ts';
import { changeSamples, updatedFields } from './summary.ts';
import { plural } from '../words.ts';

export interface RevertRequest extends Omit<PlanRequest, 'syncs' | 'refresh' | 'accept' | 'retryRejected' | 'hash'> {
  readonly runId: string;
}

/** Plans the reversal of one run and writes the plan file. */
export async function planRevert(context: Context, request: RevertRequest): Promise<PlanDocument> {
  const run = await findRun(request);
  const sync = request.project.syncs.find((each) => each.name === run.sync);
  if (sync === undefined) throw new UserError(`run ${run.runId} wrote ${run.sync}, which the project does not have any more`);
  await using draft = await PlanDraft.create(request.out);
  const planned = await planReversal(context, request, draft, sync, run);
  const document = planDocument(context, request, [planned]);
  await draft.publish(context, document, request.encrypt);
  return document;
}

async function findRun(request: RevertRequest): Promise<Run> {
  const runs = await request.state.runs();
  const found = runs.filter((run) => run.runId.startsWith(request.runId));
  const [run] = found;
  if (run === undefined) throw new UserError(`there is no run ${request.runId}`, { hint: 'See `sluice history`.' });
  if (found.length > 1)
    throw new UserError(`${request.runId} is the beginning of several runs: ${found.map((each) => each.runId).join(', ')}`);
  return run;
}

async function planReversal(context: Context, request: RevertRequest, draft: PlanDraft, sync: Sync, run: Run): Promise<SyncPlan> {
  const key = request.project.state.key === undefined ? undefined : new SensitiveKey(request.project.state.key);
  await using workspace = await Workspace.open({ memoryLimit: request.memoryLimit });
  await using ends = await openEnds(context, request.registry, request.project, sync);
  registerFunctions(workspace.connection, key);
  registerOpening(workspace.connection, key);
  await draft.attach(workspace);
  const stored = await request.state.attach(workspace, sync.name);
  const images = await request.state.runRecords(workspace, run.runId);
  await attachEnds(ends, workspace);
  await workspace.lock([request.project.dir]);
  const bound = await bindEnds(sync, ends);
  await collectImages(workspace, bound, images, stored.records);
  const { asked: liveRead } = await readLive(workspace, bound, ends.destination, 'changed');
  await recordReversal(workspace, bound);
  const head = await request.state.head(sync.name);
  const base: OwnBase = {
    ...stored,
    head,
    lineage: lineageOf(sync),
    identity: await ends.destination.identify(),
    hashId: head?.hashId ?? hashId(bound, hashEngine(bound, ends.source), key),
    rehash: false,
    formerRecords: 0,
  };
  await recordSync(workspace, { project: request.project, bound, ord: 0, base, existing: stored.count });
  return await reversalPlan(workspace, request, bound, { liveRead, existing: stored.count, run });
}

/** Tables `c_images` (one row per record of the run: `key`, `did`, `i<i>`, `has<i>`), `c_desired` and `c_base` (the run's records). */
async function collectImages(workspace: Workspace, bound: BoundSync, images: string, records: string): Promise<void> {
  const fields = bound.fields.flatMap((field) => [
    `arg_min_null(${memberText('before', field.name)}, seq) FILTER (WHERE ${hasMember('before', field.name)}) AS i${field.index}`,
    `bool_or(${hasMember('before', field.name)}) AS has${field.index}`,
  ]);
  const known = bound.fields.map((field) => `'${field.name.replaceAll("'", "''")}'`).join(', ');
  await workspace.run(`
    CREATE TEMP TABLE c_images AS
    SELECT key, arg_min(action, seq) AS did, ${[...fields, `bool_or(len(list_filter(fields, lambda x: NOT list_contains([${known}], x))) > 0) AS unmapped`].join(', ')}
    FROM ${images} AS r WHERE status = 'applied' GROUP BY key`);
  const opened = bound.fields.map((field) => `${FUNCTIONS.open}(i${field.index}) AS i${field.index}`);
  if (opened.length > 0)
    await workspace.run(`CREATE OR REPLACE TEMP TABLE c_images AS SELECT * REPLACE (${opened.join(', ')}) FROM c_images`);
  await workspace.run('CREATE TEMP TABLE c_desired AS SELECT key FROM c_images');
  await workspace.run(`CREATE TEMP TABLE c_base AS SELECT b.* FROM ${records} AS b WHERE b.key IN (SELECT key FROM c_images)`);
}

function imageText(bound: BoundSync, field: BoundField): string {
  const text = canonicalOfExact(field.type, `i${field.index}`, bound.capabilities.text);
  return field.sensitive ? `${FUNCTIONS.mac}(${text})` : text;
}

function sealed(field: BoundField, text: string): string {
  return field.sensitive ? `${FUNCTIONS.seal}(${text})` : text;
}

async function recordReversal(workspace: Workspace, bound: BoundSync): Promise<void> {
  const readable = bound.fields.filter((field) => field.readable);
  const restores = (field: BoundField): string =>
    `(has${field.index} AND CASE WHEN did = 'delete' THEN i${field.index} IS NOT NULL ELSE ${field.readable ? `${imageText(bound, field)} IS DISTINCT FROM l${field.index}` : 'true'} END)`;
  const names = bound.fields.map((field) => `CASE WHEN ${restores(field)} THEN '${field.name.replaceAll("'", "''")}' END`);
  await workspace.run(`
    CREATE TEMP TABLE c_reversal AS
    SELECT m.*, l.* EXCLUDE (key, remote_id, copies, assumed), l.key IS NOT NULL AS has_l, coalesce(l.remote_id, b.remote_id) AS remote_id, b.key_hash, b.row_hash, b.sent, b.returned, b.origin,
      list_filter([${names.join(', ')}], lambda x: x IS NOT NULL) AS restored
    FROM c_images AS m LEFT JOIN c_live AS l ON l.key = m.key LEFT JOIN c_base AS b ON b.key = m.key`);
  const before = objectOf(readable.map((field) => ({ name: field.name, text: sealed(field, `v${field.index}`) })));
  const live = (field: BoundField): string => (field.readable ? `v${field.index}` : 'NULL');
  const after = objectOf(
    bound.fields.map((field) => ({
      name: field.name,
      text: sealed(field, `(CASE WHEN ${restores(field)} THEN i${field.index} ELSE ${live(field)} END)`),
    })),
  );
  const returned = objectOf(
    bound.fields.map((field) => ({
      name: field.name,
      text: `CASE WHEN ${restores(field)} THEN ${imageText(bound, field)} ELSE ${memberText('r_returned', field.name)} END`,
      when: `(${restores(field)} OR ${hasMember('r_returned', field.name)})`,
    })),
  );
  const images = objectOf(bound.fields.map((field) => ({ name: field.name, text: imageText(bound, field), when: `has${field.index}` })));
  await workspace.run(
    `INSERT INTO plan.changes BY NAME
     SELECT $sync AS sync, row_number() OVER (ORDER BY CASE action WHEN 'create' THEN 1 WHEN 'update' THEN 2 ELSE 4 END, fields, key) AS seq, 1 AS pass, action, 'revert' AS reason, key,
       coalesce(key_hash, hash(key)) AS key_hash, remote_id, fields, '{}' AS cases, before, after, sent, returned, row_hash, CAST(NULL AS UBIGINT) AS live_hash, origin, CAST([] AS VARCHAR[]) AS after_apply
     FROM (
       SELECT *, CASE did WHEN 'create' THEN 'delete' WHEN 'delete' THEN 'create' ELSE 'update' END AS action,
         CASE WHEN did = 'create' THEN CAST([] AS VARCHAR[]) ELSE restored END AS fields,
         CASE WHEN has_l THEN ${before} END AS before, CASE WHEN did <> 'create' THEN ${after} END AS after,
         CASE WHEN did = 'delete' THEN ${images} WHEN did <> 'create' THEN r_sent END AS sent, CASE WHEN did NOT IN ('create', 'delete') THEN ${returned} END AS returned,
         CASE WHEN did = 'delete' THEN 'adopted' ELSE coalesce(r_origin, 'adopted') END AS origin
       FROM (SELECT * RENAME (sent AS r_sent, returned AS r_returned, origin AS r_origin) FROM c_reversal))
     WHERE (action = 'create' AND NOT has_l) OR (action = 'update' AND has_l AND len(fields) > 0) OR (action = 'delete' AND has_l)`,
    { sync: bound.sync.name },
  );
  await workspace.run(
    `INSERT INTO plan.rejects BY NAME
     SELECT $sync AS sync, key, row_hash, 'REVERTED' AS code,
       CASE WHEN did = 'create' THEN 'reverted by hand: not created again until its row changes' ELSE ${literal(LEFT_REVERTED)} END AS message,
       NULL AS field, false AS known, 1 AS copies
     FROM c_reversal WHERE has_l AND row_hash IS NOT NULL AND (did = 'create' OR (did <> 'delete' AND len(restored) > 0))`,
    { sync: bound.sync.name },
  );
}

async function reversalPlan(
  workspace: Workspace,
  request: RevertRequest,
  bound: BoundSync,
  facts: { liveRead: number; existing: number; run: Run },
): Promise<SyncPlan> {
  const { sync } = bound;
  const row = await workspace.row(
    `SELECT count(*) FILTER (WHERE action = 'create') AS creates, count(*) FILTER (WHERE action = 'update') AS updates, count(*) FILTER (WHERE action = 'delete') AS deletes
     FROM plan.changes WHERE sync = $sync`,
    { sync: sync.name },
  );
  const creates = Number(row['creates']);
  const updates = Number(row['updates']);
  const deletes = Number(row['deletes']);
  const guards = evaluateGuards(
    sync.name,
    sync.guards,
    { creates, updates, deletes, clears: 0, nulls: 0, rejects: 0, existing: facts.existing },
    request.allow,
  );
  return {
    ...emptySyncPlan(sync),
    live_read: facts.liveRead,
    summary: { ...EMPTY_SUMMARY, create: creates, update: updates, delete: deletes },
    fields: await updatedFields(workspace, sync.name),
    guards,
    samples: await changeSamples(workspace, sync.name),
    notes: await lossNotes(workspace, bound, facts.run),
    blocked: breaches(sync.name, guards),
  };
}

/** What cannot be put back, said before anything is. */
async function lossNotes(workspace: Workspace, bound: BoundSync, run: Run): Promise<string[]> {
  const row = await workspace.row(`
    SELECT count(*) FILTER (WHERE did = 'delete' AND NOT has_l) AS recreated, count(*) FILTER (WHERE did = 'delete' AND has_l) AS back,
      count(*) FILTER (WHERE did NOT IN ('create', 'delete') AND NOT has_l) AS gone, count(*) FILTER (WHERE unmapped) AS unmapped
    FROM c_reversal`);
  const count = (name: string): number => Number(row[name] ?? 0);
  const notes = [
    `this plan puts back what run ${run.runId} of ${run.sync} changed; the records are held afterwards until their rows change`,
  ];
  if (count('recreated') > 0)
    notes.push(
      `${plural(count('recreated'), 'deleted record is', 'deleted records are')} created again with the fields of this sync (${bound.fields.map((field) => field.name).join(', ')}); what else they held, and their ids, cannot be restored`,
    );
  if (count('back') > 0)
    notes.push(`${plural(count('back'), 'deleted record exists again and is', 'deleted records exist again and are')} left alone`);
  if (count('gone') > 0) notes.push(`${plural(count('gone'), 'updated record is', 'updated records are')} gone and cannot be restored`);
  if (count('unmapped') > 0)
    notes.push(`${plural(count('unmapped'), 'record')} changed in fields that are no longer mapped: those values are not restored`);
  return notes;
}
