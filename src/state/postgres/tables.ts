/** The tables of a state schema (format 1). Several projects and environments may share one. */
import { ident, qualified } from '../../workspace/quote.ts';

/** Version of the schema. One that a newer Sluice made is refused; an older one is brought up to date. */
export const SCHEMA_FORMAT = 1;

export interface TypedColumn {
  readonly name: string;
  readonly type: string;
  /** Its type in the workspace. */
  readonly loaded: 'VARCHAR' | 'BOOLEAN' | 'TIMESTAMP' | 'BIGINT' | 'hash' | 'texts';
}

const text = (name: string): TypedColumn => ({ name, type: 'text', loaded: 'VARCHAR' });
const hash = (name: string): TypedColumn => ({ name, type: 'bigint', loaded: 'hash' });
/** Keys are compared byte for byte. */
const key: TypedColumn = { name: 'key', type: 'text COLLATE "C"', loaded: 'VARCHAR' };

/** Base, in the order in which a workspace sees it. */
export const RECORD_COLUMNS: readonly TypedColumn[] = [
  hash('key_hash'),
  hash('row_hash'),
  hash('live_hash'),
  key,
  text('sent'),
  text('returned'),
  { name: 'verified', type: 'boolean', loaded: 'BOOLEAN' },
  text('origin'),
  text('remote_id'),
  { name: 'left_at', type: 'timestamp', loaded: 'TIMESTAMP' },
  text('left_as'),
  text('run_id'),
  text('pending'),
];

export const REJECT_COLUMNS: readonly TypedColumn[] = [
  key,
  hash('row_hash'),
  text('code'),
  text('message'),
  { name: 'next_try', type: 'timestamp', loaded: 'TIMESTAMP' },
  text('run_id'),
];

/**
 * Changes of a plan: everything that is needed to resolve a record without the plan, whose file may be gone tomorrow. Only
 * those count that the journal announces. `fields` is a JSON array.
 */
export const INTENT_COLUMNS: readonly TypedColumn[] = [
  { name: 'seq', type: 'bigint', loaded: 'BIGINT' },
  hash('key_hash'),
  hash('row_hash'),
  { name: 'partial', type: 'boolean', loaded: 'BOOLEAN' },
  hash('live_hash'),
  key,
  text('action'),
  text('remote_id'),
  text('sent'),
  text('returned'),
  text('origin'),
  { name: 'fields', type: 'text', loaded: 'texts' },
  text('before'),
];

/** Records of past runs, for undo; without what names the run. */
export const RUN_RECORD_COLUMNS: readonly TypedColumn[] = [
  { name: 'seq', type: 'bigint', loaded: 'BIGINT' },
  text('key'),
  text('action'),
  text('status'),
  { name: 'fields', type: 'text', loaded: 'texts' },
  text('before'),
  text('remote_id'),
  text('code'),
  text('message'),
];

/** State-only changes, as the plan has them. */
export const ADOPTION_COLUMNS: readonly TypedColumn[] = [
  text('kind'),
  key,
  hash('key_hash'),
  text('remote_id'),
  text('sent'),
  text('returned'),
  hash('row_hash'),
  hash('live_hash'),
  text('origin'),
  { name: 'verified', type: 'boolean', loaded: 'BOOLEAN' },
];

export function columnList(columns: readonly TypedColumn[], prefix = ''): string {
  return columns.map((column) => `${prefix}${ident(column.name)}`).join(', ');
}

export function columnTypes(columns: readonly TypedColumn[]): string {
  return columns.map((column) => `${ident(column.name)} ${column.type}`).join(', ');
}

/** A relation of these columns without rows. */
export function emptyRelation(columns: readonly TypedColumn[]): string {
  return `(SELECT ${columns.map((column) => `CAST(NULL AS ${column.type.replace(' COLLATE "C"', '')}) AS ${ident(column.name)}`).join(', ')} WHERE false)`;
}

