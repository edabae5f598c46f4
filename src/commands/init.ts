/** `sluice init`: a project that runs at once, in the current folder. Overwrites nothing. */
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import { DuckDBInstance } from '@duckdb/node-api';

import { SCHEMA_FOLDER } from '../config/schema-folder.ts';
import { EXIT, UserError } from '../errors.ts';
import { visible } from '../report/escape.ts';
import { initGithub } from './init-github.ts';
import type { Invocation } from './invocation.ts';
import type { Shell } from './shell.ts';

/** `templates/init/` of the package: beside `src/` and beside `dist/`. */
const TEMPLATES = fileURLToPath(new URL('../../templates/init/', import.meta.url));
/** The package's schemas, for an editor: below the folder that has it installed. */
const INSTALLED_SCHEMAS = join('node_modules', 'sluice', 'schemas');

interface NewFile {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

export async function init(shell: Shell, { options }: Invocation): Promise<number> {
  if (options.github === true) return initGithub(shell, { check: options.check === true });
  if (options.check === true) throw new UserError('--check looks at the workflows of --github', { hint: 'sluice init --github --check' });
  const { cwd } = shell.context;
  const dir = resolve(cwd, shell.options.dir);
  const destination = join(cwd, 'crm.duckdb');
  const files = [...(await projectFiles(cwd, dir)), ...(await schemaFiles(cwd, dir))];
  await refuseToOverwrite(cwd, [...files.map((file) => file.path), destination]);
  for (const file of files) {
    await mkdir(dirname(file.path), { recursive: true });
    await writeFile(file.path, file.text, { flag: 'wx' });
  }
  await createDestination(destination);
  const ignored = await extendGitignore(cwd);
  const made = [...files.map((file) => file.path).filter((path) => !path.includes(`${sep}.schemas${sep}`)), destination].map((path) =>
    shown(cwd, path),
  );
  if (shell.options.json) await shell.printJson({ created: made, updated: [], gitignore: ignored });
  else await shell.print(`${made.map((path) => `  ${visible(path)}`).join('\n')}\n`);
  if (!shell.options.json) shell.tell('Next: sluice plan');
  return EXIT.ok;
}

async function projectFiles(cwd: string, dir: string): Promise<readonly NewFile[]> {
  const root = slashes(relative(dir, cwd)) || '.';
  const installed = await exists(join(cwd, INSTALLED_SCHEMAS));
  const schemas = installed ? `${root}/${slashes(INSTALLED_SCHEMAS)}` : '.schemas';
  const folder = join(TEMPLATES, 'syncs');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  return Promise.all(
    names.toSorted().map(async (name) => {
      const template = await readFile(join(folder, name), 'utf8');
      return { path: join(dir, name), text: template.replaceAll('{{root}}', root).replaceAll('{{schemas}}', schemas) };
    }),
  );
}

/** Copies of the schemas, where no installed package offers them: editors complete and explain without the network. */
async function schemaFiles(cwd: string, dir: string): Promise<readonly NewFile[]> {
  if (await exists(join(cwd, INSTALLED_SCHEMAS))) return [];
  const names = (await readdir(SCHEMA_FOLDER)).filter((name) => /^(project|connection|sync|test)\b.*\.schema\.json$/.test(name));
  return Promise.all(
    names.map(async (name) => ({ path: join(dir, '.schemas', name), text: await readFile(join(SCHEMA_FOLDER, name), 'utf8') })),
  );
}

async function refuseToOverwrite(cwd: string, paths: readonly string[]): Promise<void> {
  const found = await Promise.all(paths.map(async (path) => ((await exists(path)) ? shown(cwd, path) : undefined)));
  const taken = found.filter((path) => path !== undefined);
  if (taken.length === 0) return;
  throw new UserError(`init overwrites nothing, and there is already ${taken.join(', ')}`, {
    hint: 'Run it in another folder, or name another project folder with --dir.',
  });
}

async function createDestination(path: string): Promise<void> {
  const sql = await readFile(join(TEMPLATES, 'destination.sql'), 'utf8');
  const instance = await DuckDBInstance.create(path);
  try {
    const connection = await instance.connect();
    await connection.run(sql);
    connection.closeSync();
  } finally {
    instance.closeSync();
  }
}

/** Adds what is missing, keeps what is there. Returns the lines added. */
async function extendGitignore(cwd: string): Promise<readonly string[]> {
  const path = join(cwd, '.gitignore');
  const wanted = (await readFile(join(TEMPLATES, 'gitignore'), 'utf8')).split('\n').filter((line) => line !== '');
  const before = (await exists(path)) ? await readFile(path, 'utf8') : '';
  const missing = wanted.filter((line) => !before.split(/\r?\n/).includes(line));
  if (missing.length === 0) return [];
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  await writeFile(path, `${before}${gap}${missing.join('\n')}\n`);
  return missing;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

function shown(cwd: string, path: string): string {
  return slashes(relative(cwd, path));
}

function slashes(path: string): string {
  return path.split(sep).join('/');
}
