/**
 * Packs the built package, unpacks it beside its declared dependencies in an empty folder, and uses it there as a user
 * does: `sluice init`, `plan`, `apply`, and an `import` of the library. Run `npm run build` first.
 */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const folder = await mkdtemp(join(tmpdir(), 'sluice-package-'));

try {
  const modules = join(folder, 'node_modules');
  await unpack(modules);
  const sluice = join(modules, 'sluice', 'dist', 'cli.js');
  run(sluice, ['init']);
  run(sluice, ['validate']);
  run(sluice, ['plan', '--detailed-exitcode'], 2);
  run(sluice, ['plan', '--out', 'plan.duckdb']);
  run(sluice, ['show', 'plan.duckdb', '--format', 'html', '--out', 'plan.html']);
  run(sluice, ['apply', '--yes']);
  run(sluice, ['plan', '--detailed-exitcode'], 0);
  run(sluice, ['schema', 'sync']);
  run(process.execPath, [
    '--input-type=module',
    '--eval',
    "const all = await import('sluice'); if (Object.keys(all).length === 0) process.exit(1)",
  ]);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function unpack(modules: string): Promise<void> {
  await mkdir(modules);
  run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder, ROOT]);
  const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    readonly version: string;
    readonly dependencies: Readonly<Record<string, string>>;
  };
  run('tar', ['-xzf', `sluice-${manifest.version}.tgz`]);
  run('mv', ['package', join(modules, 'sluice')]);
  // Only what the package declares: an import of a development dependency fails here.
  for (const name of Object.keys(manifest.dependencies)) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), join(modules, name));
  }
}

function run(command: string, args: readonly string[], exitCode = 0): void {
  const result = spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
  if (result.status === exitCode) return;
  const why = result.error?.message ?? `${result.stdout}${result.stderr}`;
  throw new Error(`in an empty folder, ${command} ${args.join(' ')} ended with ${String(result.status)}, not ${exitCode}\n${why}`);
}
