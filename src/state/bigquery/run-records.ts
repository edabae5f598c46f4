/** What became of the changes of a run: for history and undo. */
import { ident } from '../../workspace/quote.ts';
import { dropAttempts } from '../attempts.ts';
import type { Run } from '../state.ts';
import type { Reading } from './base.ts';
import type { OpenRun } from './heads.ts';
import { attemptsIn, countAttempts, readJournal, runRecordsOf } from './journal.ts';
import { RUN_RECORDS } from './names.ts';
import { columnList, fromText, RUN_RECORD_COLUMNS } from './tables.ts';

/** Of a folded run, as a relation of the workspace. One job. */
export async function storedRunRecords({ store, workspace, prefix }: Reading, runId: string): Promise<string> {
  const result = await store.script({
    phase: 'history',
    key: `run-records ${store.context.randomHex(8)}`,
    sql: `SELECT ${columnList(RUN_RECORD_COLUMNS)} FROM ${store.table(RUN_RECORDS)} WHERE run_id = @run_id`,
    params: { run_id: runId },
  });
  const into = `${prefix}_run_records`;
  await store.client.rows(result, workspace, into);
  return `(SELECT ${RUN_RECORD_COLUMNS.map((column) => `${fromText(column)} AS ${ident(column.name)}`).join(', ')} FROM ${ident(into)})`;
}

/** Of a run that is not folded in: in a table, because the journal is read again for each look. */
export async function openRunRecords({ store, workspace, prefix }: Reading, run: OpenRun): Promise<string> {
  const journal = await readJournal(store, workspace, run, prefix);
  const table = `${prefix}_run_records`;
  await workspace.run(`CREATE TEMP TABLE ${table} AS SELECT * FROM ${runRecordsOf(await attemptsIn(workspace, journal, prefix))}`);
  await dropAttempts(workspace, prefix);
  return table;
}

export async function progressOf({ store, workspace, prefix }: Reading, run: OpenRun): Promise<Run['counts']> {
  return countAttempts(workspace, await readJournal(store, workspace, run, prefix), prefix);
}
