/** Folds a run into base: one transaction on the server, so that a run is in it wholly or not at all. */
import { TransientError } from '../../errors.ts';
import type { PgClient } from '../../postgres/client.ts';
import { copyChunks } from '../../postgres/copy-text.ts';
import { LostConnectionError, PgError } from '../../postgres/errors.ts';
import { signedHashText } from '../../workspace/base-table.ts';
import { literal, qualified } from '../../workspace/quote.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { RunStatus } from '../state.ts';
import { attemptsSql, countWaves, expectMany, type Outcomes, outcomesOf } from './attempts.ts';
import { type OpenRun, storedSyncs } from './heads.ts';
import { type Fence, fence } from './lease.ts';
import { type StoredBase, storedBase, storeRecords } from './records.ts';
import { ADOPTION_STEPS, type AdoptionStep, type ChangingRun, touchedBy } from './resolve.ts';
import type { Store } from './store.ts';
import { ADOPTION_COLUMNS, columnList, columnTypes, REJECT_COLUMNS, type Tables, type TypedColumn } from './tables.ts';

/** How a run ended, told by the run itself; the plan in the workspace says what it changes in state only. */
export interface Ending {
  readonly status: RunStatus;
  readonly finishedAt: number;
  readonly workspace: Workspace;
}

/** Temporary tables of the transaction. */
const ATTEMPTS = 'pg_temp.sluice_attempts';
const TOUCHED = 'pg_temp.sluice_touched';
const ADOPTIONS = 'pg_temp.sluice_adoptions';
const PLAN_REJECTS = 'pg_temp.sluice_plan_rejects';

interface Folding {
  readonly client: PgClient;
  readonly tables: Tables;
  readonly run: OpenRun;
  readonly changing: ChangingRun;
  readonly ending: Ending | undefined;
  /** What the run attempted: may stand after FROM. */
  readonly attempts: string;
}

/** Does nothing when the run is folded already: a repetition after a COMMIT of unknown outcome. */
export async function foldRun(store: Store, held: Fence, run: OpenRun, ending?: Ending): Promise<void> {
  await store.writing(async (client) => {
    const { tables } = store;
    await fence(client, tables, held);
    const found = await client.rows(`SELECT 1 FROM ${tables.runs} WHERE id = $1 AND NOT folded FOR UPDATE`, [run.id]);
    if (found.length === 0) return;
    const stored = (await storedSyncs(client, tables, store.owner, run.sync))[0];
    await client.run("SET LOCAL work_mem = '128MB'");
    await expectMany(client);
    await fold(
      {
        client,
        tables,
        run,
        changing: { runId: run.runId, at: ending?.finishedAt ?? run.startedAt },
        ending,
        attempts: await attemptsOf(client, tables, run),
      },
      storedBase(tables, stored, run.lineage),
    );
    // Nobody could take the lease meanwhile; it begins anew.
    await fence(client, tables, held);
  });
}

/** Several waves read the attempts again and again. */
async function attemptsOf(client: PgClient, tables: Tables, run: OpenRun): Promise<string> {
  const select = await attemptsSql(client, tables, run);
  if (!run.repeats) return `(${select})`;
  await makeTemp(client, ATTEMPTS, select);
  return ATTEMPTS;
}

async function fold(folding: Folding, before: StoredBase): Promise<void> {
  const { client, run, attempts, changing, ending } = folding;
  const rejects = rejectsOf(folding);
  if (before.number === undefined) await client.run(`DELETE FROM ${folding.tables.rejects} WHERE sync_id = $1`, [run.syncId]);
  const { counts, attempted, failed } = await storeRunRecords(folding);
  const waves = await countWaves(client, run, attempts);
  const touched = touchedBy({ from: attempts, waves, anyFailed: failed > 0 }, { records: before.from, rejects }, changing);
  const written = await storeRecords(folding, before, { ...touched, count: attempted });
  await storeRejects(folding, touched.rejects);
  const base = ending === undefined ? written : await applyPlan(folding, written, ending.workspace);
  if (before.number !== undefined) await forgetHashes(folding, base);
  if (base.isNew) await client.run(`ANALYZE ${base.from} (key, row_hash)`);
  await storeRun(folding, counts);
  await storeHead(folding, base);
}

/** Hashes of another kind say nothing from here on: whatever the run did not touch is a candidate of the next plan. */
async function forgetHashes({ client, tables, run }: Folding, base: StoredBase): Promise<void> {
  const [stored] = await client.rows(`SELECT hash_id FROM ${tables.syncs} WHERE id = $1`, [run.syncId]);
  if (stored === undefined || stored['hash_id'] === run.hashId) return;
  await client.run(`UPDATE ${base.from} SET row_hash = NULL WHERE row_hash IS NOT NULL AND run_id IS DISTINCT FROM $1`, [run.runId]);
}