/** Quoted names of the tables of one schema. */
export class Tables {
  readonly schema: string;
  readonly meta: string;
  /** One row for each sync that ever had a lease; `lineage` is null while nothing was written. */
  readonly syncs: string;
  readonly leases: string;
  readonly runs: string;
  /** Announcements (`i`) and outcomes (`o`) of runs that are not folded, by ranges of sequence numbers. */
  readonly journal: string;
  readonly rejects: string;
  /** Past runs one after the other: found by an index that costs their writing nothing. */
  readonly runRecords: string;
  /** Numbers of records tables. */
  readonly numbers: string;

  constructor(schema: string) {
    const name = (table: string): string => qualified(schema, table);
    this.schema = schema;
    this.meta = name('meta');
    this.syncs = name('syncs');
    this.leases = name('leases');
    this.runs = name('runs');
    this.journal = name('journal');
    this.rejects = name('rejects');
    this.runRecords = name('run_records');
    this.numbers = name('table_numbers');
  }

  /**
   * Base of one lineage of one sync. Folds of many records and new lineages make a new table and drop the old one, so
   * that readers see one or the other and nothing has to be vacuumed.
   */
  records(number: string): string {
    return qualified(this.schema, `records_${number}`);
  }

  /** Changes of the plan of one run; dropped once the run is folded. */
  intents(run: string): string {
    return qualified(this.schema, `intents_${run}`);
  }
}

/** Statements that bring a schema from format i to i + 1. The table `meta` exists. */
export function migrations(tables: Tables): readonly string[] {
  return [createFormat1(tables)];
}

function createFormat1(tables: Tables): string {
  return `
    CREATE SEQUENCE ${tables.numbers} AS integer;
    CREATE TABLE ${tables.syncs} (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, project text NOT NULL, environment text NOT NULL, sync text NOT NULL,
      lineage text, serial bigint NOT NULL DEFAULT 0, hash_id text, destination text, fields text, records bigint NOT NULL DEFAULT 0,
      records_table integer, last_run_id text, last_plan_id text, last_status text, UNIQUE (project, environment, sync));
    CREATE TABLE ${tables.leases} (
      sync_id integer PRIMARY KEY REFERENCES ${tables.syncs} ON DELETE CASCADE, generation bigint NOT NULL, owner text NOT NULL,
      process integer NOT NULL, nonce text NOT NULL, since timestamptz NOT NULL, expires_at timestamptz NOT NULL);
    CREATE TABLE ${tables.runs} (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sync_id integer NOT NULL REFERENCES ${tables.syncs}, run_id text NOT NULL,
      plan_id text NOT NULL, serial bigint NOT NULL, lineage text, hash_id text, destination text, fields text,
      started_at bigint NOT NULL, finished_at bigint, status text NOT NULL, owner text NOT NULL, generation bigint NOT NULL, "commit" text,
      repeats boolean NOT NULL, counts text, folded boolean NOT NULL, UNIQUE (sync_id, run_id));
    CREATE UNIQUE INDEX ON ${tables.runs} (sync_id) WHERE NOT folded;
    CREATE TABLE ${tables.journal} (
      run integer NOT NULL, n integer NOT NULL, kind "char" NOT NULL, seq_from bigint NOT NULL, seq_to bigint NOT NULL,
      status text, remote_id text, code text, message text, returned text, verified boolean, PRIMARY KEY (run, n));
    CREATE INDEX ON ${tables.journal} (run, kind, seq_from);
    CREATE TABLE ${tables.rejects} (
      sync_id integer NOT NULL, ${columnTypes(REJECT_COLUMNS)}, PRIMARY KEY (sync_id, key));
    CREATE TABLE ${tables.runRecords} (run integer NOT NULL, ${columnTypes(RUN_RECORD_COLUMNS)});
    CREATE INDEX ON ${tables.runRecords} USING brin (run) WITH (autosummarize = true);`;
}
