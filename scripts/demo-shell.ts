/** Runs the command line as a child process, shows what a person would see, and holds it to what was promised. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { isDeepStrictEqual, inspect } from 'node:util';

const CLI = join(import.meta.dirname, '..', 'src', 'cli.ts');

export interface Promised {
  /** The exit code. */
  readonly exit: number;
  /** Only for a check: nothing is printed. */
  readonly quiet?: boolean;
  /** Lines to print at most. */
  readonly lines?: number;
}

/** Types one command. Returns what it wrote to stdout; throws when the exit code is not the promised one. */
export async function runSluice(folder: string, args: readonly string[], promised: Promised): Promise<string> {
  const { code, stdout, seen } = await run(folder, args);
  if (promised.quiet !== true) {
    console.log(`\n$ sluice ${args.map((arg) => (/[^\w./:=-]/.test(arg) ? `"${arg}"` : arg)).join(' ')}`);
    console.log(shorten(seen.trimEnd(), promised.lines));
  }
  if (code !== promised.exit) {
    const output = promised.quiet === true ? `\n${seen}` : '';
    throw new Error(`sluice ${args.join(' ')} ended with exit code ${code}, not ${promised.exit}${output}`);
  }
  return stdout;
}

/** Throws unless both are equal. */
export function claim(what: string, actual: unknown, promised: unknown): void {
  if (isDeepStrictEqual(actual, promised)) return;
  const [is, shouldBe] = [actual, promised].map((value) => inspect(value, { depth: 5, breakLength: 140 }));
  throw new Error(`${what} is not what the demo promises\n  is:        ${is}\n  should be: ${shouldBe}`);
}

function shorten(text: string, most: number | undefined): string {
  const lines = text.split('\n');
  if (most === undefined || lines.length <= most) return text;
  return [...lines.slice(0, most), `... ${lines.length - most} more lines`].join('\n');
}

/** `seen`: both streams, as they came. */
async function run(cwd: string, args: readonly string[]): Promise<{ code: number | null; stdout: string; seen: string }> {
  const child = spawn(process.execPath, [CLI, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, seen]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout.push(chunk);
    seen.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => seen.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, stdout: Buffer.concat(stdout).toString(), seen: Buffer.concat(seen).toString() };
}
