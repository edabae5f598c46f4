/**
 * Tests make thousands of small databases and wait for each of them to reach the disk. Where the machine has a file system
 * in memory, and room in it, their temporary files live there: the same tests in half the time. A killed process loses what
 * it had not written there as on a disk; nothing here tests a power cut. TMPDIR, when it is set, decides.
 */
import { accessSync, chmodSync, constants, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
const PREFIX = 'sluice-tests-';
/** A container's share may be as small as 64 MB. */
const ROOM = 3e9;

/** Vitest calls it once per run, before its workers start; they inherit the environment. Returns what to do at the end. */
export default function setup(): (() => void) | undefined {
  if (process.env['TMPDIR'] !== undefined || !hasRoom()) return undefined;
  removeAbandoned();
  const folder = mkdtempSync(join(MEMORY, `${PREFIX}${process.pid}-`));
  chmodSync(folder, 0o711); // a Postgres server of a test runs as another user and passes through
  chmodSync(folder, 0o1777); // as /tmp is: tests run programs as another user
  process.env['TMPDIR'] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}

function hasRoom(): boolean {
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize > ROOM;
  } catch {
    return false; // no such file system here
  }
}

/** What runs left behind that were killed: it would stay in memory until the machine restarts. */
function removeAbandoned(): void {
  for (const name of readdirSync(MEMORY)) {
    const pid = Number(name.startsWith(PREFIX) ? name.slice(PREFIX.length).split('-')[0] : Number.NaN);
    if (Number.isInteger(pid) && !isAlive(pid)) rmSync(join(MEMORY, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
