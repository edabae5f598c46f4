/** A sync as YAML, as it is in each of two versions of a project, and the difference between the two as text. */
import { createTwoFilesPatch } from 'diff';
import { stringify } from 'yaml';

import type { Project, Sync } from '../config/model.ts';
import { documentOf, type Property } from './sync-properties.ts';

/** A project before and after. */
export interface Versions {
  readonly base: Project;
  readonly head: Project;
}

/** Names of the connections that a sync reads and writes. */
export function usedBy({ source, destination }: Sync): readonly string[] {
  return [...new Set([source.connection, destination.connection])];
}

/** What the sync comes to: defaults left out, references put in. */
export function yamlOf(sync: Sync, properties: readonly Property[]): string {
  return stringify(documentOf(sync, properties), { lineWidth: 0 });
}

/** Those connections of the sync that differ. */
export function connectionYaml({ base, head }: Versions, project: Project, sync: Sync): string {
  const texts = (of: Project, name: string): string => JSON.stringify([...(of.written?.connections.get(name) ?? [])].map(([path, { text }]) => [path, text]).toSorted()); // prettier-ignore
  const differing = usedBy(sync).filter((name) => texts(base, name) !== texts(head, name));
  return differing
    .map((name) => {
      const values = [...(project.written?.connections.get(name) ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1));
      const shown = values.map(([path, { text, secret }]) => [path, secret ? '(secret)' : text]);
      return `---\n${stringify({ kind: 'Connection', name, ...Object.fromEntries(shown) }, { lineWidth: 0 })}`;
    })
    .join('');
}

/** Without the lines that name files: there are none. */
export function unified(before: string, after: string, name: string): string {
  if (before === after) return '';
  const patch = createTwoFilesPatch(name, name, before, after, undefined, undefined, { context: 2 });
  return patch.slice(patch.indexOf('@@'));
}
