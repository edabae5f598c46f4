/** What became of the rows of a job: its files of results, matched by key, because Salesforce sorts them as it likes. */
import { InternalError } from '../../errors.ts';
import { literal } from '../../workspace/quote.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { type BoundBatch, isSame } from './columns.ts';
import { csvHeader } from './csv-header.ts';
import { inPart, type Part, SORTED } from './ingest-file.ts';
import type { ResultFile } from './ingest-job.ts';
import type { Ledger } from './ledger.ts';
import { appliedAs, isRace, type RecordError, refusalOf } from './outcome.ts';
import { STAGED, TRIMMED } from './stage.ts';

/** Puts what a file of results says into the ledger; returns of how many rows. `why`: what is said of unprocessed rows. */
export async function readResults(
  bound: BoundBatch,
  part: Part,
  { what, file, why }: { what: ResultFile; file: string; why: string },
  ledger: Ledger,
): Promise<number> {
  const { workspace } = bound.batch;
  const header = await csvHeader(file);
  if (header.length === 0) return 0;
  const values = what === 'failedResults' ? `, to_json([s.k${bound.columns.map((_, place) => `, s.w${place}`).join('')}])` : ', NULL';
  const rows = workspace.stream(
    `SELECT s.pos, ${column(header, 'sf__Id')} AS id, ${column(header, 'sf__Created')} AS created, ${column(header, 'sf__Error')} AS error${values} AS sent
     FROM ${csv(file, header)} AS r JOIN ${STAGED} AS s ON ${match(bound, header)} JOIN ${SORTED} AS b ON b.pos = s.pos WHERE ${inPart(part)}`,
  );
  let said = 0;
  for await (const page of rows) {
    said += page.length;
    for (const row of page) settle(bound, { what, why }, row, ledger);
  }
  return said;
}

function settle(
  bound: BoundBatch,
  { what, why }: { what: ResultFile; why: string },
  row: Readonly<Record<string, unknown>>,
  ledger: Ledger,
): void {
  const position = Number(row['pos']);
  const { id, created, error: text, sent } = row as Readonly<Record<'id' | 'created' | 'error' | 'sent', string | null>>;
  if (what === 'unprocessedrecords') {
    ledger.say(position, { status: 'again', why: 'busy', code: 'UNPROCESSED', message: why });
    return;
  }
  if (what === 'successfulResults') {
    const isNew = created === null ? undefined : created.toLowerCase() === 'true';
    ledger.say(position, appliedAs(id ?? undefined, isNew, bound));
    return;
  }
  const error = errorOf(text ?? '');
  if (isRace(error, bound)) ledger.say(position, { status: 'again', why: 'busy', code: error.code, message: RACED });
  else ledger.say(position, refusalOf(error, bound, JSON.parse(sent ?? '[]') as readonly (string | null)[]));
}

const RACED = 'another writer created it in the same moment';

/** `REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --`, and further ones behind it. */
export function errorOf(text: string): RecordError {
  const found =
    /^([A-Z][A-Z0-9_]*):([\s\S]*?):([\w, ]*?) ?--(?=$|[A-Z][A-Z0-9_]*:)/.exec(text) ?? /^([A-Z][A-Z0-9_]*):([\s\S]*)()$/.exec(text);
  if (found === null) return { code: 'UNKNOWN_EXCEPTION', message: text, fields: [] };
  const [, code = '', message = '', fields = ''] = found;
  return { code, message, fields: fields.split(/[, ]+/).filter((field) => field !== '') };
}

/** Bytes of a row: 400,000 characters of up to four bytes, and a quotation mark takes two. DuckDB keeps some buffers of twice that. */
const MAX_LINE = 4_000_000;

/** Everything as text, and nothing guessed. */
function csv(file: string, header: readonly string[]): string {
  const columns = header.map((_, index) => `c${index}: 'VARCHAR'`).join(', ');
  return `read_csv(${literal(file)}, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', parallel = false, max_line_size = ${MAX_LINE}, buffer_size = ${2 * MAX_LINE}, columns = {${columns}})`;
}

function column(header: readonly string[], name: string): string {
  const index = header.findIndex((each) => isSame(each, name));
  return index < 0 ? 'NULL' : `r.c${index}`;
}

/** An upsert's rows by their key, others by their id, of which Salesforce may give back either form. */
function match({ batch, key }: BoundBatch, header: readonly string[]): string {
  const name = batch.action === 'create' ? key.field : 'Id';
  const found = column(header, name);
  if (found === 'NULL') throw new InternalError(`the results of a job have no column ${name}`);
  return batch.action === 'create' ? `${TRIMMED('s.k')} = ${TRIMMED(found)}` : `left(s.id, 15) = left(${found}, 15)`;
}

/** Positions of a part. */
export async function positionsOf(workspace: Workspace, part: Part): Promise<readonly number[]> {
  const rows = await workspace.rows(`SELECT pos FROM ${SORTED} AS b WHERE ${inPart(part)}`);
  return rows.map(({ pos }) => Number(pos));
}
