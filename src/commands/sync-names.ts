/** Names of a project's syncs without loading the project: for completion, which must be quick and needs no secrets. */
import { readProjectFiles } from '../config/files.ts';
import { textAt } from '../config/nodes.ts';

/** Empty where there is no project to read: completion then offers nothing, and says nothing. */
export async function syncNames(dir: string, cwd: string): Promise<readonly string[]> {
  const files = await readProjectFiles(dir, cwd).catch(() => undefined);
  const names = files?.documents.Sync.map((document) => textAt(document.root, 'name')) ?? [];
  return names.filter((name) => name !== undefined).toSorted();
}
