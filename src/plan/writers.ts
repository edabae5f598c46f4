/** One writer for each field, also where an object goes by several names or several connections lead to one system. */
import type { Sync } from '../config/model.ts';
import { writersProblem } from '../config/writers.ts';
import type { ObjectSchema } from '../destinations/destination.ts';
import type { Problem } from '../errors.ts';

/** The syncs that were met so far, by the object that they write. */
export class Writers {
  readonly #syncs = new Map<string, readonly Sync[]>();

  /** What is wrong with this sync beside the earlier ones. `identity`: what `identify()` of the destination says. */
  add(sync: Sync, identity: string, { object, qualifiedName = object.toLowerCase() }: ObjectSchema): readonly Problem[] {
    const place = JSON.stringify([identity, qualifiedName]);
    const others = this.#syncs.get(place) ?? [];
    this.#syncs.set(place, [...others, sync]);
    return others.flatMap((other) => writersProblem(sync, other) ?? []);
  }
}
