/** What the documents say beside their syncs, as text: what two versions of a project are compared by (`git/compare.ts`). */
import { shownPath } from './files.ts';
import { isMarked } from './marked.ts';
import type { WrittenValue } from './model.ts';
import { locate, type MapNode, mapScalars, type Path, type ScalarNode, without } from './nodes.ts';
import type { ChosenProject } from './project.ts';
import type { Schema } from './schemas.ts';

const UNCOMPARED = ['kind', 'name', 'description'];

/** A connection's properties by their dotted paths; paths of files as seen from `cwd`. */
export function writtenConnection(root: MapNode, schema: Schema, cwd: string): ReadonlyMap<string, WrittenValue> {
  return writtenValues(root, (scalar, path) => {
    // What stands for the environment is no secret: it is a name.
    if (scalar.unresolved === true) return { text: scalar.text, secret: false };
    const text = isMarked(schema, path, 'x-path') ? shownPath(cwd, scalar.text) : scalar.text;
    return { text, secret: isMarked(schema, path, 'x-secret') };
  });
}

function writtenValues(
  root: MapNode,
  value: (scalar: ScalarNode, path: Path) => Omit<WrittenValue, 'location'>,
): ReadonlyMap<string, WrittenValue> {
  const found = new Map<string, WrittenValue>();
  mapScalars(without(root, UNCOMPARED), [], (scalar, path) => {
    found.set(path.join('.'), { ...value(scalar, path), location: scalar.location });
    return scalar;
  });
  return found;
}

/** The project's `vars` by name, with the text that each stands for. */
export function writtenVariables({ root }: ChosenProject, texts: Readonly<Record<string, string>>): ReadonlyMap<string, WrittenValue> {
  const at = (name: string): Path => ['vars', name];
  return new Map(Object.entries(texts).map(([name, text]) => [name, { text, secret: false, location: locate(root, at(name)) }]));
}

/** The project's `guards` and `state`, as the environment leaves them. */
export function writtenDefaults({ root }: ChosenProject): ReadonlyMap<string, WrittenValue> {
  const both = new Map(['guards', 'state'].flatMap((name) => {
    const entry = root.entries.get(name);
    return entry === undefined ? [] : [[name, entry] as const];
  })); // prettier-ignore
  return writtenValues({ ...root, entries: both }, (scalar, path) => ({
    text: scalar.text,
    secret: path.join('.') === 'state.key' && !scalar.text.includes('${env.'),
  }));
}
