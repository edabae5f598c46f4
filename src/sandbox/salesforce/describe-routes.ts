/** What there is: versions, resources, objects, fields. */
import type { Call, Route } from './call.ts';
import { summarize } from './describe.ts';
import { json, notFound } from './reply.ts';

const NEWEST = 67;
const OLDEST = 42;

/** `67.0` for `v67.0`; undefined for versions that do not exist. */
export function knownVersion(segment: string): string | undefined {
  const version = /^v(\d{2})\.0$/.exec(segment)?.[1];
  return version !== undefined && Number(version) >= OLDEST && Number(version) <= NEWEST ? `${version}.0` : undefined;
}

/** `[{ label: "Summer '26", url, version }]`, oldest first. Three releases a year; 67.0 is that of summer 2026. */
export function versions(): readonly object[] {
  return Array.from({ length: NEWEST - OLDEST + 1 }, (_, at) => {
    const version = OLDEST + at;
    const year = 26 - Math.floor((NEWEST - version) / 3);
    const season = ['Summer', 'Spring', 'Winter'][(NEWEST - version) % 3] ?? '';
    return { label: `${season} '${year}`, url: `/services/data/v${version}.0`, version: `${version}.0` };
  });
}

const RESOURCES = ['composite', 'jobs', 'limits', 'query', 'queryAll', 'sobjects'];

export const describeRoutes: readonly Route[] = [
  { method: 'GET', path: '', kind: 'versions', handle: (call) => json(resources(call)) },
  { method: 'GET', path: '/sobjects', kind: 'describe', handle: (call) => json(allObjects(call)) },
  { method: 'GET', path: '/sobjects/{object}', kind: 'describe', handle: (call) => json(oneObject(call)) },
  { method: 'GET', path: '/sobjects/{object}/describe', kind: 'describe', handle: (call) => json(wholeObject(call)) },
];

function resources({ root, state, user }: Call): object {
  const identity = `${state.url}/id/${state.org.id}/${user.id}`;
  return { ...Object.fromEntries(RESOURCES.map((name) => [name, `${root}/${name}`])), identity };
}

function allObjects({ root, state, user }: Call): object {
  return { encoding: 'UTF-8', maxBatchSize: 200, sobjects: state.org.tables(user).map((table) => summarize(table, root)) };
}

function oneObject({ params, root, state, user }: Call): object {
  const table = state.org.tables(user).find(({ name }) => name.toLowerCase() === params['object']?.toLowerCase());
  if (table === undefined) throw notFound();
  return { objectDescribe: summarize(table, root), recentItems: [] };
}

function wholeObject({ params, root, state, user }: Call): object {
  const description = state.org.describe(params['object'] ?? '', user, root);
  if (description === undefined) throw notFound();
  return description;
}
