/** `sluice describe`: what both ends of a sync look like, and how the mapping lands. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { EXIT } from '../errors.ts';
import { renderInspection } from '../report/describe-text.ts';
import { problemDocument } from '../report/json.ts';
import { listArgument } from './arguments.ts';
import { type Inspection, inspectSync } from './inspect.ts';
import type { Invocation } from './invocation.ts';
import { openProject } from './project.ts';
import type { Shell } from './shell.ts';
import { SNAPSHOT_FORMAT, SNAPSHOTS } from '../rehearsal/snapshot.ts';

export async function describe(shell: Shell, { args, options }: Invocation): Promise<number> {
  const { project, syncs } = await openProject(shell, { names: listArgument(args[0]), secrets: 'syncs' });
  const inspections: Inspection[] = [];
  for (const sync of syncs) inspections.push(await inspectSync(shell, project, sync));
  if (shell.options.json) await shell.printJson({ syncs: inspections.map((each) => inspectionDocument(each)) });
  else await shell.print(inspections.map((each) => renderInspection(each, shell.paint)).join('\n'));
  if (options.save === true) await saveAll(shell, project.dir, inspections);
  return inspections.some((each) => each.problems.length > 0) ? EXIT.error : EXIT.ok;
}

/** Only what both ends could say: half a snapshot would make tests lie. */
async function saveAll(shell: Shell, dir: string, inspections: readonly Inspection[]): Promise<void> {
  const folder = join(dir, SNAPSHOTS);
  await mkdir(folder, { recursive: true });
  for (const each of inspections) {
    if (each.columns === null || each.schema === null) continue;
    const snapshot = { format_version: SNAPSHOT_FORMAT, sync: each.sync.name, source: { columns: each.columns }, destination: each.schema };
    await writeFile(join(folder, `${each.sync.name}.json`), `${JSON.stringify(snapshot, null, 2)}\n`);
    shell.tell(`Saved ${SNAPSHOTS}/${each.sync.name}.json`);
  }
}

function inspectionDocument({ sync, columns, billed, schema, bound, identity, problems }: Inspection): Readonly<Record<string, unknown>> {
  return {
    name: sync.name,
    source: { connection: sync.source.connection, columns, key: sync.source.key, bytes_billed: billed },
    destination: {
      connection: sync.destination.connection,
      object: sync.destination.object,
      identity,
      key: sync.destination.key,
      fields: schema?.fields ?? null,
    },
    mapping: (bound?.fields ?? []).map((field) => ({
      field: field.name,
      from: field.raw.type,
      to: field.schema.nativeType,
      sensitive: field.sensitive,
    })),
    problems: problems.map((problem) => problemDocument(problem)),
  };
}
