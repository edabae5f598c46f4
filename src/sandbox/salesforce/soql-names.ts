/** The names in a query, looked up in the org: objects, fields, and relationships several levels up. */
import type { SObjectDescribe } from './describe.ts';
import type { Org } from './org.ts';
import type { StoredRecord } from './record.ts';
import { renderValue } from './render.ts';
import type { Refusal } from './reply.ts';
import type { FieldDescribe } from './schema.ts';
import type { Named, Path, Query } from './soql-ast.ts';
import { queryRefusal } from './soql-error.ts';
import type { SandboxUser } from './users.ts';

/** What queries need of the org, as one user sees it. */
export interface Records {
  /** Undefined for objects that the user does not see. */
  describe(object: string): SObjectDescribe | undefined;
  /** A record by its 18-character id, whatever its object, deleted or not. */
  record(id: string): StoredRecord | undefined;
  /** All records of an object, deleted ones too, by ascending id. */
  records(object: string): Iterable<StoredRecord>;
  isIndexed(object: string, field: string): boolean;
  /** The records that hold this text in an indexed field, deleted ones too. */
  find(object: string, field: string, text: string): readonly StoredRecord[];
  /** A value as the JSON of an answer. */
  render(record: StoredRecord, field: FieldDescribe): unknown;
}

export function recordsOf(org: Org, user: SandboxUser): Records {
  const described = new Map<string, SObjectDescribe | undefined>();
  const describe = (object: string): SObjectDescribe | undefined => {
    const name = object.toLowerCase();
    if (!described.has(name)) described.set(name, org.describe(object, user));
    return described.get(name);
  };
  return {
    describe,
    record: (id) => org.record(id),
    records: (object) => org.records(object),
    isIndexed: (object, field) => {
      const table = org.tableFor(object, user);
      const known = table.field(field);
      return known !== undefined && table.isIndexed(known);
    },
    find: (object, field, text) => org.find(object, field, text),
    render: (record, field) => renderValue(org.tableFor(record.object, undefined), record, field),
  };
}

/** One step up: the field that holds the id, and what may stand at the other end. */
export interface Step {
  readonly name: string;
  readonly idField: string;
  readonly targets: readonly string[];
}

/** A path that exists. */
export interface Resolved {
  readonly steps: readonly Step[];
  readonly field: FieldDescribe;
  readonly at: number;
}

/** Levels of parents that a path may climb. */
const MAX_LEVELS = 5;
/** What can be asked of a parent that may be one of several objects: the fields of Salesforce's object `Name`. */
const NAME_FIELDS: ReadonlySet<string> = new Set(['Alias', 'Email', 'FirstName', 'Id', 'IsActive', 'LastName', 'Name', 'Phone', 'ProfileId', 'Title', 'Type', 'Username', 'UserRoleId']); // prettier-ignore

const CUSTOM_FIELD_HINT = "If you are attempting to use a custom field, be sure to append the '__c' after the custom field name.";
const CUSTOM_OBJECT_HINT = "If you are attempting to use a custom object, be sure to append the '__c' after the entity name.";
const CUSTOM_RELATIONSHIP_HINT =
  "If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name.";
const WSDL_HINT = 'Please reference your WSDL or the describe call for the appropriate names.';

/** Looks up the names of one query. Every method throws INVALID_TYPE or INVALID_FIELD in Salesforce's words. */
export class Names {
  readonly #records: Records;
  readonly #query: Query;
  readonly root: SObjectDescribe;

  constructor(records: Records, query: Query) {
    this.#records = records;
    this.#query = query;
    this.root = this.object(query.from);
  }

  object({ name, at }: Named): SObjectDescribe {
    const object = this.#records.describe(name);
    if (object?.queryable === true) return object;
    throw this.refusal('INVALID_TYPE', at, `sObject type '${name}' is not supported. ${CUSTOM_OBJECT_HINT} ${WSDL_HINT}`);
  }

  /** A path from the object of FROM, which may be named in front of it. */
  path(path: Path): Resolved {
    return this.pathFrom(this.root, this.#withoutAlias(path));
  }

  pathFrom(start: SObjectDescribe, { names, at }: Path): Resolved {
    const steps: Step[] = [];
    let object: SObjectDescribe | undefined = start;
    for (const name of names.slice(0, -1)) {
      const step: Step = this.step(object, { name, at });
      steps.push(step);
      object = this.#target(step);
    }
    if (steps.length > MAX_LEVELS)
      throw this.refusal('INVALID_FIELD', at, `Maximum number of parent relationships in a path is ${MAX_LEVELS}.`);
    return { steps, field: this.#field(object, { name: names.at(-1) ?? '', at }), at };
  }

  /** A relationship by its name; `object` is undefined where it may be one of several. */
  step(object: SObjectDescribe | undefined, { name, at }: Named): Step {
    const wanted = name.toLowerCase();
    const field = object?.fields.find((each) => each.relationshipName?.toLowerCase() === wanted);
    if (field?.relationshipName !== null && field !== undefined && field.referenceTo.length > 0) {
      return { name: field.relationshipName, idField: field.name, targets: field.referenceTo };
    }
    throw this.refusal(
      'INVALID_FIELD',
      at,
      `Didn't understand relationship '${name}' in field path. ${CUSTOM_RELATIONSHIP_HINT} ${WSDL_HINT}`,
    );
  }

  refusal(code: string, at: number, message: string): Refusal {
    return queryRefusal(code, this.#query.soql, at, message);
  }

  #target(step: Step): SObjectDescribe | undefined {
    const [only, ...others] = step.targets;
    return only === undefined || others.length > 0 ? undefined : this.#records.describe(only);
  }

  #field(object: SObjectDescribe | undefined, { name, at }: Named): FieldDescribe {
    const found = object === undefined ? nameField(name) : object.fields.find((field) => field.name.toLowerCase() === name.toLowerCase());
    if (found !== undefined) return found;
    const entity = object?.name ?? 'Name';
    throw this.refusal('INVALID_FIELD', at, `No such column '${name}' on entity '${entity}'. ${CUSTOM_FIELD_HINT} ${WSDL_HINT}`);
  }

  #withoutAlias(path: Path): Path {
    const [first, ...rest] = path.names;
    if (first === undefined || rest.length === 0) return path;
    const names = [this.#query.alias, this.#query.from.name].map((name) => name?.toLowerCase());
    if (!names.includes(first.toLowerCase())) return path;
    const isRelationship = this.root.fields.some((field) => field.relationshipName?.toLowerCase() === first.toLowerCase());
    return isRelationship ? path : { names: rest, at: path.at };
  }
}

/** A field of the object `Name`: enough of a description to select it and filter by it. */
function nameField(name: string): FieldDescribe | undefined {
  const found = [...NAME_FIELDS].find((each) => each.toLowerCase() === name.toLowerCase());
  if (found === undefined) return undefined;
  const type = /Id$/.test(found) ? 'reference' : found === 'IsActive' ? 'boolean' : 'string';
  return { name: found, type, filterable: true, sortable: true, caseSensitive: false, relationshipName: null, referenceTo: [] } as unknown as FieldDescribe; // prettier-ignore
}
