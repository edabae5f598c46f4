/** The journal of runs that are not folded in: lines about ranges of changes. */
import type { PgClient } from '../../postgres/client.ts';
import type { RecordedOutcome, SeqRange } from '../state.ts';
import { type Fence, lostError, renewSql } from './lease.ts';
import type { Tables } from './tables.ts';

/** A line as JSON. `i` announces, `o` tells an outcome. `n` counts the lines of a run. */
export type Line = Readonly<Record<string, string | number | boolean | undefined>>;

const COLUMNS = `n integer, kind text, seq_from bigint, seq_to bigint, status text, remote_id text, code text, message text, returned text, verified boolean`;
const NAMES = COLUMNS.split(', ').map((column) => column.split(' ', 1)[0] ?? '');

/**
 * Appends lines and renews the lease, in one statement: nothing is written when the lease was lost, which throws. Returns
 * how many lines were new; none of them when this is a repetition.
 */
export async function appendLines(
  client: PgClient,
  tables: Tables,
  request: { held: Fence; run: string; lines: readonly Line[] },
): Promise<number> {
  const { held, run, lines } = request;
  const values = NAMES.map((name) => (name === 'kind' ? 'CAST(l.kind AS "char")' : `l.${name}`));
  const [row] = await client.rows(
    `WITH held AS (${renewSql(tables)}),
       added AS (
         INSERT INTO ${tables.journal} (run, ${NAMES.join(', ')}) SELECT $3, ${values.join(', ')} FROM json_to_recordset($4::json) AS l(${COLUMNS}), held
         ON CONFLICT DO NOTHING RETURNING 1)
     SELECT (SELECT count(*) FROM held) AS held, (SELECT count(*) FROM added) AS added`,
    [held.syncId, held.generation, run, JSON.stringify(lines)],
  );
  if (row?.['held'] !== '1') throw lostError(held.sync, held.generation);
  return Number(row['added']);
}

export function intentLine(n: number, { from, to }: SeqRange): Line {
  return { n, kind: 'i', seq_from: from, seq_to: to };
}

export function outcomeLine(n: number, outcome: RecordedOutcome): Line {
  const { from, to, status, verified } = outcome;
  return {
    n,
    kind: 'o',
    seq_from: from,
    seq_to: to,
    status,
    remote_id: storable(outcome.remoteId),
    code: storable(outcome.code),
    message: storable(outcome.message),
    returned: storable(outcome.returned),
    verified,
  };
}

/** Postgres stores neither NUL nor half a surrogate pair; both only ever come in a message from outside. */
function storable(text: string | undefined): string | undefined {
  return text?.replaceAll('\0', '').toWellFormed();
}
