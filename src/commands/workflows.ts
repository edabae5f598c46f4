/** The workflows of `sluice init --github`: templates, filled with what the project says. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { ProjectFiles } from '../config/files.ts';
import type { Project } from '../config/model.ts';
import { mapDocument } from '../config/nodes.ts';
import { parseSchedule } from '../config/schedule.ts';

/** `templates/github/` of the package: beside `src/` and beside `dist/`. */
const TEMPLATES = fileURLToPath(new URL('../../templates/github/', import.meta.url));

/** Pinned by commit, so that nobody can put other code behind a version. */
const ACTIONS = {
  checkout: 'actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0',
  setup_node: 'actions/setup-node@a0853c24544627f65ddf259abe73b1d18a591444 # v5.0.0',
  upload_artifact: 'actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2',
  download_artifact: 'actions/download-artifact@634f93cb2916e3fdff6788551b99b062d0335ce0 # v5.0.0',
} as const;

export interface Workflow {
  /** `sluice-plan.yml`. */
  readonly name: string;
  readonly text: string;
}

/** Where the project lives. */
export interface Home {
  /** Its folder as seen from the top of the repository, with forward slashes. */
  readonly dir: string;
  /** The branch that pull requests are merged into. */
  readonly branch: string;
}

export async function workflowsOf(project: Project, files: ProjectFiles, { dir, branch }: Home): Promise<readonly Workflow[]> {
  const values = { ...ACTIONS, ...valuesOf(project, dir), branch: plainText(branch), env: environmentOf(files) };
  const names = (await readdir(TEMPLATES)).toSorted();
  return Promise.all(names.map(async (name) => ({ name, text: filled(await readFile(join(TEMPLATES, name), 'utf8'), values) })));
}

/** `{{name}}`; what GitHub replaces is `${{ name }}`. */
function filled(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/(?<!\$)\{\{(\w+)\}\}/g, (whole, name: string) => values[name] ?? whole);
}

function valuesOf(project: Project, dir: string): Readonly<Record<string, string>> {
  const { environment } = project;
  const flags = `${dir === 'syncs' ? '' : ` --dir '${dir.replaceAll("'", "'\\''")}'`}${environment === null ? '' : ` --env ${environment}`}`;
  return {
    dir: yamlText(dir),
    paths: yamlText(dir === '.' ? '**' : `${dir}/**`),
    check: yamlText(`npx sluice init --github --check${flags}`),
    environment: yamlText(environment ?? ''),
    github_environment: yamlText(environment ?? 'production'),
    concurrency: environment ?? 'production',
    schedules: scheduleBlock(project),
  };
}

/** Lines below `env:` of a step. */
function environmentOf(files: ProjectFiles): string {
  return ['SLUICE_PLAN_KEY', ...secretNames(files)].map((name) => `\n          ${name}: \${{ secrets.${name} }}`).join('');
}

/** Without quotes where it needs none. */
function plainText(text: string): string {
  return /^[a-z][\w./-]*$/i.test(text) && !/^(true|false|null|yes|no|on|off)$/i.test(text) ? text : yamlText(text);
}

function yamlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Environment variables that the project refers to. GitHub sets its own, and no secret may be named like one. */
function secretNames({ documents }: ProjectFiles): readonly string[] {
  const names = new Set<string>();
  for (const { root } of [...documents.Project, ...documents.Connection]) {
    mapDocument(root, (scalar) => {
      for (const [, name = ''] of scalar.text.matchAll(/(?<!\$)\$\{env\.([A-Za-z0-9_]+)\}/g)) names.add(name);
      return scalar;
    });
  }
  return [...names].filter((name) => !name.startsWith('GITHUB_') && name !== 'SLUICE_PLAN_KEY').toSorted();
}

const BEGIN = '  # sluice:schedules';
const END = '  # sluice:end';

/** The lines that follow the schedules of the syncs. Each distinct time wakes the workflow once; `--due` decides. */
function scheduleBlock({ syncs }: Project): string {
  const byCron = Map.groupBy(
    syncs.filter((sync) => sync.schedule !== undefined),
    ({ schedule = '' }) => wakeTime(schedule),
  );
  const lines = [...byCron].toSorted(([a], [b]) => a.localeCompare(b)).map(([cron, each]) => `    - cron: '${cron}' # ${namesText(each)}`);
  return [BEGIN, ...(lines.length === 0 ? ['  # No sync has a schedule.'] : ['  schedule:', ...lines]), END].join('\n');
}

/** On the hour GitHub is busiest and starts late: where the sync leaves the minute open, it is another one. */
function wakeTime(schedule: string): string {
  const parsed = parseSchedule(schedule);
  if (!('schedule' in parsed)) return schedule;
  const { cron, written } = parsed.schedule;
  return cron === written.trim().split(/\s+/).join(' ') ? cron : cron.replace(/^0 /, '7 ');
}

const NAMED = 5;

function namesText(syncs: Project['syncs']): string {
  const names = syncs.slice(0, NAMED).map(({ name }) => name).join(', '); // prettier-ignore
  return syncs.length > NAMED ? `${names} and ${syncs.length - NAMED} more` : names;
}

const BLOCK = new RegExp(`^${BEGIN}[^\n]*\n[\\s\\S]*?^${END}`, 'm');

/** An existing workflow with its schedules brought up to date; everything else in it is the user's. */
export function withSchedules(existing: string, fresh: string): string {
  const block = BLOCK.exec(fresh)?.[0];
  if (block === undefined) return existing;
  const isWindows = existing.includes('\r\n');
  const updated = existing.replaceAll('\r\n', '\n').replace(BLOCK, () => block);
  return isWindows ? updated.replaceAll('\n', '\r\n') : updated;
}
