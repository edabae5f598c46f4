/** `npm run build`: `src/` becomes `dist/`, and the command line becomes executable. */
import { spawnSync } from 'node:child_process';
import { access, chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const DIST = join(ROOT, 'dist');

await rm(DIST, { recursive: true, force: true });
const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const result = spawnSync(process.execPath, [compiler, '-p', join(ROOT, 'tsconfig.build.json')], { stdio: 'inherit' });
if (result.status !== 0) process.exit(result.status ?? 1);

const cli = join(DIST, 'cli.js');
await access(cli);
await chmod(cli, 0o755);
