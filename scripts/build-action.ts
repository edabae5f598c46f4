/** `action/src/` becomes `action/index.js`, the one file that GitHub's runner starts; `--check` compares only. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { build, type Plugin } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');
const BUNDLE = join(ROOT, 'action', 'index.js');

/** Where the file comes from, with the license of the code of others in it. */
async function banner(): Promise<string> {
  const license = await readFile(join(ROOT, 'node_modules', '@actions', 'core', 'LICENSE.md'), 'utf8');
  const lines = [
    'Made by `npm run generate` from action/src/. Do not edit.',
    'It holds @actions/core:',
    '',
    ...license.trim().split(/\r?\n/),
  ];
  return lines.map((line) => `// ${line}`.trimEnd()).join('\n');
}

/** Parts of @actions/core that ask for identity tokens and run programs. Unused, and 750 KB with what they bring along. */
const leaveOut: Plugin = {
  name: 'leave-out',
  setup: (steps) => {
    steps.onResolve({ filter: /^(\.\/oidc-utils\.js|@actions\/exec)$/ }, ({ path }) => ({ path, namespace: 'left-out' }));
    steps.onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({
      contents: 'export class OidcClient {}\nexport const getExecOutput = undefined;\n',
    }));
  },
};

/** The text of `action/index.js`. */
export async function bundleAction(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, 'action', 'src', 'main.ts')],
    absWorkingDir: ROOT,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    legalComments: 'none',
    banner: { js: await banner() },
    plugins: [leaveOut],
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

if (process.argv[1] === import.meta.filename) {
  const text = await bundleAction();
  const stale = (await readFile(BUNDLE, 'utf8').catch(() => '')) !== text;
  if (stale && process.argv.includes('--check')) {
    process.stderr.write('action/index.js is stale: npm run generate\n');
    process.exitCode = 1;
  } else if (stale) {
    await writeFile(BUNDLE, text);
    process.stdout.write('wrote action/index.js\n');
  }
}
