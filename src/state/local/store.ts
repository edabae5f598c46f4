/** The DuckDB file of the state: made whole or not at all, opened for reading by many, for writing briefly by one. */
import { chmod, link, open, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { Context } from '../../context.ts';
import { messageOf, TransientError, UserError } from '../../errors.ts';
import { ident } from '../../workspace/quote.ts';
import { applyMemoryLimit, memoryLimitOf } from '../../workspace/memory.ts';
import { Workspace } from '../../workspace/workspace.ts';
import { STATE_FORMAT } from '../state.ts';
import { enterAsReader, enterAsWriter, patiently } from './gate.ts';
import { codeOf, explain, type Layout, layoutOf, makeFolders, syncFolder } from './paths.ts';
import { CREATE_TABLES, STATE_DB } from './tables.ts';
import { withPrivateFiles } from './umask.ts';

export class Store {
  readonly context: Context;
  readonly layout: Layout;
  readonly #project: string;
  readonly #environment: string | null;

  constructor(context: Context, path: string, project: string, environment: string | null) {
    this.context = context;
    this.layout = layoutOf(path);
    this.#project = project;
    this.#environment = environment;
  }

  /** Makes the state file when there is none. Of several processes that try, one succeeds and the others use its file. */
  async create(): Promise<void> {
    await makeFolders(this.layout);
    if (await this.exists()) return;
    await explain(this.layout.database, 'write', () => withPrivateFiles(() => this.#createFile()));
  }

  async exists(): Promise<boolean> {
    return explain(this.layout.database, 'read', async () => {
      try {
        return (await stat(this.layout.database)).isFile();
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return false;
        throw error;
      }
    });
  }

  /**
   * Makes the state file readable in the workspace until the workspace closes. False when there is no state file.
   * While it is attached no run can fold its journal, so what was read stays true.
   */
  async attach(workspace: Workspace): Promise<boolean> {
    if (workspace.isAttached(STATE_DB)) return true;
    if (!(await this.exists())) return false;
    const leave = await enterAsReader(this.context, this.layout.gate);
    workspace.onClose(leave);
    await patiently(this.context, () => this.#attachAndCheck(workspace, 'read'));
    return true;
  }

  /** Reads with a small workspace of its own. `work` gets false when there is no state file. */
  async reading<T>(work: (workspace: Workspace, exists: boolean) => Promise<T>): Promise<T> {
    await using workspace = await Workspace.open({ memoryLimit: memoryLimitOf(this.context.env) });
    return await work(workspace, await this.attach(workspace));
  }

  /** Opens the state file for writing. Throws a `TransientError` when readers keep it open for longer than we wait. */
  async writing<T>(work: (workspace: Workspace) => Promise<T>): Promise<T> {
    const leave = await enterAsWriter(this.context, this.layout.gate);
    try {
      return await explain(this.layout.database, 'write', () => withPrivateFiles(() => this.#write(work)));
    } finally {
      await leave();
    }
  }

  async #write<T>(work: (workspace: Workspace) => Promise<T>): Promise<T> {
    await using workspace = await Workspace.open({ memoryLimit: applyMemoryLimit(this.context.env) });
    await workspace.run("SET checkpoint_threshold = '16MB'"); // what is larger goes into the file at once, and not into the log first
    await patiently(this.context, () => this.#attachAndCheck(workspace, 'write'));
    const result = await work(workspace);
    // Detaching writes the checkpoint, so that readers find one file and no log beside it.
    await workspace.detach(STATE_DB);
    return result;
  }

  async #createFile(): Promise<void> {
    const temporary = `${this.layout.database}.${this.context.randomHex(8)}.new`;
    try {
      await this.#fill(temporary);
      await chmod(temporary, 0o600);
      await flush(temporary);
      await link(temporary, this.layout.database).catch((error: unknown) =>
        codeOf(error) === 'EEXIST' ? undefined : Promise.reject(error as Error),
      );
      await syncFolder(dirname(this.layout.database));
    } finally {
      for (const file of [temporary, `${temporary}.wal`]) await rm(file, { force: true });
    }
  }

  async #fill(path: string): Promise<void> {
    await using workspace = await Workspace.open({ memoryLimit: memoryLimitOf(this.context.env) });
    await workspace.attach(path, STATE_DB, 'write');
    for (const statement of CREATE_TABLES) await workspace.run(statement);
    await workspace.run(`INSERT INTO ${STATE_DB}.meta VALUES ($format, $project, $environment, epoch_ms(CAST($now AS BIGINT)))`, {
      format: STATE_FORMAT,
      project: this.#project,
      environment: this.#environment,
      now: BigInt(this.context.now()),
    });
    await workspace.detach(STATE_DB);
  }

  async #attachAndCheck(workspace: Workspace, mode: 'read' | 'write'): Promise<void> {
    const meta = await this.#meta(workspace, mode);
    if (!workspace.isAttached(STATE_DB))
      throw new UserError(`the state file ${this.layout.database} is also a source or destination of this sync`);
    const format = Number(meta['format']);
    if (format > STATE_FORMAT) {
      throw new UserError(
        `the state file ${this.layout.database} was written by a newer Sluice (format ${format}; this one knows ${STATE_FORMAT})`,
        {
          hint: 'Update Sluice to the version that your colleagues or your CI use.',
        },
      );
    }
    const environment = typeof meta['environment'] === 'string' ? meta['environment'] : null;
    if (meta['project'] !== this.#project || environment !== this.#environment) {
      const [theirs, ours] = [identity(String(meta['project']), environment), identity(this.#project, this.#environment)];
      throw new UserError(`the state file ${this.layout.database} belongs to ${theirs}, not to ${ours}`, {
        hint: 'Set state.path to a file of its own for each project and environment.',
      });
    }
  }

  async #meta(workspace: Workspace, mode: 'read' | 'write'): Promise<Readonly<Record<string, unknown>>> {
    try {
      const name = await workspace.attach(this.layout.database, STATE_DB, mode);
      const rows = await workspace.rows(`SELECT format, project, environment FROM ${ident(name)}.meta`);
      if (rows[0] === undefined) throw new Error('it names no project');
      return rows[0];
    } catch (error) {
      throw await this.#unreadable(workspace, error);
    }
  }

  async #unreadable(workspace: Workspace, error: unknown): Promise<unknown> {
    if (error instanceof TransientError) return error;
    await workspace.detach(STATE_DB);
    if (/denied|read-only|newer DuckDB|disk is full|No space left|memory limit/i.test(messageOf(error))) return error;
    return new UserError(`the state file ${this.layout.database} is damaged or is not a Sluice state file`, {
      hint: `${messageOf(error).split('\n', 1)[0] ?? ''}. Restore it from a backup, or move it away: the next plan then compares every record with the destination and adopts what agrees.`,
      cause: error,
    });
  }
}

function identity(project: string, environment: string | null): string {
  return environment === null ? `project ${project}` : `project ${project}, environment ${environment}`;
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
