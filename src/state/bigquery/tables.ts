/** The tables of a state dataset (format 1): their columns. `names.ts` has their names. */
import { signedHashText, unsignedHash } from '../../workspace/base-table.ts';
import { ident } from '../../workspace/quote.ts';

/** Version of the tables. One that a newer Sluice made is refused. */
export const TABLES_FORMAT = 1;

export interface TypedColumn {
  readonly name: string;
  readonly type: 'STRING' | 'INT64' | 'BOOL' | 'DATETIME';
  /** Its type in the workspace. `hash`: unsigned there, signed here. `texts`: a list there, a JSON array here. */
  readonly loaded: 'VARCHAR' | 'BOOLEAN' | 'TIMESTAMP' | 'BIGINT' | 'hash' | 'texts';
}

const text = (name: string): TypedColumn => ({ name, type: 'STRING', loaded: 'VARCHAR' });
const hash = (name: string): TypedColumn => ({ name, type: 'INT64', loaded: 'hash' });
const number = (name: string): TypedColumn => ({ name, type: 'INT64', loaded: 'BIGINT' });
const flag = (name: string): TypedColumn => ({ name, type: 'BOOL', loaded: 'BOOLEAN' });
const time = (name: string): TypedColumn => ({ name, type: 'DATETIME', loaded: 'TIMESTAMP' });
const texts = (name: string): TypedColumn => ({ name, type: 'STRING', loaded: 'texts' });

/** Base, in the order in which a workspace sees it. */
export const RECORD_COLUMNS: readonly TypedColumn[] = [
  hash('key_hash'),
  hash('row_hash'),
  hash('live_hash'),
  text('key'),
  text('sent'),
  text('returned'),
  flag('verified'),
  text('origin'),
  text('remote_id'),
  time('left_at'),
  text('left_as'),
  text('run_id'),
  text('pending'),
];

export const REJECT_COLUMNS: readonly TypedColumn[] = [
  text('key'),
  hash('row_hash'),
  text('code'),
  text('message'),
  time('next_try'),
  text('run_id'),
];

/** Records of past runs, for undo; without what names the run. */
export const RUN_RECORD_COLUMNS: readonly TypedColumn[] = [
  number('seq'),
  text('key'),
  text('action'),
  text('status'),
  texts('fields'),
  text('before'),
  text('remote_id'),
  text('code'),
  text('message'),
];

/**
 * The journal of one run: announcements (`i`) and outcomes (`o`) of ranges of changes, numbered by `n`, and the changes
 * themselves (`c`), everything that is needed to resolve a record without the plan, whose file may be gone tomorrow.
 */
export const JOURNAL_COLUMNS: readonly TypedColumn[] = [
  text('kind'),
  number('n'),
  number('seq_from'),
  number('seq_to'),
  text('status'),
  text('remote_id'),
  text('code'),
  text('message'),
  text('returned'),
  flag('verified'),
  hash('key_hash'),
  hash('row_hash'),
  flag('partial'),
  hash('live_hash'),
  text('key'),
  text('action'),
  text('sent'),
  text('origin'),
  texts('fields'),
  text('before'),
];

/** What a fold is made of: see `changes.ts`. Times are text. */
export const STAGE_COLUMNS: readonly TypedColumn[] = [
  text('part'),
  text('op'),
  number('step'),
  ...RECORD_COLUMNS.map((column) => (column.loaded === 'TIMESTAMP' ? text(column.name) : column)),
  text('code'),
  text('message'),
  text('next_try'),
  number('seq'),
  text('action'),
  text('status'),
  texts('fields'),
  text('before'),
];

/** One row: the head of a sync. `head` and `run` are JSON, see `heads.ts`. */
export const HEAD_COLUMNS: readonly TypedColumn[] = [
  text('sync_id'),
  text('project'),
  text('environment'),
  text('sync'),
  number('serial'),
  number('generation'),
  number('records'),
  text('head'),
  text('run_id'),
  text('run'),
];

/** Past runs, one row each. */
export const RUN_COLUMNS: readonly TypedColumn[] = [
  text('sync_id'),
  text('run_id'),
  text('plan_id'),
  number('serial'),
  number('started_at'),
  number('finished_at'),
  text('status'),
  text('owner'),
  text('commit'),
  text('counts'),
];

/** The columns as BigQuery writes them: quoted its way. */
export function columnList(columns: readonly TypedColumn[], prefix = ''): string {
  return columns.map((column) => `${prefix}\`${column.name}\``).join(', ');
}

/** The columns as the workspace writes them: quoted its way. */
export function loadedList(columns: readonly TypedColumn[], prefix = ''): string {
  return columns.map((column) => `${prefix}${ident(column.name)}`).join(', ');
}

export function fieldsOf(columns: readonly TypedColumn[]): { readonly name: string; readonly type: string }[] {
  return columns.map(({ name, type }) => ({ name, type }));
}

/** A column that arrived as text, as the workspace has it. */
export function fromText({ name, loaded }: TypedColumn): string {
  const column = ident(name);
  if (loaded === 'VARCHAR') return column;
  if (loaded === 'hash') return unsignedHash(column);
  return loaded === 'texts' ? `CAST(from_json(${column}, '["VARCHAR"]') AS VARCHAR[])` : `CAST(${column} AS ${loaded})`;
}

/** A column of the workspace, as it is stored in a file that BigQuery loads. */
export function toStored({ name, loaded, type }: TypedColumn, prefix = ''): string {
  const column = `${prefix}${ident(name)}`;
  if (loaded === 'hash') return `CAST(${signedHashText(column)} AS BIGINT)`;
  if (loaded === 'texts') return `CAST(to_json(${column}) AS VARCHAR)`;
  return `CAST(${column} AS ${type === 'STRING' ? 'VARCHAR' : loaded})`;
}

/** A relation of the workspace without rows. */
export function emptyLoaded(columns: readonly TypedColumn[]): string {
  return `(SELECT ${columns.map((column) => `CAST(NULL AS ${loadedType(column)}) AS ${ident(column.name)}`).join(', ')} WHERE false)`;
}

function loadedType({ loaded }: TypedColumn): string {
  if (loaded === 'hash') return 'UBIGINT';
  return loaded === 'texts' ? 'VARCHAR[]' : loaded;
}
