/** What the documents say beside their syncs, as text: what two versions of a project are compared by (`git/compare.ts`). */
import type { Location } from '../errors.ts';
import { shownPath } from './files.ts';
import { isMarked } from './marked.ts';
import { DEFAULT_STATE_NAME, type StateConfig, type WrittenValue } from './model.ts';
import { locate, mapAt, type MapNode, mapScalars, type Path, type ScalarNode, textAt, without } from './nodes.ts';
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

/**
 * The project's name, and its `guards` and `state`, as the environment leaves them. Of the state what it comes to counts, written out or not:
 * variables are put in, its path is as seen from `cwd`.
 */
export function writtenDefaults({ root, document }: ChosenProject, state: StateConfig, cwd: string): ReadonlyMap<string, WrittenValue> {
  const guards = root.entries.get('guards');
  const found = writtenValues({ ...root, entries: new Map(guards === undefined ? [] : [['guards', guards]]) }, ({ text }) => ({
    text,
    secret: false,
  }));
  const places = Object.entries(statePlace(state, cwd)).flatMap(([name, text]) => (text === undefined ? [] : [{ name, text }]));
  const location = (name: string): Location =>
    mapAt(root, 'state') === undefined ? document.root.location : locate(root, ['state', name]);
  const written = places.map(({ name, text }) => {
    const secret = name === 'key' && !text.includes('${env.');
    return [`state.${name}`, { text, secret, location: location(name) }] as const;
  });
  const name = { text: textAt(root, 'name') ?? '', secret: false, location: locate(root, ['name']) };
  return new Map([['name', name], ...found, ...written]);
}

/** Of tables in a connection only another name than the usual one is worth a word. */
function statePlace(state: StateConfig, cwd: string): Readonly<Record<string, string | undefined>> {
  if (state.type === 'local') return { path: shownPath(cwd, state.path), key: state.key };
  const { connection, key } = state;
  const [schema, dataset] = [state.schema, state.dataset].map((name) => (name === DEFAULT_STATE_NAME ? undefined : name));
  return { connection, schema, dataset, key };
}
