/**
 * Processes that tests start read the compiled code of the one before them: half of what starting `node src/cli.ts` costs.
 * Not where the processor's time is what is tested, or where a process may not write.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Vitest calls it once per run, before its workers start; they inherit the environment. Returns what to do at the end. */
export default function setup(): (() => void) | undefined {
  if (process.env['NODE_COMPILE_CACHE'] !== undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'sluice-compiled-'));
  process.env['NODE_COMPILE_CACHE'] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}

/** The environment of a process that a test starts: nothing but what finds programs, and the cache. */
export function childEnv(): Record<string, string | undefined> {
  return { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] };
}
