/** One record as the org stores it: small enough that a million of them fit into memory. */

/** Which place of a record's array holds which field. Shared by the records of an object; fields get a place when first written. */
export class Slots {
  readonly #places = new Map<string, number>();
  readonly #names: string[] = [];

  placeOf(field: string): number | undefined {
    return this.#places.get(field);
  }

  ensure(field: string): number {
    const known = this.#places.get(field);
    if (known !== undefined) return known;
    this.#places.set(field, this.#names.length);
    this.#names.push(field);
    return this.#names.length - 1;
  }

  get names(): readonly string[] {
    return this.#names;
  }
}

/** When and by whom; `Date` objects and texts would take more room than the rest of the record. */
export interface Stamp {
  /** Seconds since 1970. */
  readonly at: number;
  readonly by: string;
}

export class StoredRecord {
  readonly id: string;
  readonly object: string;
  isDeleted = false;
  readonly created: Stamp;
  modified: Stamp;
  readonly #slots: Slots;
  #values: (string | null)[];

  constructor(object: string, id: string, slots: Slots, created: Stamp) {
    this.object = object;
    this.id = id;
    this.#slots = slots;
    this.created = created;
    this.modified = created;
    this.#values = [];
  }

  /** The stored text of a field: `true`, `24.0`, `2024-03-10T10:00:00.000+0000`; null where nothing is stored. */
  get(field: string): string | null {
    switch (field) {
      case 'Id':
        return this.id;
      case 'IsDeleted':
        return String(this.isDeleted);
      case 'CreatedDate':
        return storedTime(this.created.at);
      case 'CreatedById':
        return this.created.by;
      case 'LastModifiedDate':
      case 'SystemModstamp':
        return storedTime(this.modified.at);
      case 'LastModifiedById':
        return this.modified.by;
      default: {
        const place = this.#slots.placeOf(field);
        return place === undefined ? null : (this.#values[place] ?? null);
      }
    }
  }

  set(field: string, value: string | null): void {
    const place = this.#slots.ensure(field);
    while (this.#values.length < place) this.#values.push(null);
    this.#values[place] = value;
  }

  get systemModstamp(): string {
    return storedTime(this.modified.at);
  }

  /** The stored fields by name, without Id and system fields: a copy. */
  get values(): ReadonlyMap<string, string | null> {
    return new Map(this.#slots.names.map((name) => [name, this.get(name)]));
  }

  /** What takes the record back to how it is now. */
  keep(): () => void {
    const [values, modified, isDeleted] = [[...this.#values], this.modified, this.isDeleted];
    return () => {
      this.#values = values;
      this.modified = modified;
      this.isDeleted = isDeleted;
    };
  }
}

/** `2024-03-10T10:00:00.000+0000` of seconds since 1970. */
export function storedTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('Z', '+0000');
}
