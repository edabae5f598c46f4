/** The objects of an org and their records: what there is, and how to find it. */
import { describeObject, type SObjectDescribe } from './describe.ts';
import { KEYED_OBJECTS, SANDBOX_KEY, STANDARD_OBJECTS } from './objects.ts';
import { noSuchColumn } from './parse-row.ts';
import type { StoredRecord } from './record.ts';
import { Refusal } from './reply.ts';
import type { FieldDescribe, ObjectDef } from './schema.ts';
import { Table } from './table.ts';
import type { SandboxUser } from './users.ts';

export class Catalogue {
  readonly #tables = new Map<string, Table>();
  readonly #byPrefix = new Map<string, Table>();
  #custom = 0;

  /** The objects of a new org. */
  constructor() {
    for (const [object, def] of Object.entries(STANDARD_OBJECTS)) this.define(object, def);
    for (const object of KEYED_OBJECTS) this.define(object, { fields: SANDBOX_KEY });
  }

  /** A new object, or more fields for one that is there. */
  define(object: string, def: ObjectDef): void {
    const known = this.table(object);
    if (known !== undefined) {
      known.extend(def);
      return;
    }
    const table = new Table(object, def.keyPrefix ?? this.#nextPrefix(), def);
    this.#tables.set(object.toLowerCase(), table);
    this.#byPrefix.set(table.keyPrefix, table);
  }

  #nextPrefix(): string {
    let prefix: string;
    do {
      this.#custom += 1;
      prefix = `a${this.#custom.toString(36).padStart(2, '0')}`;
    } while (this.#byPrefix.has(prefix));
    return prefix;
  }

  /** Object names tell no cases apart. */
  table(object: string): Table | undefined {
    return this.#tables.get(object.toLowerCase());
  }

  tables(user?: SandboxUser): readonly Table[] {
    return [...this.#tables.values()].filter((table) => user?.sees(table.name) !== false);
  }

  /** Throws `Refusal` where the user sees no such object. */
  tableFor(object: string, user: SandboxUser | undefined): Table {
    const table = this.table(object);
    if (table === undefined || user?.sees(table.name) === false) {
      throw new Refusal(400, 'INVALID_TYPE', `sObject type '${object}' is not supported.`);
    }
    return table;
  }

  describe(object: string, user?: SandboxUser, root = '/services/data/v67.0'): SObjectDescribe | undefined {
    const table = this.table(object);
    if (table === undefined || user?.sees(table.name) === false) return undefined;
    return describeObject(table, this.tables(user), user, root);
  }

  /** All records of an object, also those in the recycle bin. */
  records(object: string): Iterable<StoredRecord> {
    return this.tableFor(object, undefined).records.values();
  }

  /** A record by its id of 18 characters, also one in the recycle bin. */
  record(id: string): StoredRecord | undefined {
    return this.#byPrefix.get(id.slice(0, 3))?.records.get(id);
  }

  /** The object that an id belongs to, by its first three characters. */
  objectOf(id: string): string | undefined {
    return this.#byPrefix.get(id.slice(0, 3))?.name;
  }

  /** Fields by name. Throws `Refusal` for one that the user does not see. */
  visibleFields(table: Table, user: SandboxUser, names: readonly string[]): readonly FieldDescribe[] {
    return names.map((name) => {
      const field = table.field(name.trim());
      if (field === undefined || !user.seesField(table.name, field.name)) throw noSuchColumn(name, table.name);
      return field;
    });
  }

  /** Records by a field's stored value, also those in the recycle bin: at once where the field may be a key, else by looking at all. */
  find(object: string, field: string, value: string): readonly StoredRecord[] {
    const table = this.tableFor(object, undefined);
    const known = table.field(field);
    if (known === undefined) throw new Error(`${object} has no field ${field}`);
    return table.find(known, value);
  }

  /** Whether {@link find} by this field need not look at every record. */
  isIndexed(object: string, field: string): boolean {
    const table = this.tableFor(object, undefined);
    const known = table.field(field);
    return known !== undefined && table.isIndexed(known);
  }

  /** How many records an object has, with those in the recycle bin. */
  count(object: string): number {
    return this.tableFor(object, undefined).records.size;
  }

  /** Removes one record for good. */
  forget(record: StoredRecord): void {
    const table = this.tableFor(record.object, undefined);
    table.leave(record);
    table.records.delete(record.id);
  }
}
