/** `sluice doctor`: can every connection be reached, may it do what the syncs need, and does state work. */
import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { Project, Sync } from '../config/model.ts';
import type { Capabilities, ObjectSchema } from '../destinations/destination.ts';
import { openDestination } from '../destinations/registry.ts';
import { EXIT, TransientError, UserError } from '../errors.ts';
import { connectionOf } from '../plan/ends.ts';
import { type Finding, renderFindings } from '../report/doctor-text.ts';
import { plural } from '../report/format.ts';
import { problemsOf } from '../report/json.ts';
import { openSource } from '../sources/registry.ts';
import { Workspace } from '../workspace/workspace.ts';
import { compareClocks, tellsTime } from './clock-check.ts';
import type { Invocation } from './invocation.ts';
import { openProject, openProjectState } from './project.ts';
import type { Shell } from './shell.ts';

export async function doctor(shell: Shell, _invocation: Invocation): Promise<number> {
  const { project, syncs } = await openProject(shell, { secrets: 'syncs' });
  const findings: Finding[] = [];
  for (const name of sourcesOf(syncs)) findings.push(...(await checkSource(shell, project, name, syncs)));
  for (const name of destinationsOf(syncs)) findings.push(...(await checkDestination(shell, project, name, syncs)));
  findings.push(...(await checkState(shell, project)));
  if (shell.options.json) await shell.printJson({ healthy: findings.every((finding) => finding.ok), checks: findings });
  else await shell.print(renderFindings(findings, shell.paint));
  return findings.every((finding) => finding.ok) ? EXIT.ok : EXIT.error;
}

function sourcesOf(syncs: readonly Sync[]): readonly string[] {
  return [...new Set(syncs.map((sync) => sync.source.connection))];
}

function destinationsOf(syncs: readonly Sync[]): readonly string[] {
  return [...new Set(syncs.map((sync) => sync.destination.connection))];
}

/** Runs one check. What it returns is what a person reads; what it throws is why it failed. */
async function attempt(on: string, check: string, work: () => Promise<string>): Promise<Finding> {
  try {
    return { on, check, ok: true, detail: await work(), hint: null };
  } catch (error) {
    if (!(error instanceof UserError) && !(error instanceof TransientError) && !isSystemError(error)) throw error;
    const [problem] = problemsOf(error);
    return { on, check, ok: false, detail: problem?.message ?? '', hint: problem?.hint ?? null };
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

async function checkSource(shell: Shell, project: Project, name: string, syncs: readonly Sync[]): Promise<readonly Finding[]> {
  const own = syncs.filter((sync) => sync.source.connection === name);
  const on = `${name} (source)`;
  await using workspace = await Workspace.open();
  await using stack = new AsyncDisposableStack();
  const findings: Finding[] = [];
  const opening = await attempt(on, 'reach', async () => {
    const source = stack.use(await openSource(shell.registry.sources, connectionOf(project, name), shell.context, project));
    await source.attach(workspace);
    await workspace.lock([project.dir]);
    for (const sync of own) await source.describe({ sql: sync.source.query, lines: sync.source.lines, sync: sync.name });
    if (source.rights !== undefined) findings.push(await attempt(on, 'rights', async () => (await source.rights?.()) ?? ''));
    findings.push(...(await checkClock(shell, on, source)));
    return `${plural(own.length, 'query', 'queries')} prepared by ${source.engine}`;
  });
  return [opening, ...findings];
}

async function checkDestination(shell: Shell, project: Project, name: string, syncs: readonly Sync[]): Promise<readonly Finding[]> {
  const own = syncs.filter((sync) => sync.destination.connection === name);
  const on = `${name} (destination)`;
  const findings: Finding[] = [];
  await using workspace = await Workspace.open();
  await using stack = new AsyncDisposableStack();
  const reach = await attempt(on, 'reach', async () => {
    const destination = stack.use(await openDestination(shell.registry.destinations, connectionOf(project, name), shell.context, project));
    await destination.attach(workspace);
    const identity = await destination.identify();
    for (const sync of own) {
      findings.push(
        await attempt(on, `rights on ${sync.destination.object}`, async () =>
          rightsOn(await destination.describe(sync.destination.object), sync),
        ),
      );
    }
    findings.push({ on, check: 'limits', ok: true, detail: limitsOf(destination.capabilities), hint: null });
    if (destination.limits !== undefined) findings.push(await attempt(on, 'calls', async () => (await destination.limits?.()) ?? ''));
    findings.push(...(await checkClock(shell, on, destination)));
    return identity;
  });
  return [reach, ...findings];
}

/** Nothing where the system cannot tell the time. */
async function checkClock(shell: Shell, on: string, system: object): Promise<readonly Finding[]> {
  const clock = tellsTime(system);
  return clock === undefined ? [] : [await attempt(on, 'clock', async () => compareClocks(shell.context, clock))];
}

/** What the sync would write and may not. Throws `UserError` with the names. */
function rightsOn(schema: ObjectSchema, sync: Sync): string {
  const mapped = sync.fields.map((field) => schema.fields.find((each) => each.name === field.field)).filter((field) => field !== undefined);
  const closed = mapped.filter((field) => !field.creatable && !field.updatable);
  if (sync.onMissing === 'delete' && schema.deletable?.can === false)
    throw new UserError(`records cannot be deleted: ${schema.deletable.reason}`, {
      hint: `Grant the right, or set another on_missing in ${sync.name}.`,
    });
  if (closed.length === 0)
    return `${plural(mapped.length, 'field')} may be written${sync.onMissing === 'delete' ? ', records may be deleted' : ''}`;
  throw new UserError(
    `may not be written: ${closed.map((field) => `${field.name}${field.reason === undefined ? '' : ` (${field.reason})`}`).join(', ')}`,
    {
      hint: `Unmap them in ${sync.name}, or grant the right.`,
    },
  );
}

function limitsOf(capabilities: Capabilities): string {
  const missing = (['readByKey', 'readAll', 'create', 'update', 'delete'] as const).filter((name) => !capabilities[name].can);
  const cannot = missing.length === 0 ? '' : `; cannot ${missing.join(', ')}`;
  return `${plural(capabilities.batchSize, 'record')} a batch, ${plural(capabilities.concurrency, 'batch', 'batches')} at once${cannot}`;
}

async function checkState(shell: Shell, project: Project): Promise<readonly Finding[]> {
  const on = 'state';
  const findings: Finding[] = [];
  const read = await attempt(on, 'read', async () => {
    await using state = await openProjectState(shell, project);
    findings.push(...(await checkClock(shell, on, state)));
    const heads = await state.heads();
    const held = (await Promise.all(heads.map(async (head) => state.holder(head.sync)))).filter((holder) => holder !== undefined);
    return `${state.description}: ${plural(heads.length, 'sync')}${held.length === 0 ? '' : `, ${plural(held.length, 'lease')} held`}`;
  });
  const { state } = project;
  const write = async (): Promise<string> => (state.type === 'local' ? writable(state.path) : stateRights(shell, project));
  return [read, ...findings, await attempt(on, 'write', write)];
}

async function stateRights(shell: Shell, project: Project): Promise<string> {
  await using state = await openProjectState(shell, project);
  return (await state.rights?.()) ?? 'cannot be told without writing';
}

/** The file, or the nearest folder that exists above it: state makes what is missing. */
async function writable(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined && dirname(path) !== path) return writable(dirname(path));
  await access(path, constants.W_OK);
  return found?.isDirectory() === true ? 'will be made by the first apply' : 'may be written';
}
