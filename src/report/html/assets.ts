/** The page's own script and style: `templates/report/`, built from `web/report/`. Nothing else may run or style the page. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** Beside `src/` and beside `dist/`. */
const ASSETS = fileURLToPath(new URL('../../../templates/report/', import.meta.url));

export interface Assets {
  readonly script: string;
  readonly style: string;
  /** The content security policy under which only these two, by their hashes, have an effect. */
  readonly policy: string;
}

export async function readAssets(): Promise<Assets> {
  const [script, style] = await Promise.all([readFile(`${ASSETS}page.js`, 'utf8'), readFile(`${ASSETS}page.css`, 'utf8')]);
  return { script, style, policy: policyOf(script, style) };
}

function policyOf(script: string, style: string): string {
  return [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
    // No text can become markup or code, whatever the script does with it.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
