/** `sluice state`: look after what Sluice remembers. Nothing here touches a destination. */
import { EXIT, UserError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { renderHead, renderHeads, renderRecord, type StoredRecord } from '../report/state-text.ts';
import { plural } from '../report/format.ts';
import type { LeaseHolder, State, SyncState } from '../state/state.ts';
import { Workspace } from '../workspace/workspace.ts';
import { listArgument, numberOption, parseKey } from './arguments.ts';
import { confirm } from './confirm.ts';
import type { Invocation } from './invocation.ts';
import { openProject, openProjectState } from './project.ts';
import type { Shell } from './shell.ts';

/** Runs `work` with the project's state open. */
async function withState(
  shell: Shell,
  work: (state: State, keyFields: (sync: string) => readonly string[]) => Promise<number>,
): Promise<number> {
  shell.host.makePrivate();
  const { project } = await openProject(shell, { secrets: 'state' });
  await using state = await openProjectState(shell, project);
  // State outlives its sync: a removed one has no key fields to name, and one part is the common case.
  return await work(state, (name) => project.syncs.find((sync) => sync.name === name)?.destination.key ?? ['key']);
}

export async function list(shell: Shell, _invocation: Invocation): Promise<number> {
  return withState(shell, async (state) => {
    const heads = await state.heads();
    const holders = await Promise.all(heads.map(async (head) => state.holder(head.sync)));
    if (shell.options.json)
      await shell.printJson({ state: state.description, syncs: heads.map((head, index) => headDocument(head, holders[index])) });
    else await shell.print(renderHeads(state.description, heads, holders));
    return EXIT.ok;
  });
}

export async function show(shell: Shell, { args }: Invocation): Promise<number> {
  return withState(shell, async (state, keyFields) => {
    const head = await headOf(state, String(args[0]));
    const keys = listArgument(args[1]).map((text) => JSON.stringify(parseKey(text, keyFields(head.sync))));
    const records = keys.length === 0 ? [] : await recordsOf(state, head.sync, await storedKeys(state, head.sync, keys));
    const holder = await state.holder(head.sync);
    if (shell.options.json) await shell.printJson({ ...headDocument(head, holder), records_shown: records });
    else await shell.print(renderHead(head, holder) + records.map((record) => renderRecord(record)).join(''));
    return EXIT.ok;
  });
}

export async function remove(shell: Shell, { args, options }: Invocation): Promise<number> {
  return withState(shell, async (state, keyFields) => {
    const head = await headOf(state, String(args[0]));
    const keys = listArgument(args[1]).map((text) => JSON.stringify(parseKey(text, keyFields(head.sync))));
    const what =
      keys.length === 0 ? `all ${plural(head.records, 'record')} of ${head.sync}` : `${plural(keys.length, 'record')} of ${head.sync}`;
    const stored = keys.length === 0 ? undefined : await storedKeys(state, head.sync, keys);
    if (!(await confirm(shell, options, `Forget ${what}? The destination is not touched.`))) return EXIT.error;
    const removed = await state.remove(head.sync, stored);
    return done(shell, { sync: head.sync, removed }, `Forgot ${plural(removed, 'record')} of ${head.sync}.`);
  });
}

export async function move(shell: Shell, { args }: Invocation): Promise<number> {
  return withState(shell, async (state) => {
    const head = await headOf(state, String(args[0]));
    const to = String(args[1]);
    if (to === head.sync) throw new UserError(`${to} is the name that its state has already`);
    await state.move(head.sync, to);
    return done(
      shell,
      { from: head.sync, to, records: head.records },
      `${head.sync} is now ${to}, with ${plural(head.records, 'record')}.`,
    );
  });
}

export async function unlock(shell: Shell, { args, options }: Invocation): Promise<number> {
  return withState(shell, async (state) => {
    const sync = String(args[0]);
    const generation = numberOption(options.generation) ?? 0;
    await state.unlock(sync, generation);
    return done(shell, { sync, generation }, `The lease of ${sync}, generation ${generation}, has ended.`);
  });
}

async function done(shell: Shell, document: unknown, text: string): Promise<number> {
  if (shell.options.json) await shell.printJson(document);
  else await shell.print(`${text}\n`);
  return EXIT.ok;
}

async function headOf(state: State, sync: string): Promise<SyncState> {
  const head = await state.head(sync);
  if (head !== undefined) return head;
  const names = (await state.heads()).map((each) => each.sync);
  const near = nearest(sync, names);
  const known = names.length === 0 ? `${state.description} is empty.` : `There is state of ${names.join(', ')}.`;
  throw new UserError(`there is no state of a sync "${sync}"`, { hint: near === undefined ? known : `Did you mean "${near}"? ${known}` });
}

/** The keys as state has them: in lower case where the destination tells no cases apart. Throws `UserError` for one that is not there. */
async function storedKeys(state: State, sync: string, keys: readonly string[]): Promise<readonly string[]> {
  await using workspace = await Workspace.open();
  const { records } = await state.attach(workspace, sync);
  const stored: string[] = [];
  for (const key of keys) {
    const rows = await workspace.rows(`SELECT key FROM ${records} AS records WHERE lower(key) = lower($key) ORDER BY key <> $key LIMIT 2`, {
      key,
    });
    const [first, second] = rows.map((row) => String(row['key']));
    if (first === undefined || (first !== key && second !== undefined))
      throw new UserError(`there is no record ${key} in the state of ${sync}`);
    stored.push(first);
  }
  return stored;
}

async function recordsOf(state: State, sync: string, keys: readonly string[]): Promise<readonly StoredRecord[]> {
  await using workspace = await Workspace.open();
  const { records } = await state.attach(workspace, sync);
  const found: StoredRecord[] = [];
  for (const key of keys) {
    const row = await workspace.row(
      `SELECT sent, returned, verified, origin, remote_id, CAST(left_at AS VARCHAR) AS left_at, run_id, pending IS NOT NULL AS is_pending
       FROM ${records} AS records WHERE key = $key`,
      { key },
    );
    found.push({
      key: JSON.parse(key) as string[],
      sent: parsed(row.sent),
      returned: parsed(row.returned),
      verified: row.verified === true,
      origin: textOrNull(row.origin),
      remote_id: textOrNull(row.remote_id),
      left_at: textOrNull(row.left_at),
      run_id: textOrNull(row.run_id),
      pending: row.is_pending === true,
    });
  }
  return found;
}

function parsed(value: unknown): StoredRecord['sent'] {
  return typeof value === 'string' ? (JSON.parse(value) as Record<string, string | null>) : null;
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** A sync's state as `state list --json` and `state show --json` print it. */
function headDocument(head: SyncState, holder: LeaseHolder | undefined): Readonly<Record<string, unknown>> {
  return {
    sync: head.sync,
    records: head.records,
    serial: head.serial,
    lineage: head.lineage,
    destination: head.destination,
    fields: head.fields,
    last_run: head.lastRun === null ? null : { run_id: head.lastRun.runId, plan_id: head.lastRun.planId, status: head.lastRun.status },
    lease:
      holder === undefined
        ? null
        : { owner: holder.owner, generation: holder.generation, since: isoTime(holder.since), expires_at: isoTime(holder.expiresAt) },
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
