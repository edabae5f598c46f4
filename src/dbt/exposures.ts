/** Syncs as dbt exposures: with them, dbt's lineage goes on beyond the warehouse. */
import { stringify } from 'yaml';

import type { Project, Sync } from '../config/model.ts';

export interface ExposureOptions {
  /** `{sync}` and `{file}` stand for the sync's name and its file. */
  readonly url: string | undefined;
}

/** The YAML of an exposures file: one for each sync that reads a dbt model. */
export function exposuresYaml(project: Pick<Project, 'name'>, syncs: readonly Sync[], options: ExposureOptions): string {
  const exposures = syncs.flatMap((sync) => exposureOf(project.name, sync, options) ?? []);
  return `# Written by \`sluice dbt exposures\`.\n${stringify({ version: 2, exposures }, { lineWidth: 0 })}`;
}

function exposureOf(project: string, sync: Sync, { url }: ExposureOptions): object | undefined {
  const { dbt } = sync.source;
  if (dbt === undefined) return undefined;
  const { connection, object } = sync.destination;
  return {
    // dbt takes letters, digits and underscores.
    name: `sluice_${project}_${sync.name}`.replace(/[^A-Za-z0-9_]/g, '_'),
    label: `${sync.name} (Sluice)`,
    type: 'application',
    ...(url === undefined ? {} : { url: url.replaceAll('{sync}', sync.name).replaceAll('{file}', sync.location.file) }),
    description: sync.description ?? `Sluice writes it to ${object} in ${connection}.`,
    depends_on: [refOf(dbt)],
    owner: ownerOf(sync.owner ?? project),
    meta: { sluice: { project, sync: sync.name, destination: connection, object, fields: sync.fields.map((field) => field.field) } },
    ...(sync.tags.length === 0 ? {} : { tags: sync.tags }),
  };
}

/** `ref('package', 'model', v=2)`. Names of dbt hold no quotation marks. */
function refOf({ name, package: owner, version }: NonNullable<Sync['source']['dbt']>): string {
  const parts = [
    ...(owner === null ? [] : [`'${owner}'`]),
    `'${name}'`,
    ...(version === null ? [] : [`v=${/^\d+$/.test(version) ? version : `'${version}'`}`]),
  ];
  return `ref(${parts.join(', ')})`;
}

/** dbt wants a name or an address. */
function ownerOf(owner: string): { readonly name?: string; readonly email?: string } {
  const [, name, email] = /^(.*?)\s*<([^<>\s]+@[^<>\s]+)>$/.exec(owner) ?? [];
  if (email !== undefined) return name === undefined || name === '' ? { email } : { name, email };
  return /^[^\s@]+@[^\s@]+$/.test(owner) ? { email: owner } : { name: owner };
}
