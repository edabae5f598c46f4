/** Source `duckdb`: a database file, read-only; or, without a file, the CSV, Parquet and JSON files of the project. */
import { basename, extname } from 'node:path';

import { version } from '@duckdb/node-api';

import type { Column } from '../../canonical/types.ts';
import type { Connection, Project } from '../../config/model.ts';
import type { Context } from '../../context.ts';
import { InternalError } from '../../errors.ts';
import { duckdbDialect } from '../../sql/duckdb.ts';
import { attachFile } from '../../workspace/attach-file.ts';
import { ident } from '../../workspace/quote.ts';
import type { Relation, Workspace } from '../../workspace/workspace.ts';
import type { Query, Source } from '../source.ts';
import { describeQuery, type QueryScope } from './describe.ts';
import { extractQuery } from './extract.ts';

/** Opens a connection of type `duckdb` as a source. */
export async function openDuckDbSource(connection: Connection, _context: Context, project: Project): Promise<Source> {
  return new DuckDbSource(connection, project);
}

class DuckDbSource implements Source {
  readonly dialect = duckdbDialect;
  readonly engine = `duckdb ${version()}`;
  readonly #connection: Connection;
  readonly #project: Project;
  #scope: QueryScope | undefined;

  constructor(connection: Connection, project: Project) {
    this.#connection = connection;
    this.#project = project;
  }

  async attach(workspace: Workspace): Promise<void> {
    const database = await this.#attachDatabase(workspace);
    if (database !== undefined) await workspace.run(`USE ${ident(database)}.main`);
    this.#scope = { workspace, projectDir: this.#project.dir, database };
  }

  /** Under its own name, so that `warehouse.main.accounts` means what it means in DuckDB's shell and in dbt's SQL. */
  async #attachDatabase(workspace: Workspace): Promise<string | undefined> {
    const { path } = this.#connection.options;
    if (typeof path !== 'string') return undefined;
    return attachFile(workspace, { path, location: this.#connection.location }, basename(path, extname(path)));
  }

  async describe(query: Query): Promise<readonly Column[]> {
    return describeQuery(this.#attached(), query);
  }

  async extract(query: Query): Promise<Relation> {
    return extractQuery(this.#attached(), query);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#scope = undefined; // the workspace owns what is attached
  }

  #attached(): QueryScope {
    if (this.#scope === undefined) throw new InternalError('the source is queried before it is attached to a workspace');
    return this.#scope;
  }
}
