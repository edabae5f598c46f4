/** Whether a dbt run left what a sync waits for: `target/run_results.json`, which dbt writes at the end of a run. */
import type { WaitFor } from '../config/model.ts';
import { isObject, readJson, textOf, type Trouble } from './manifest.ts';

interface Result {
  readonly id: string;
  readonly status: string;
}

/** Statuses of models (`success`), tests (`pass`, `warn`) and of what had nothing to do. */
const GOOD: ReadonlySet<string> = new Set(['success', 'pass', 'warn', 'no-op', 'reused']);
/** Commands that write the artifact and build nothing. */
const IDLE: ReadonlySet<string> = new Set(['compile', 'generate', 'docs', 'parse', 'list', 'ls', 'show', 'freshness']);
const NAMED = 3;

/** Why the sync has to wait; undefined when it need not. */
export async function whyWait(waited: WaitFor, now: number): Promise<Trouble | undefined> {
  const data = await readJson(waited.path, waited.shown);
  if ('problem' in data)
    return { problem: `no dbt run to go by: ${String(data['problem'])}`, hint: 'Let dbt run first, where Sluice sees its target folder.' };
  const results = resultsOf(data['results']);
  const metadata = isObject(data['metadata']) ? data['metadata'] : {};
  const finished = Date.parse(textOf(metadata['generated_at']) ?? '');
  if (results === undefined || Number.isNaN(finished)) {
    return { problem: `no dbt run to go by: ${waited.shown} is not what dbt writes`, hint: 'Let dbt write it again.' };
  }
  const command = isObject(data['args']) ? (textOf(data['args']['which']) ?? '') : '';
  if (IDLE.has(command)) {
    return {
      problem: `${waited.shown} is of \`dbt ${command}\`, which builds nothing`,
      hint: 'Keep the artifact of the run under another name, and name that in run_results.',
    };
  }
  return tooOld(waited, now - finished) ?? failed(waited, results, command);
}

function resultsOf(written: unknown): readonly Result[] | undefined {
  if (!Array.isArray(written)) return undefined;
  return written.filter(isObject).map((each) => ({ id: textOf(each['unique_id']) ?? '', status: textOf(each['status']) ?? 'unknown' }));
}

function tooOld({ maxAgeMs, shown }: WaitFor, age: number): Trouble | undefined {
  if (maxAgeMs === undefined || age <= maxAgeMs) return undefined;
  return {
    problem: `the dbt run of ${shown} is ${span(age)} old, and source.wait_for allows ${span(maxAgeMs)}`,
    hint: 'Let dbt run again.',
  };
}

function failed({ model, shown }: WaitFor, results: readonly Result[], command: string): Trouble | undefined {
  if (model !== undefined && !results.some((each) => each.id === model.id)) {
    const hint =
      command === 'test'
        ? '`dbt test` writes the artifact anew: use `dbt build`.'
        : 'Let dbt build it: `dbt build --select` may have left it out.';
    return { problem: `the dbt run of ${shown} did not build ${model.id}`, hint };
  }
  const mine = model === undefined ? results : results.filter((each) => each.id === model.id || model.tests.includes(each.id));
  const bad = mine.filter((each) => !GOOD.has(each.status));
  if (bad.length === 0) return undefined;
  const named = bad.slice(0, NAMED).map((each) => `${each.id} (${each.status})`);
  const more = bad.length > NAMED ? ` and ${bad.length - NAMED} more` : '';
  return { problem: `the dbt run failed: ${named.join(', ')}${more}`, hint: 'What dbt left may be half built. Let it run again.' };
}

const UNITS = [
  { ms: 86_400_000, letter: 'd' },
  { ms: 3_600_000, letter: 'h' },
  { ms: 60_000, letter: 'm' },
] as const;

/** `24h` as it is written in a sync, in milliseconds; undefined for anything else. */
export function parseSpan(text: string): number | undefined {
  const [, number, letter] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const unit = UNITS.find((each) => each.letter === letter);
  return unit === undefined ? undefined : Number(number) * unit.ms;
}

/** `30 h`, `2 d`: two digits are enough. */
function span(ms: number): string {
  const unit = UNITS.find((each) => ms >= 2 * each.ms) ?? { ms: 60_000, letter: 'min' };
  return `${Math.round(ms / unit.ms)} ${unit.letter}`;
}