function rejectsOf({ tables, run }: Folding): string {
  return `(SELECT ${columnList(REJECT_COLUMNS)} FROM ${tables.rejects} WHERE sync_id = ${run.syncId})`;
}

async function makeTemp(client: PgClient, table: string, select: string): Promise<void> {
  await client.run(`CREATE TEMP TABLE ${table.replace('pg_temp.', '')} ON COMMIT DROP AS ${select}`);
  await client.run(`ANALYZE ${table}`);
}

// ---- what the plan changes in state only

async function applyPlan(folding: Folding, base: StoredBase, workspace: Workspace): Promise<StoredBase> {
  const adopted = await applyAdoptions(folding, base, workspace);
  await applyPlanRejects(folding, workspace);
  return adopted;
}

async function applyAdoptions(folding: Folding, base: StoredBase, workspace: Workspace): Promise<StoredBase> {
  const { client, run } = folding;
  const all = `SELECT * FROM ${qualified('plan', 'main', 'adoptions')} WHERE sync = ${literal(run.sync)} AND key IS NOT NULL`;
  const kinds = (await workspace.rows(`SELECT DISTINCT kind FROM (${all})`)).map((row) => row['kind']);
  if (kinds.length === 0) return base;
  await loadPlan(client, workspace, { table: ADOPTIONS, columns: ADOPTION_COLUMNS, select: all });
  let current = base;
  for (const step of ADOPTION_STEPS.filter((each) => each.kinds.some((kind) => kinds.includes(kind)))) {
    current = await applyStep(folding, current, step);
  }
  return current;
}

async function applyStep(folding: Folding, base: StoredBase, step: AdoptionStep): Promise<StoredBase> {
  const { client, attempts, changing } = folding;
  const written = step.overWritten ? '' : `AND NOT EXISTS (SELECT 1 FROM ${attempts} AS w WHERE w.key = p.key AND w.wave > 0)`;
  const chosen = `(SELECT p.* FROM ${ADOPTIONS} AS p WHERE p.kind IN (${step.kinds.map((kind) => literal(kind)).join(', ')}) ${written})`;
  await makeTemp(client, TOUCHED, step.sql(chosen, base.from, changing));
  const [row] = await client.rows(`SELECT count(*) AS count FROM ${TOUCHED}`);
  const touched = { records: `SELECT * FROM ${TOUCHED}`, keys: `SELECT key FROM ${TOUCHED}`, count: Number(row?.['count'] ?? 0) };
  const stored = await storeRecords(folding, base, touched);
  if (step.settlesRejects) {
    const settled = `SELECT ${columnList(REJECT_COLUMNS, 'b.')}, true AS gone FROM ${rejectsOf(folding)} AS b WHERE EXISTS (SELECT 1 FROM ${TOUCHED} AS t WHERE t.key = b.key)`;
    await storeRejects(folding, settled);
  }
  await client.run(`DROP TABLE ${TOUCHED}`);
  return stored;
}

/** Rejects of the plan. A known one keeps its row, which says since when; a record with several broken fields has one row. */
async function applyPlanRejects(folding: Folding, workspace: Workspace): Promise<void> {
  const { client, run, changing } = folding;
  const select = `SELECT key, row_hash, code, replace(message, chr(0), '') AS message, coalesce(known, false) AS known
    FROM ${qualified('plan', 'main', 'rejects')} WHERE sync = ${literal(run.sync)} AND key IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY key ORDER BY code, field, message) = 1`;
  if ((await workspace.count(`SELECT count(*) FROM (${select})`)) === 0) return;
  const columns = [
    ...REJECT_COLUMNS.filter((column) => ['key', 'row_hash', 'code', 'message'].includes(column.name)),
    { name: 'known', type: 'boolean', loaded: 'BOOLEAN' } as const,
  ];
  await loadPlan(client, workspace, { table: PLAN_REJECTS, columns, select });
  const rows = `SELECT r.key, r.row_hash, r.code, r.message, CAST(NULL AS timestamp) AS next_try, ${literal(changing.runId)} AS run_id, false AS gone
    FROM ${PLAN_REJECTS} AS r WHERE NOT (r.known AND EXISTS (SELECT 1 FROM ${rejectsOf(folding)} AS c WHERE c.key = r.key))`;
  await storeRejects(folding, rows);
}

interface PlanRows {
  readonly table: string;
  readonly columns: readonly TypedColumn[];
  readonly select: string;
}

