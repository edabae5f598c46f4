/**
 * Builds what the HTML report brings along, `templates/report/`, from `web/report/`: one script and one style that a person
 * can read. `--check` writes nothing and fails when a file is stale.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');

async function bundle(entry: string): Promise<string> {
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    write: false,
    charset: 'utf8',
    format: 'iife',
    target: ['chrome120', 'firefox125', 'safari17'],
    legalComments: 'none',
    banner: { [entry.endsWith('.css') ? 'css' : 'js']: '/* Built from web/report by scripts/build-report-page.ts. */' },
  });
  const text = result.outputFiles[0]?.text ?? '';
  if (/<\/(script|style)/i.test(text)) throw new Error(`${entry} would end the element that holds it`);
  return text;
}

const files = [
  ['web/report/main.ts', 'templates/report/page.js'],
  ['web/report/page.css', 'templates/report/page.css'],
] as const;
const stale: string[] = [];
for (const [from, to] of files) {
  const text = await bundle(from);
  if ((await readFile(join(ROOT, to), 'utf8').catch(() => '')) === text) continue;
  if (process.argv.includes('--check')) stale.push(to);
  else await writeFile(join(ROOT, to), text);
}
if (stale.length > 0) {
  console.error(`stale: ${stale.join(', ')}. Run node scripts/build-report-page.ts.`);
  process.exitCode = 1;
}
