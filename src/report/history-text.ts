/** Past runs for people. */
import type { Run } from '../state/state.ts';
import { visible } from './escape.ts';
import { count, duration, keyText, time } from './format.ts';
import { table } from './table.ts';

/** One change of a run. */
export interface RunRecord {
  readonly key: readonly string[];
  readonly action: string;
  readonly status: string;
  /** Names of the fields, with commas between them. */
  readonly fields: string | null;
  readonly code: string | null;
  readonly message: string | null;
}

/** A table, newest first as given; times in UTC. */
export function renderRuns(runs: readonly Run[]): string {
  if (runs.length === 0) return 'No runs yet.\n';
  const rows = runs.map((run) => [
    run.runId,
    run.sync,
    time(run.startedAt),
    tookText(run),
    run.status,
    countsText(run),
    run.owner,
    run.commit,
  ]);
  return `${table(['run', 'sync', 'started (UTC)', 'took', 'status', 'records', 'by', 'commit'], rows)}\n`;
}

export function renderRun(run: Run, records: readonly RunRecord[], total: number): string {
  const head = [
    `run ${visible(run.runId)} of ${visible(run.sync)}: ${run.status}, ${countsText(run)}`,
    `  started ${time(run.startedAt)} UTC, took ${tookText(run)}, by ${visible(run.owner)}, plan ${visible(run.planId)}, serial ${run.serial}`,
  ];
  const rows = records.map((record) => [keyText(record.key), record.action, record.status, record.fields, reasonOf(record)]);
  const list = records.length === 0 ? [] : ['', table(['key', 'action', 'outcome', 'fields', ''], rows)];
  const left = total - records.length;
  const more = left > 0 ? [`... ${count(left)} more: sluice history ${visible(run.runId)} --limit ${total}`] : [];
  return `${[...head, ...list, ...more, '', `To put it back: sluice revert ${visible(run.runId)}`].join('\n')}\n`;
}

function reasonOf(record: RunRecord): string {
  return [record.code, record.message].filter((part) => part !== null).join(': ');
}

function tookText(run: Run): string {
  return run.finishedAt === null ? '' : duration(run.finishedAt - run.startedAt);
}

/** `applied 355 (create 12, update 340, delete 3), rejected 1`: whatever was counted. */
function countsText(run: Run): string {
  const parts = Object.entries(run.counts).filter(([, number]) => number > 0);
  return parts.length === 0 ? 'nothing' : parts.map(([name, number]) => `${visible(name)} ${count(number)}`).join(', ');
}
