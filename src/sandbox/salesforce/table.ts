/** The records of one object, and the ways to find them: by id, and by the fields that may be keys. */
import { describeField } from './describe-field.ts';
import { makeId } from './ids.ts';
import { withSystemFields } from './objects.ts';
import { Slots, type Stamp, StoredRecord } from './record.ts';
import type { FieldDescribe, ObjectDef } from './schema.ts';

export class Table {
  readonly name: string;
  readonly keyPrefix: string;
  readonly slots = new Slots();
  readonly records = new Map<string, StoredRecord>();
  #def: ObjectDef;
  #fields = new Map<string, FieldDescribe>();
  #unique: readonly FieldDescribe[] = [];
  #required: readonly FieldDescribe[] = [];
  #defaults: readonly (readonly [string, string])[] = [];
  #indexes = new Map<string, Map<string, string | readonly string[]>>();
  #ids = 0;

  constructor(name: string, keyPrefix: string, def: ObjectDef) {
    this.name = name;
    this.keyPrefix = keyPrefix;
    this.#def = withSystemFields(name, def);
    this.#read();
  }

  get def(): ObjectDef {
    return this.#def;
  }

  /** In the order of `describe`. */
  get fields(): Iterable<FieldDescribe> {
    return this.#fields.values();
  }

  get uniqueFields(): readonly FieldDescribe[] {
    return this.#unique;
  }

  /** Fields that may not be empty, of those that can be written. */
  get requiredFields(): readonly FieldDescribe[] {
    return this.#required;
  }

  /** Stored texts of a new record before anything is written to it, but its owner. */
  get defaults(): readonly (readonly [string, string])[] {
    return this.#defaults;
  }

  /** Field names tell no cases apart. */
  field(name: string): FieldDescribe | undefined {
    return this.#fields.get(name.toLowerCase());
  }

  /** By the name of a relationship: `Owner`, `Plan__r`. */
  relationship(name: string): FieldDescribe | undefined {
    const wanted = name.toLowerCase();
    for (const field of this.#fields.values()) if (field.relationshipName?.toLowerCase() === wanted) return field;
    return undefined;
  }

  /** Adds fields, or gives fields that are there another definition. */
  extend(def: Partial<ObjectDef>): void {
    this.#def = { ...this.#def, ...def, fields: { ...this.#def.fields, ...def.fields } };
    this.#read();
  }

  #read(): void {
    this.#fields = new Map(Object.entries(this.#def.fields).map(([name, def]) => [name.toLowerCase(), describeField(name, def)]));
    const keys = [...this.#fields.values()].filter((field) => field.type !== 'id' && (field.externalId || field.unique || field.idLookup));
    this.#unique = keys.filter((field) => field.unique);
    this.#required = [...this.#fields.values()].filter((field) => !field.nillable && field.createable && field.type !== 'boolean');
    this.#defaults = [...this.#fields.values()].flatMap((field) => defaultOf(field));
    this.#indexes = new Map(keys.map((field) => [field.name, new Map<string, string | readonly string[]>()]));
    for (const record of this.records.values()) this.enter(record);
  }

  /** How many ids were given out. */
  get ids(): number {
    return this.#ids;
  }

  /** New ids begin behind this many. */
  skipIds(ids: number): void {
    this.#ids = Math.max(this.#ids, ids);
  }

  /** A new record that is not yet among the {@link records}. */
  make(stamp: Stamp): StoredRecord {
    this.#ids += 1;
    return new StoredRecord(this.name, makeId(this.keyPrefix, this.#ids), this.slots, stamp);
  }

  /** A record that a file kept; without its values. */
  load(id: string, created: Stamp): StoredRecord {
    const record = new StoredRecord(this.name, id, this.slots, created);
    this.records.set(id, record);
    return record;
  }

  /** Whether {@link find} need not look at every record. */
  isIndexed(field: FieldDescribe): boolean {
    return field.type === 'id' || this.#indexes.has(field.name);
  }

  /** Records that are not in the bin, by the value of a field. */
  findLive(field: FieldDescribe, value: string): readonly StoredRecord[] {
    return this.find(field, value).filter((record) => !record.isDeleted);
  }

  /** Records by the value of a field, also those in the bin; through an index where the field has one. */
  find(field: FieldDescribe, value: string): readonly StoredRecord[] {
    if (field.type === 'id') return [this.records.get(value)].filter((record) => record !== undefined);
    const index = this.#indexes.get(field.name);
    if (index === undefined) return this.#scan(field, value);
    const ids = index.get(keyOf(field, value)) ?? [];
    return (typeof ids === 'string' ? [ids] : ids).map((id) => this.records.get(id)).filter((record) => record !== undefined);
  }

  /** Makes a record findable. */
  enter(record: StoredRecord): void {
    for (const [name, index] of this.#indexes) {
      const value = record.get(name);
      if (value === null) continue;
      const key = keyOf(this.#known(name), value);
      const ids = index.get(key);
      index.set(key, ids === undefined ? record.id : [ids, record.id].flat());
    }
  }

  /** The opposite of {@link enter}; before its values change. */
  leave(record: StoredRecord): void {
    for (const [name, index] of this.#indexes) {
      const value = record.get(name);
      if (value === null) continue;
      const key = keyOf(this.#known(name), value);
      const rest = [index.get(key) ?? []].flat().filter((id) => id !== record.id);
      if (rest.length === 0) index.delete(key);
      else index.set(key, rest.length === 1 ? (rest[0] ?? rest) : rest);
    }
  }

  #known(name: string): FieldDescribe {
    const field = this.field(name);
    if (field === undefined) throw new Error(`no field ${name}`);
    return field;
  }

  #scan(field: FieldDescribe, value: string): readonly StoredRecord[] {
    const wanted = keyOf(field, value);
    return [...this.records.values()].filter((record) => keyOf(field, record.get(field.name) ?? '') === wanted);
  }
}

function defaultOf(field: FieldDescribe): readonly (readonly [string, string])[] {
  if (field.name === 'IsDeleted') return [];
  const value = field.defaultValue ?? field.picklistValues.find((each) => each.defaultValue)?.value ?? null;
  return value === null ? [] : [[field.name, String(value)]];
}

const NUMBERS: ReadonlySet<string> = new Set(['int', 'double', 'currency', 'percent']);

/** Values that are equal as keys: numbers as numbers; cases are told apart only where the field says so. */
export function keyOf(field: FieldDescribe, value: string): string {
  if (value !== '' && NUMBERS.has(field.type)) return String(Number(value));
  return field.caseSensitive || field.type === 'id' || field.type === 'reference' ? value : value.toLowerCase();
}
