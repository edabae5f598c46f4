/** What a query returns of each record: as JSON with parents nested, and as the cells of a line of CSV. */
import type { SObjectDescribe } from './describe.ts';
import type { StoredRecord } from './record.ts';
import { renderAttributes } from './render.ts';
import { unknownToSandbox } from './reply.ts';
import type { FieldDescribe } from './schema.ts';
import type { Path, Query, TypeOf } from './soql-ast.ts';
import type { Names, Records, Resolved, Step } from './soql-names.ts';
import { type Getter, getterOf } from './soql-values.ts';

/** The selected fields of one object, and of its parents. Keys keep the order of the query. */
interface Level {
  readonly polymorphic: boolean;
  readonly members: Map<string, FieldDescribe | Parent>;
}

interface Parent {
  readonly step: Step;
  readonly level: Level;
  /** With TYPEOF: what to return of which object; null where no WHEN fits and there is no ELSE. */
  readonly choose: ((object: string) => Level | null) | undefined;
}

export interface Column {
  /** `Account.Name` */
  readonly name: string;
  readonly field: FieldDescribe;
  readonly get: Getter;
}

export class Shape {
  readonly #records: Records;
  readonly #names: Names;
  readonly #top: Level = { polymorphic: false, members: new Map() };
  readonly #resolved: Resolved[] = [];

  /** Throws INVALID_FIELD for names that the org does not have. */
  constructor(records: Records, names: Names, query: Query) {
    this.#records = records;
    this.#names = names;
    for (const item of query.select) {
      if (item.kind === 'typeof') this.#addTypeOf(item);
      else this.#add(this.#top, this.#selectable(names.path(item.path), item.path));
    }
  }

  /** The columns in the order of the query. TYPEOF has none. */
  get columns(): readonly Column[] {
    return this.#resolved.map((resolved) => ({
      name: [...resolved.steps.map(({ name }) => name), resolved.field.name].join('.'),
      field: resolved.field,
      get: getterOf(this.#records, resolved),
    }));
  }

  /** A record as an answer shows it; `root` is `/services/data/v67.0`. */
  json(record: StoredRecord, root: string): Readonly<Record<string, unknown>> {
    return this.#level(this.#top, record, root);
  }

  #level(level: Level, record: StoredRecord, root: string): Readonly<Record<string, unknown>> {
    const result: Record<string, unknown> = { attributes: renderAttributes(record, root) };
    for (const [name, member] of level.members) {
      result[name] = 'step' in member ? this.#parent(member, record, root) : this.#value(level, member, record);
    }
    return result;
  }

  #value({ polymorphic }: Level, field: FieldDescribe, record: StoredRecord): unknown {
    return polymorphic && field.name === 'Type' ? record.object : this.#records.render(record, field);
  }

  #parent({ step, level, choose }: Parent, record: StoredRecord, root: string): unknown {
    const id = record.get(step.idField);
    const parent = id === null ? undefined : this.#records.record(id);
    if (parent === undefined || parent.isDeleted) return null;
    const chosen = choose === undefined ? level : choose(parent.object);
    return chosen === null ? null : this.#level(chosen, parent, root);
  }

  #add(top: Level, resolved: Resolved): void {
    let level = top;
    for (const step of resolved.steps) level = parentOf(level, step);
    if (level.members.has(resolved.field.name)) {
      throw this.#names.refusal('INVALID_FIELD', resolved.at, `duplicate field selected: ${resolved.field.name}`);
    }
    level.members.set(resolved.field.name, resolved.field);
    if (top === this.#top) this.#resolved.push(resolved);
  }

  #addTypeOf({ relationship, whens, otherwise }: TypeOf): void {
    const step = this.#names.step(this.#names.root, relationship);
    if (step.targets.length < 2) {
      throw this.#names.refusal('INVALID_FIELD', relationship.at, `TYPEOF needs a polymorphic relationship, and '${step.name}' is none`);
    }
    if (this.#top.members.has(step.name)) {
      throw this.#names.refusal('INVALID_FIELD', relationship.at, `duplicate field selected: ${step.name}`);
    }
    const levels = new Map(
      whens.map(({ object, fields }) => [...this.#branch(step, this.#names.object(object), object.at, fields)] as const),
    );
    const fallback = otherwise === undefined ? null : this.#elseLevel(otherwise, step);
    const choose = (object: string): Level | null => levels.get(object) ?? fallback;
    this.#top.members.set(step.name, { step, level: { polymorphic: true, members: new Map() }, choose });
  }

  #branch(step: Step, object: SObjectDescribe, at: number, fields: readonly Path[]): readonly [string, Level] {
    if (!step.targets.includes(object.name)) {
      throw this.#names.refusal('INVALID_TYPE', at, `'${step.name}' does not refer to objects of type '${object.name}'`);
    }
    const level: Level = { polymorphic: false, members: new Map() };
    for (const path of fields) this.#add(level, this.#selectable(this.#names.pathFrom(object, path), path));
    return [object.name, level];
  }

  /** ELSE knows what all objects have in common: the fields of `Name`. */
  #elseLevel(fields: readonly Path[], step: Step): Level {
    const level: Level = { polymorphic: true, members: new Map() };
    for (const { names, at } of fields) {
      const { steps, field } = this.#names.path({ names: [step.name, ...names], at });
      this.#add(level, { steps: steps.slice(1), field, at });
    }
    return level;
  }

  #selectable(resolved: Resolved, { names }: Path): Resolved {
    const { type } = resolved.field;
    if (type === 'location' || type === 'base64') throw unknownToSandbox(`fields of type ${type}: ${names.join('.')}`);
    return resolved;
  }
}

function parentOf(level: Level, step: Step): Level {
  const known = level.members.get(step.name);
  if (known !== undefined && 'step' in known) return known.level;
  const parent: Parent = { step, level: { polymorphic: step.targets.length > 1, members: new Map() }, choose: undefined };
  level.members.set(step.name, parent);
  return parent.level;
}
