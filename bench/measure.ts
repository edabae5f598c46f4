/** Runs one command as a process of its own and reads its time, processor time and peak memory. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Measurement {
  /** Wall clock, milliseconds. */
  readonly ms: number;
  /** Peak resident memory, megabytes. */
  readonly peakMb: number;
  /** Processor time of all its threads, milliseconds. */
  readonly cpuMs: number;
  readonly stdout: string;
}

/** Writes the peak of the process that loads it: `--import` of this file's sibling. */
const PEAK = join(import.meta.dirname, 'peak.ts');

export async function measure(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string>; accept?: readonly number[] } = {},
): Promise<Measurement> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const peakFile = join(folder, 'peak');
  try {
    const started = performance.now();
    const { code, stdout, stderr } = await run(args, { ...options, env: { ...options.env, SLUICE_BENCH_PEAK: peakFile } });
    const ms = performance.now() - started;
    if (!(options.accept ?? [0]).includes(code))
      throw new Error(`${args.join(' ')} ended with ${code}:\n${stdout.slice(-2000)}\n${stderr.slice(-2000)}`);
    const [peakMb = 0, cpuMs = 0] = readFileSync(peakFile, 'utf8').split(' ').map(Number);
    return { ms, peakMb, cpuMs, stdout };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> },
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ['--import', PEAK, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exit) => resolve(exit ?? -1));
  });
  return { code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
}

/** The middle one of several measurements. */
export async function median(times: number, work: () => Promise<Measurement>): Promise<Measurement> {
  const all: Measurement[] = [];
  for (let index = 0; index < times; index += 1) all.push(await work());
  const sorted = [...all].sort((a, b) => a.ms - b.ms);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('nothing was measured');
  return { ...middle, peakMb: Math.max(...all.map((each) => each.peakMb)) };
}
