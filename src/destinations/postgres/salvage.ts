/**
 * A batch that holds bad records, written part by part inside the server: nothing is sent again, nothing waits for the
 * network. A part is one statement over a range of the staged table; parts grow while all goes well and end before the
 * record that failed. A bad record costs the rows before it in its part a second time.
 */
import type { PgClient, PgRow } from '../../postgres/client.ts';
import { PgError } from '../../postgres/errors.ts';
import { explainMisfit } from './misfit.ts';
import { OF_THE_SERVER, refusalOf } from './reject.ts';
import type { Settled } from './settled.ts';
import { type BoundBatch, lookSelect, STAGED, writeStatement } from './write-sql.ts';

const MARK = 'pg_temp.sluice_mark';
const FAILED = 'pg_temp.sluice_failed';
/** Our own code: the statement wrote fewer records than it should have. */
const SHORT = 'SLU01';
/** Of so many records the field is looked for where Postgres does not name it. */
const EXPLAINED = 20;

export async function salvage(client: PgClient, bound: BoundBatch, settled: Settled): Promise<void> {
  await client.script(`
    CREATE TEMP SEQUENCE sluice_mark MINVALUE 0;
    CREATE INDEX ON ${STAGED} (pos);
    CREATE TEMP TABLE sluice_failed (pos int, sqlstate text, message text, detail text, schema_name text, table_name text,
      column_name text, constraint_name text) ON COMMIT DROP;
    ${dollarQuoted(program(bound))};
    DROP SEQUENCE ${MARK}`);
  const failed = await client.rows(`SELECT * FROM ${FAILED} ORDER BY pos`);
  await settleShort(client, bound, settled, failed.filter((row) => row['sqlstate'] === SHORT).map((row) => Number(row['pos']))); // prettier-ignore
  const refused = failed.filter(({ sqlstate }) => sqlstate !== SHORT);
  for (const [index, row] of refused.entries()) {
    const refusal = refusalOf(errorOf(row), bound);
    if (refusal === undefined) throw errorOf(row);
    const pos = Number(row['pos']);
    const { code, message } = index < EXPLAINED ? await explainMisfit(client, bound, pos, refusal) : refusal;
    settled.settle(pos, { status: 'rejected', code, message });
  }
  await settled.remove(client, refused);
}

/** Records that were left alone since they were looked at: they moved, came or went, or something suppresses the write. */
async function settleShort(client: PgClient, bound: BoundBatch, settled: Settled, positions: readonly number[]): Promise<void> {
  const message = 'a trigger or rule of the table suppressed the write';
  for (const pos of positions) settled.settle(pos, { status: 'rejected', code: 'SUPPRESSED', message });
  if (positions.length > 0) await settled.removeSkipped(client, lookSelect(bound, positions));
}

function errorOf(row: PgRow): PgError {
  const text = (name: string): string | undefined => (row[name] === '' ? undefined : (row[name] ?? undefined));
  const report = {
    code: row['sqlstate'] ?? '',
    message: row['message'] ?? '',
    detail: text('detail'),
    schema: text('schema_name'),
    table: text('table_name'),
    column: text('column_name'),
    constraint: text('constraint_name'),
  };
  return new PgError(report, undefined);
}

/** The mark is a sequence: it survives the undoing of a part, and tells how far the statement got. */
function program(bound: BoundBatch): string {
  const part = { from: 'sluice.low', to: 'sluice.high', mark: (position: string) => `setval('${MARK}', ${position}) IS NOT NULL` };
  return `
    #variable_conflict use_column
    <<sluice>>
    DECLARE
      low int := 0; high int; size int := ${bound.batch.size}; suspect int := -1; last_bad int := 0; stopped bigint;
      expected bigint; written bigint; failure pg_temp.sluice_failed;
    BEGIN
      WHILE low < ${bound.batch.size} LOOP
        high := least(low + CASE WHEN low = suspect THEN 1 ELSE size END, ${bound.batch.size});
        SELECT count(*) INTO expected FROM ${STAGED} AS s WHERE s.pos >= sluice.low AND s.pos < sluice.high;
        BEGIN
          IF expected > 0 THEN
            ${writeStatement(bound, part)};
            GET DIAGNOSTICS written = ROW_COUNT;
            IF written <> expected THEN RAISE EXCEPTION USING ERRCODE = '${SHORT}'; END IF;
          END IF;
          low := high;
          size := least(size * 2, ${bound.batch.size});
        EXCEPTION WHEN OTHERS OR assert_failure THEN
          IF SQLSTATE ~ '${OF_THE_SERVER.source}' THEN RAISE; END IF;
          IF high - low > 1 THEN
            SELECT last_value INTO stopped FROM ${MARK};
            -- At the last record: a constraint was checked when the statement was through, and the mark says nothing.
            IF SQLSTATE = '${SHORT}' OR stopped < low OR stopped >= high - 1 THEN stopped := low + (high - low + 1) / 2; END IF;
            suspect := stopped;
            size := greatest(1, stopped - low);
          ELSE
            GET STACKED DIAGNOSTICS failure.sqlstate = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
              failure.detail = PG_EXCEPTION_DETAIL, failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME,
              failure.column_name = COLUMN_NAME, failure.constraint_name = CONSTRAINT_NAME;
            failure.pos := low;
            INSERT INTO ${FAILED} SELECT failure.*;
            size := greatest(1, (low - last_bad + 1) / 2);
            last_bad := low;
            low := high;
          END IF;
        END;
      END LOOP;
    END`;
}

/** A block to run. Names in it are the user's: the quotes must not end there. */
function dollarQuoted(code: string): string {
  const numbers = Array.from({ length: code.length }, (_, number) => `$sluice${number}$`);
  const quote = numbers.find((each) => !code.includes(each)) ?? '$sluice$';
  return `DO ${quote}${code}${quote}`;
}
