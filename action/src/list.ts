/** The syncs as groups that may be applied side by side: syncs that refer to each other's records stay together. */
import * as core from '@actions/core';

import { documentOf, type LsDocument } from './documents.ts';
import { type Job, selection } from './job.ts';
import { annotate } from './problems.ts';

/** GitHub runs at most so many jobs of one matrix. */
const JOBS = 256;

export async function list(job: Job): Promise<void> {
  const read = documentOf<LsDocument>(await job.sluice(['ls', '--json', ...selection(job.inputs), ...changed(job)]));
  if ('problems' in read) {
    annotate(read.problems);
    core.setFailed('the project is not valid');
    return;
  }
  const groups = packed(groupsOf(read.document.syncs)).map((group) => group.join(' '));
  core.info(groups.join('\n'));
  core.setOutput('groups', JSON.stringify(groups));
}

/** After a push: what the push changed. Everything else waits for its schedule. */
function changed({ run, inputs: { base } }: Job): readonly string[] {
  const before = base === 'auto' ? run.before : base === 'none' ? undefined : base;
  return before === undefined ? [] : ['--select', 'modified', '--base', before];
}

/** Syncs that are connected by references, directly or around a corner. In order of their names. */
export function groupsOf(syncs: LsDocument['syncs']): readonly (readonly string[])[] {
  const leader = new Map(syncs.map(({ name }) => [name, name]));
  const leaderOf = (name: string): string => {
    const above = leader.get(name) ?? name;
    return above === name ? name : leaderOf(above);
  };
  for (const { name, needs } of syncs) {
    for (const parent of needs.filter((each) => leader.has(each))) leader.set(leaderOf(name), leaderOf(parent));
  }
  return [...Map.groupBy(syncs, ({ name }) => leaderOf(name)).values()].map((group) => group.map(({ name }) => name));
}

/** No more groups than there may be jobs. */
function packed(groups: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const size = Math.ceil(groups.length / JOBS);
  return Array.from({ length: Math.ceil(groups.length / size) || 0 }, (_, index) => groups.slice(index * size, (index + 1) * size).flat());
}
