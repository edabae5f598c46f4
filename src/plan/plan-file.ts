/** The plan file: written once by the planner, read by `show`, checks and `apply`. A DuckDB database, see `plan-tables.ts`. */
import { chmod, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

import type { Context } from '../context.ts';
import { EXIT, messageOf, UserError } from '../errors.ts';
import { ident } from '../workspace/quote.ts';
import { SqlError } from '../workspace/duckdb-errors.ts';
import { memoryLimitOf } from '../workspace/memory.ts';
import { type Row, Workspace, type WorkspaceOptions } from '../workspace/workspace.ts';
import { type ChangeSample, PLAN_FORMAT, type PlanDocument } from './document.ts';
import { decryptFile, encryptFile, isEncrypted, planKey } from './encryption.ts';
import { PLAN_TABLES, RECORDS, WRITTEN_FIELDS } from './plan-tables.ts';
import { checkPlanTarget } from './plan-target.ts';
import { SAMPLE_COLUMNS, sampleOf } from './summary.ts';
import { typedChanges, type ViewField } from './typed-view.ts';

/** Rows that are compressed together: small groups keep every core busy where DuckDB's own (122,880) would make one of a whole plan. */
const ROW_GROUP = 30_720;

/** Changes that are read at once. */
const PAGE = 5_000;

/** A plan being written: in a private folder beside its destination until it is whole. */
export class PlanDraft implements AsyncDisposable {
  readonly path: string;
  readonly #folder: string;
  readonly #target: string;
  #made = false;

  private constructor(folder: string, target: string) {
    this.#folder = folder;
    this.#target = target;
    this.path = join(folder, 'plan.duckdb');
  }

  static async create(target: string): Promise<PlanDraft> {
    await checkPlanTarget(target);
    return new PlanDraft(await privateFolder(target), target);
  }

  /** Attaches the draft as `plan`, for writing. The first to come makes its tables. */
  async attach(workspace: Workspace): Promise<void> {
    await workspace.attach(this.path, 'plan', 'write', { rowGroupSize: ROW_GROUP });
    if (this.#made) return;
    await workspace.transaction(async () => {
      for (const table of PLAN_TABLES) await workspace.run(table);
    });
    this.#made = true;
  }

  /** Stores the document and puts the file in place, readable by its owner only. */
  async publish(context: Context, document: PlanDocument, encrypt: boolean): Promise<void> {
    {
      await using workspace = await Workspace.open();
      await this.attach(workspace);
      await workspace.run('INSERT INTO plan.manifest VALUES ($format, $id, $project, $environment, $document)', {
        format: document.format_version,
        id: document.plan_id,
        project: document.project,
        environment: document.environment,
        document: JSON.stringify(document),
      });
      await workspace.run('CHECKPOINT plan');
      await workspace.detach('plan');
    }
    const whole = encrypt ? join(this.#folder, 'plan.enc') : this.path;
    if (encrypt) await encryptFile(this.path, whole, planKey(context.env));
    await chmod(whole, 0o600);
    await rename(whole, this.#target);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function privateFolder(target: string): Promise<string> {
  try {
    return await mkdtemp(join(dirname(target), `.${basename(target)}-`));
  } catch (cause) {
    throw new UserError(`the plan cannot be written to ${target}: ${messageOf(cause)}`, {
      hint: 'Choose a folder that exists and that you may write to.',
      cause,
    });
  }
}

/** One sync's entry in the plan file: what apply must find unchanged, and how its values are typed. */
export interface PlannedSync {
  readonly sync: string;
  readonly object: string;
  readonly identity: string;
  readonly lineage: string;
  readonly serial: number;
  readonly hashId: string;
  readonly configHash: string;
  readonly fields: readonly string[];
  readonly existing: number;
  readonly keyFields: readonly { readonly field: string; readonly type: ViewField['type'] }[];
  readonly fieldTypes: readonly PlannedField[];
}

export interface PlannedField extends ViewField {
  /** The destination's own type of the field: how exact text is written. */
  readonly storedType: ViewField['type'];
  readonly readable: boolean;
  readonly reference: { readonly object: string; readonly key: string } | null;
}

/** Opens a plan for reading; an encrypted one is decrypted into a private folder first. */
export async function openPlanFile(
  context: Context,
  path: string,
  memoryLimit: WorkspaceOptions['memoryLimit'] = memoryLimitOf(context.env),
): Promise<PlanFile> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-plan-'));
  try {
    const readable = await decrypted(context, path, folder);
    return await PlanFile.open(readable, { shownAs: path, folder, memoryLimit });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function decrypted(context: Context, path: string, folder: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined)
    throw new UserError(`there is no plan file ${path}`, { hint: 'Write one with `sluice plan --out plan.duckdb`.' });
  if (!found.isFile()) throw new UserError(`${path} is not a file`);
  if (!(await isEncrypted(path))) return path;
  const target = join(folder, 'plan.duckdb');
  await decryptFile(path, target, planKey(context.env));
  return target;
}

export class PlanFile implements AsyncDisposable {
  readonly document: PlanDocument;
  /** The unencrypted database: what a state backend reads adoptions from. */
  readonly path: string;
  readonly workspace: Workspace;
  readonly syncs: readonly PlannedSync[];
  readonly #folder: string;
  readonly #inode: number;

  private constructor(parts: {
    document: PlanDocument;
    path: string;
    workspace: Workspace;
    syncs: readonly PlannedSync[];
    folder: string;
    inode: number;
  }) {
    this.document = parts.document;
    this.path = parts.path;
    this.workspace = parts.workspace;
    this.syncs = parts.syncs;
    this.#folder = parts.folder;
    this.#inode = parts.inode;
  }

  static async open(path: string, options: { shownAs: string; folder: string } & WorkspaceOptions): Promise<PlanFile> {
    const { shownAs, folder, memoryLimit } = options;
    const { ino } = await stat(path);
    const workspace = await Workspace.open({ memoryLimit });
    try {
      await workspace.attach(path, 'plan', 'read');
      const document = await readManifest(workspace, shownAs);
      const syncs = await readSyncs(workspace);
      return new PlanFile({ document, path, workspace, syncs, folder, inode: ino });
    } catch (error) {
      await workspace[Symbol.asyncDispose]();
      throw foreignFile(error, shownAs);
    }
  }

  /** Throws when another plan was put in the place of this one since it was opened: what is kept of the file would be of that one. */
  async checkUnreplaced(): Promise<void> {
    const found = await stat(this.path).catch(() => undefined);
    if (found?.ino === this.#inode) return;
    throw new UserError(`the plan file ${this.path} was replaced while it was applied`, {
      hint: 'Nothing of the sync was written. Apply again: the plan that is there now.',
      exitCode: EXIT.stale,
    });
  }

  /** All changed records, in batches. */
  async *records(sync?: string): AsyncGenerator<{ sync: string; samples: ChangeSample[] }> {
    const names = sync === undefined ? this.syncs.map((each) => each.sync) : [sync];
    for (const name of names) {
      const last = await this.workspace.count('SELECT coalesce(max(seq), 0) FROM plan.changes WHERE sync = $sync', { sync: name });
      // Page by page: rows stand in the order of `seq` in the file, and sorting all of them would hold all of them.
      for (let from = 1; from <= last; from += PAGE) {
        const rows = await this.workspace.rows(
          `SELECT ${SAMPLE_COLUMNS} FROM (SELECT * REPLACE (${WRITTEN_FIELDS} AS fields) FROM plan.changes WHERE sync = $sync AND ${RECORDS} AND seq >= $from AND seq < $end) ORDER BY seq`,
          { sync: name, from, end: from + PAGE },
        );
        if (rows.length > 0) yield { sync: name, samples: rows.map((row) => sampleOf(row)) };
      }
    }
  }

  /**
   * The user's own SELECT over the plan. Sees `changes`, `adoptions`, `rejects`, `held`, `violations` and one typed view
   * per sync, named like the sync.
   */
  async query(sql: string): Promise<{ columns: string[]; rows: (string | null)[][] }> {
    await using workspace = await Workspace.open();
    await workspace.attach(this.path, 'plan', 'read');
    for (const planned of this.syncs) {
      await workspace.run(`CREATE TEMP VIEW ${ident(planned.sync)} AS ${typedChanges('plan.changes', planned.sync, planned.fieldTypes)}`);
    }
    await workspace.run('USE plan');
    await workspace.lock([]);
    const columns = await workspace.columns(sql);
    const list = columns.map((column, index) => `CAST(${castable(column.type, `c${index}`)} AS VARCHAR) AS c${index}`);
    const names = columns.map((_, index) => `c${index}`); // two columns of a SELECT may share a name
    const rows = await workspace.rows(`SELECT ${list.join(', ')} FROM (\n${sql.replace(/;\s*$/, '')}\n) AS answer(${names.join(', ')})`);
    return {
      columns: columns.map((column) => column.name),
      rows: rows.map((row) => columns.map((_, index) => (row[`c${index}`] as string | null) ?? null)),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.workspace[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function castable(type: string, sql: string): string {
  return /^(STRUCT|MAP)|\]$/.test(type) ? `to_json(${sql})` : sql;
}

async function readManifest(workspace: Workspace, path: string): Promise<PlanDocument> {
  const row: Row = await workspace.row('SELECT format_version, document FROM plan.manifest');
  const version = String(row['format_version']);
  if (version.split('.')[0] !== PLAN_FORMAT.split('.')[0]) {
    throw new UserError(`${path} has plan format ${version}; this Sluice reads ${PLAN_FORMAT}`, {
      hint: 'Plan again with this version, or use the version that wrote it.',
    });
  }
  return JSON.parse(String(row['document'])) as PlanDocument;
}

async function readSyncs(workspace: Workspace): Promise<PlannedSync[]> {
  const rows = await workspace.rows('SELECT * FROM plan.syncs ORDER BY ord');
  return rows.map((row) => ({
    sync: String(row['sync']),
    object: String(row['object']),
    identity: String(row['identity']),
    lineage: String(row['lineage']),
    serial: Number(row['serial']),
    hashId: String(row['hash_id']),
    configHash: String(row['config_hash']),
    fields: row['fields'] as string[],
    existing: Number(row['existing']),
    keyFields: JSON.parse(String(row['key_fields'])) as PlannedSync['keyFields'],
    fieldTypes: JSON.parse(String(row['field_types'])) as PlannedSync['fieldTypes'],
  }));
}

/** A damaged file, or a database that is no plan, said in one sentence. */
function foreignFile(error: unknown, path: string): unknown {
  const text = messageOf(error);
  if (error instanceof UserError && !(error instanceof SqlError) && !/is not a DuckDB database/.test(text)) return error;
  if (!(error instanceof UserError)) return error;
  const hint = /does not exist/.test(text)
    ? 'It is a database, but none that `sluice plan --out` wrote.'
    : `It is damaged or no plan: ${text.split('\n', 1)[0] ?? ''}`;
  return new UserError(`${path} is not a Sluice plan`, { hint, cause: error });
}
