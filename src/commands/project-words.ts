/** Names in a project, without loading it: for completion, which must be quick and needs no secrets. */
import { type ProjectFiles, readProjectFiles } from '../config/files.ts';
import { mapAt, textAt } from '../config/nodes.ts';

/** Each list is read when it is asked for, and empty where there is no project: completion then offers and says nothing. */
export interface ProjectWords {
  readonly syncs: () => Promise<readonly string[]>;
  readonly environments: () => Promise<readonly string[]>;
}

export function projectWords(dir: string, cwd: string): ProjectWords {
  const read = async (words: (files: ProjectFiles) => readonly (string | undefined)[]): Promise<readonly string[]> => {
    const files = await readProjectFiles(dir, cwd).catch(() => undefined);
    return files === undefined
      ? []
      : words(files)
          .filter((word) => word !== undefined)
          .toSorted();
  };
  return {
    syncs: () => read(({ documents }) => documents.Sync.map((document) => textAt(document.root, 'name'))),
    environments: () =>
      read(({ documents }) => documents.Project.flatMap(({ root }) => [...(mapAt(root, 'environments')?.entries.keys() ?? [])])),
  };
}
