/** Writes a project of one sync over the benchmark's files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { COLUMNS } from './data.ts';

export interface BenchProject {
  readonly folder: string;
  readonly warehouse: string;
  /** A DuckDB file, or another connection's properties. */
  readonly destination: string | Readonly<Record<string, string>>;
  readonly state: string;
}

/** The project's folder, for `--dir`. Guards are opened wide: their limits are not what is measured. */
export function writeProject(project: BenchProject): string {
  const dir = join(project.folder, 'syncs');
  mkdirSync(dir, { recursive: true });
  const fields = COLUMNS.filter((name) => name !== 'id').map((name) => `  ${name}: ${name}`);
  const { destination } = project;
  const options = typeof destination === 'string' ? { type: 'duckdb', path: destination } : destination;
  const connection = Object.entries(options).map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join('\n'); // prettier-ignore
  const text = `
kind: Project
name: bench
state: { path: ${JSON.stringify(project.state)} }
---
kind: Connection
name: warehouse
type: duckdb
path: ${JSON.stringify(project.warehouse)}
---
kind: Connection
name: crm
${connection}
---
kind: Sync
name: customers
source: { connection: warehouse, table: rows, key: id }
destination: { connection: crm, object: rows, key: id }
on_missing: delete
guards: { updates: { percent: 100 }, deletes: { max: 1000000000, percent: 100 } }
fields:
${fields.join('\n')}
`;
  writeFileSync(join(dir, 'project.yaml'), text);
  return dir;
}
