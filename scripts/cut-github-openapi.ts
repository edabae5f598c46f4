/**
 * Cuts GitHub's OpenAPI description down to the operations of `test/support/github/operations.ts`:
 * `node scripts/cut-github-openapi.ts node_modules/@octokit/openapi/generated/api.github.com.json`.
 * The package is 385 MB, so it is not a dependency: install it elsewhere for a new cut.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { OPERATIONS } from '../test/support/github/operations.ts';

type Json = null | boolean | number | string | readonly Json[] | JsonObject;
interface JsonObject {
  readonly [name: string]: Json;
}

/** Nothing of these says what is valid. */
const PROSE: ReadonlySet<string> = new Set(['description', 'summary', 'examples', 'example', 'externalDocs', 'x-github', 'title', 'tags']);

const source = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as JsonObject;
const components = new Map<string, Json>();

/** Without prose; notes each component that is referred to. Below `properties` every name is a name. */
function cut(value: Json, named = false): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map((each) => cut(each));
  if (typeof value !== 'object' || value === null) return value;
  const object = value as JsonObject;
  const ref = object['$ref'];
  if (typeof ref === 'string') return follow(ref);
  const kept = Object.entries(object).filter(([name]) => named || !PROSE.has(name));
  return Object.fromEntries(kept.map(([name, each]) => [name, cut(each, !named && name === 'properties')]));
}

function follow(ref: string): Json {
  if (!components.has(ref)) {
    components.set(ref, null);
    const target = ref
      .slice(2)
      .split('/')
      .reduce<Json>((at, name) => (at as JsonObject)[name] ?? null, source);
    components.set(ref, cut(target));
  }
  return { $ref: ref };
}

const paths: Record<string, Record<string, Json>> = {};
for (const [method, path] of OPERATIONS) {
  const found = (source['paths'] as JsonObject)[path] as JsonObject;
  paths[path] = { ...paths[path], [method]: cut(found[method] ?? null) };
}
const grouped: Record<string, Record<string, Json>> = {};
for (const [ref, component] of [...components].sort(([a], [b]) => a.localeCompare(b))) {
  const [, kind = '', name = ''] = ref.slice(2).split('/');
  grouped[kind] = { ...grouped[kind], [name]: component };
}
const { version } = source['info'] as JsonObject;
const result = { openapi: source['openapi'], info: { title: 'GitHub REST API, cut', version, license: 'MIT' }, paths, components: grouped };
await writeFile(join(import.meta.dirname, '..', 'test', 'support', 'github', 'openapi.json'), `${JSON.stringify(result)}\n`);
