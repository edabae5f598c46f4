/** Names of the tables of a state dataset. Several projects and environments may share one, and it may hold other tables too. */
import { createHash } from 'node:crypto';

import { bigqueryDialect } from '../../sql/bigquery.ts';

/** Whose state: several projects and environments may share a dataset. */
export interface Owner {
  readonly project: string;
  /** Empty: the project has none. */
  readonly environment: string;
}

/** Where one sync keeps what: names of tables. Each sync has its own, so that a scan touches no other sync's rows. */
export interface SyncTables {
  readonly head: string;
  readonly lease: string;
  /** Journal of one run; deleted once the run is folded. */
  readonly journal: (serial: number, runId: string) => string;
  /** What a fold is made of; expires by itself. */
  readonly stage: (serial: number, nonce: string) => string;
  /** Base of one lineage, from the run on that began it. */
  readonly records: (serial: number) => string;
  readonly rejects: (serial: number) => string;
}

/** Names of the tables of one dataset. */
export const META = 'sluice_meta';
export const RUNS = 'sluice_runs';
export const RUN_RECORDS = 'sluice_run_records';

/** What every table of an owner's syncs begins with; another owner's may begin with the same. */
export function ownerPrefix({ project, environment }: Owner): string {
  return `sluice_${slug(project)}_${slug(environment)}_`;
}

const HEAD = '_head';

export function isHead(table: string, owner: Owner): boolean {
  return table.startsWith(ownerPrefix(owner)) && table.endsWith(HEAD);
}

/** Readable, and no two alike: names of syncs are any text, names of tables are not. */
export function tablesOf(owner: Owner, sync: string): SyncTables {
  const identity = JSON.stringify([owner.project, owner.environment, sync]);
  const base = `${ownerPrefix(owner)}${slug(sync)}_${createHash('sha256').update(identity).digest('hex').slice(0, 12)}`;
  return {
    head: `${base}${HEAD}`,
    lease: `${base}_lease`,
    journal: (serial, runId) => `${base}_run_${serial}_${slug(runId)}`,
    stage: (serial, nonce) => `${base}_fold_${serial}_${nonce}`,
    records: (serial) => `${base}_records_${serial}`,
    rejects: (serial) => `${base}_rejects_${serial}`,
  };
}

function slug(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .slice(0, 40);
}

/** A quoted name in SQL. */
export function quotedTable(project: string, dataset: string, table: string): string {
  return bigqueryDialect.qualified(project, dataset, table);
}