async function loadPlan(client: PgClient, workspace: Workspace, { table, columns, select }: PlanRows): Promise<void> {
  await client.run(`CREATE TEMP TABLE ${table.replace('pg_temp.', '')} (${columnTypes(columns)}) ON COMMIT DROP`);
  const texts = columns.map(({ name, loaded }) => `${loaded === 'hash' ? signedHashText(name) : `CAST(${name} AS VARCHAR)`} AS ${name}`);
  await client.copyIn(
    `COPY ${table} (${columnList(columns)}) FROM STDIN`,
    copyChunks(workspace, `SELECT ${texts.join(', ')} FROM (${select})`),
  );
  await client.run(`ANALYZE ${table}`);
}

// ---- storing rejects, run and head

/** `touched`: a SELECT of rejects and `gone`. */
async function storeRejects({ client, tables, run }: Folding, touched: string): Promise<void> {
  const table = 'pg_temp.sluice_rejects';
  await makeTemp(client, table, touched);
  await client.run(`DELETE FROM ${tables.rejects} AS r USING ${table} AS t WHERE r.sync_id = $1 AND t.key = r.key`, [run.syncId]);
  const columns = columnList(REJECT_COLUMNS);
  await client.run(`INSERT INTO ${tables.rejects} (sync_id, ${columns}) SELECT $1, ${columns} FROM ${table} WHERE NOT gone`, [run.syncId]);
  await client.run(`DROP TABLE ${table}`);
}

/** What was attempted, for undo; counted on the way. */
async function storeRunRecords({ client, tables, run, attempts }: Folding): Promise<Outcomes> {
  const stored = await client.rows(
    `WITH stored AS (INSERT INTO ${tables.runRecords} SELECT $1, ${RUN_RECORD_LIST} FROM ${attempts} AS a WHERE wave > 0 RETURNING action, status)
     SELECT action, status, count(*) AS times FROM stored GROUP BY 1, 2`,
    [run.id],
  );
  const others = await client.rows(
    `SELECT action, status, count(*) AS times FROM ${attempts} AS a WHERE wave = 0
       AND EXISTS (SELECT 1 FROM ${tables.journal} WHERE run = $1 AND status = 'not_attempted') GROUP BY 1, 2`,
    [run.id],
  );
  return outcomesOf([...stored, ...others]);
}

async function storeRun({ client, tables, run, ending }: Folding, counts: Readonly<Record<string, number>>): Promise<void> {
  await client.run(`DELETE FROM ${tables.journal} WHERE run = $1`, [run.id]);
  await client.run(`UPDATE ${tables.runs} SET folded = true, status = $2, finished_at = $3, counts = $4 WHERE id = $1`, [
    run.id,
    ending?.status ?? 'partial',
    ending?.finishedAt ?? null,
    JSON.stringify(counts),
  ]);
}

/** Of an attempt, what `run_records` keeps, in its order. */
export const RUN_RECORD_LIST = 'seq, key, action, status, fields, before, remote_id, code, message';

async function storeHead({ client, tables, run, ending }: Folding, base: StoredBase): Promise<void> {
  await client.run(
    `UPDATE ${tables.syncs} SET lineage = $2, serial = $3, hash_id = $4, destination = $5, fields = $6, records = $7, records_table = $8,
       last_run_id = $9, last_plan_id = $10, last_status = $11 WHERE id = $1`,
    [run.syncId, run.lineage, run.serial, run.hashId, run.destination, JSON.stringify(run.fields), base.count, base.number ?? null, run.runId, run.planId, ending?.status ?? 'partial'],
  ); // prettier-ignore
}

/**
 * Drops tables that nothing refers to any more: announcements of folded runs, base of former lineages and before a
 * rewrite. A reader that still has one keeps it until the next time.
 */
export async function dropUnused(store: Store): Promise<void> {
  const { schema, syncs, runs } = store.tables;
  await store.writing(async (client) => {
    const unused = await client.rows(
      `SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
       WHERE n.nspname = $1 AND c.relkind = 'r' AND CASE
         WHEN c.relname !~ '^(records|intents)_[0-9]{1,9}$' THEN false
         WHEN c.relname LIKE 'records%' THEN NOT EXISTS (SELECT 1 FROM ${syncs} AS s WHERE s.records_table = CAST(substr(c.relname, 9) AS integer))
         ELSE NOT EXISTS (SELECT 1 FROM ${runs} AS r WHERE r.id = CAST(substr(c.relname, 9) AS integer) AND NOT r.folded) END`,
      [schema],
    );
    if (unused.length === 0) return;
    await client.run("SET LOCAL lock_timeout = '500ms'");
    for (const { relname } of unused) {
      await client
        .savepoint(async () => client.run(`DROP TABLE IF EXISTS ${qualified(schema, String(relname))}`))
        .catch((error: unknown) => {
          // Somebody reads it, or it belongs to another role.
          if (error instanceof LostConnectionError || !(error instanceof TransientError || error instanceof PgError)) throw error;
        });
    }
  });
}
