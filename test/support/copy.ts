/** A project that was made once, again in a folder of its own: state names its destination relative to itself. */
import { cp, mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { TestProject } from './project.ts';

export async function copyOf(template: TestProject): Promise<TestProject> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'sluice-e2e-')));
  await cp(template.root, root, { recursive: true });
  return new TestProject(root, {});
}
