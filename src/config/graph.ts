/** Which syncs must run before which: a reference needs the record it points at. */
import { type Problem, UserError } from '../errors.ts';
import type { FieldMapping, Project, Sync } from './model.ts';

/** A sync, one that it needs, and the field that says so. */
export interface Dependency {
  readonly sync: Sync;
  readonly parent: Sync;
  readonly field: FieldMapping;
}

/** References to objects that another of these syncs writes, in the same connection. An object may refer to itself. */
export function dependencies(syncs: readonly Sync[]): readonly Dependency[] {
  const writers = Map.groupBy(syncs, (sync) => objectKey(sync, sync.destination.object));
  return syncs.flatMap((sync) =>
    sync.fields.flatMap((field) => {
      if (field.reference === undefined || objectKey(sync, field.reference.object) === objectKey(sync, sync.destination.object)) return [];
      return (writers.get(objectKey(sync, field.reference.object)) ?? []).map((parent) => ({ sync, parent, field }));
    }),
  );
}

/** Identity of an object: connectors differ in whether case matters, and two objects never differ by case alone. */
export function objectKey(sync: Sync, object: string): string {
  return JSON.stringify([sync.destination.connection, object.toLowerCase()]);
}

export interface Ordered {
  /** Parents first; otherwise in the order given. */
  readonly syncs: readonly Sync[];
  /** Dependencies that close a circle, from the first sync back to itself; empty when there is none. */
  readonly cycle: readonly Dependency[];
}

/** Sorts parents before children. Stops at the first circle. */
export function sortByReference(syncs: readonly Sync[]): Ordered {
  const byChild = Map.groupBy(dependencies(syncs), (each) => each.sync);
  const done = new Set<Sync>();
  const visit = (sync: Sync, way: readonly Dependency[]): readonly Dependency[] => {
    if (done.has(sync)) return [];
    for (const each of byChild.get(sync) ?? []) {
      const path = [...way, each];
      const start = path.findIndex((step) => step.sync === each.parent);
      const cycle = start >= 0 ? path.slice(start) : visit(each.parent, path);
      if (cycle.length > 0) return cycle;
    }
    done.add(sync);
    return [];
  };
  for (const sync of syncs) {
    const cycle = visit(sync, []);
    if (cycle.length > 0) return { syncs, cycle };
  }
  return { syncs: [...done], cycle: [] };
}

/**
 * Parents before children, also where one that is not among `syncs` stands between them. Throws a `UserError` that names
 * the circle when there is one.
 */
export function orderSyncs(project: Project, syncs: readonly Sync[]): readonly Sync[] {
  const { syncs: ordered, cycle } = sortByReference(project.syncs);
  if (cycle.length > 0) throw UserError.of([cycleProblem(cycle)]);
  const names = new Set(syncs.map((sync) => sync.name));
  return ordered.filter((sync) => names.has(sync.name));
}

/** What is wrong with a circle, at the reference that closes it. */
export function cycleProblem(cycle: readonly Dependency[]): Problem {
  const last = cycle.at(-1);
  return {
    message: `these syncs refer to each other in a circle: ${cycleText(cycle)}`,
    location: last?.sync.at('fields', last.field.field, 'reference'),
    hint: 'take one of the references into a sync of its own, which runs after the others',
  };
}

/** `contacts -> accounts -> contacts`. */
function cycleText(cycle: readonly Dependency[]): string {
  return [...cycle.map((each) => each.sync.name), cycle[0]?.sync.name ?? ''].join(' -> ');
}
