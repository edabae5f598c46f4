/**
 * Preloaded into a child (`node --import`): ends it with SIGKILL at an exact instant. Every durable step of Sluice is
 * counted, before and after: file writes, flushes, renames, links, removals, and the DuckDB statements that change a file.
 * SLUICE_KILL_AT=N dies at the Nth of these instants, `N NAME` at the Nth with that name (`2 after COMMIT`); another
 * signal is sent with SLUICE_KILL_SIGNAL. SLUICE_KILL_LOG=FILE notes them all.
 */
import { appendFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

import { DuckDBConnection } from '@duckdb/node-api';

const [, count = '0', wanted = ''] = /^(\d+) ?(.*)$/.exec(process.env['SLUICE_KILL_AT'] ?? '') ?? [];
const signal = process.env['SLUICE_KILL_SIGNAL'] ?? 'SIGKILL';
const log = process.env['SLUICE_KILL_LOG'];
const seen = { instants: 0 };

function instant(name: string): void {
  if (log !== undefined) appendFileSync(log, `${name}\n`);
  if (wanted !== '' && wanted !== name) return;
  seen.instants += 1;
  if (seen.instants === Number(count)) process.kill(process.pid, signal);
}

type Step = (...args: never[]) => Promise<unknown>;

function watch<K extends string>(target: Record<K, Step>, name: K, label: (args: readonly unknown[]) => string | undefined): void {
  const real = target[name];
  const replacement = async function (this: unknown, ...args: never[]): Promise<unknown> {
    const step = label(args);
    if (step === undefined) return real.apply(this, args);
    instant(`before ${step}`);
    const result = await real.apply(this, args);
    instant(`after ${step}`);
    return result;
  };
  target[name] = replacement;
}

const handle = await fs.open(process.execPath);
const handles = Object.getPrototypeOf(handle) as Record<'write' | 'writeFile' | 'sync' | 'datasync' | 'truncate', Step>;
await handle.close();
for (const name of ['write', 'writeFile', 'sync', 'datasync', 'truncate'] as const) watch(handles, name, () => name);
const files = fs as unknown as Record<'rename' | 'link' | 'rm' | 'writeFile' | 'mkdir', Step>;
for (const name of ['rename', 'link', 'rm', 'writeFile', 'mkdir'] as const) watch(files, name, () => name);
syncBuiltinESMExports();

const CHANGING = /^\s*(ATTACH|DETACH|CHECKPOINT|COMMIT|CREATE|INSERT|UPDATE|DELETE)\b/i;
const connections = DuckDBConnection.prototype as unknown as Record<'run', Step>;
watch(connections, 'run', ([sql]) => (typeof sql === 'string' ? CHANGING.exec(sql)?.[1]?.toUpperCase() : undefined));
