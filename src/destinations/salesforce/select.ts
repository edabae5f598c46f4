/** What a read asks for: the fields of a SELECT, the table they arrive in, and the relation made of it. */
import { canonicalText, canonicalValue, valueOfText } from '../../canonical/canonical.ts';
import { canonicalKey } from '../../canonical/key.ts';
import type { Column, FieldType } from '../../canonical/types.ts';
import { InternalError, UserError } from '../../errors.ts';
import type { LiveRelation, ReadField, ReadRequest } from '../destination.ts';
import { CAPABILITIES } from './capabilities.ts';
import { isSame } from './columns.ts';
import type { Describer } from './describer.ts';
import type { SField, SObject } from './describe.ts';
import { storedAs, typeOf } from './types.ts';

/** One value of each record, in the column `c<i>` of the table that it arrives in. */
export interface Item extends Column {
  /** API names from the object to the value: `['Account', 'Ext__c']`. */
  readonly path: readonly string[];
  /** SQL of its value, from the text of a reply. */
  readonly from: (text: string) => string;
  /** Of a parent that may be one of several objects: the object that is meant. */
  readonly within: string | undefined;
}

/** A request bound to the descriptions of its objects. */
export interface BoundRead {
  readonly object: string;
  readonly items: readonly Item[];
  readonly key: { readonly item: Item; readonly name: string; readonly sfType: string; readonly type: FieldType };
  readonly fields: readonly BoundField[];
  readonly id: Item;
  /** `SELECT Id, Account.Ext__c FROM Contact` */
  readonly soql: string;
  /** It asks for parents in a way that Bulk API 2.0 has no word for. */
  readonly hasTypeOf: boolean;
}

interface BoundField {
  readonly item: Item;
  /** Set for a reference: the item with the key of the record that `item`, an id, points at. */
  readonly parent: { readonly item: Item; readonly type: FieldType } | undefined;
}

export async function bindRead(describer: Describer, request: ReadRequest): Promise<BoundRead> {
  const sobject = await describer.sobject(request.object);
  const [keyName] = request.key;
  if (keyName === undefined || request.key.length > 1) {
    throw new UserError(`records of ${request.object} cannot have a key of ${request.key.length} fields`, {
      hint: 'Salesforce finds a record by one field. Join the parts in the query, and keep them in one external id field.',
    });
  }
  const items = new Items();
  const id = items.add(['Id'], 'id');
  const keyField = fieldOf(sobject, keyName);
  const key = { item: items.add([keyField.name], keyField.type), name: keyField.name, sfType: keyField.type, type: typeOf(keyField).type };
  const fields: BoundField[] = [];
  for (const field of request.fields) fields.push(await bindField({ describer, sobject, items }, field));
  return {
    ...{ object: sobject.name, items: items.all, key, fields, id },
    soql: `SELECT ${selected(items.all).join(', ')} FROM ${sobject.name}`,
    hasTypeOf: items.all.some(({ within }) => within !== undefined),
  };
}

async function bindField(
  { describer, sobject, items }: { describer: Describer; sobject: SObject; items: Items },
  { field: name, reference }: ReadField,
): Promise<BoundField> {
  const field = fieldOf(sobject, name);
  const item = items.add([field.name], field.type);
  if (reference === undefined || isSame(reference.key, 'Id')) return { item, parent: undefined };
  if (field.relationshipName === null) throw new UserError(`${sobject.name}.${field.name} points at no other object`);
  const target = await describer.sobject(reference.object);
  const key = fieldOf(target, reference.key);
  const within = field.referenceTo.length > 1 ? target.name : undefined;
  return { item, parent: { item: items.add([field.relationshipName, key.name], key.type, within), type: typeOf(key).type } };
}

/** A reference goes by two names: its own, and that of the relationship. */
function fieldOf({ name: object, fields }: SObject, name: string): SField {
  const found = fields.find((field) => field.name === name || field.relationshipName === name);
  if (found === undefined) throw new InternalError(`${object} is described without the field ${name}`);
  return found;
}

/** Nothing is asked for twice: SOQL refuses that. */
class Items {
  readonly #items = new Map<string, Item>();

  get all(): readonly Item[] {
    return [...this.#items.values()];
  }

  add(path: readonly string[], sfType: string, within?: string): Item {
    const name = [...path, ...(within === undefined ? [] : [within])].join('.').toLowerCase();
    const { duck, from } = storedAs(sfType);
    const item = this.#items.get(name) ?? { name: `c${this.#items.size}`, type: duck, path, from, within };
    this.#items.set(name, item);
    return item;
  }
}

/** `Id`, `Account.Ext__c`, `TYPEOF What WHEN Account THEN Ext__c END`: one TYPEOF for each relationship. */
function selected(items: readonly Item[]): readonly string[] {
  const chosen = new Map<string, Map<string, string[]>>();
  for (const { path, within } of items) {
    const [relationship = '', field = ''] = path;
    if (within === undefined) continue;
    const whens = chosen.get(relationship) ?? new Map<string, string[]>();
    whens.set(within, [...(whens.get(within) ?? []), field]);
    chosen.set(relationship, whens);
  }
  const plain = items.filter(({ within }) => within === undefined).map(({ path }) => path.join('.'));
  const typeOfs = [...chosen].map(([relationship, whens]) => {
    const branches = [...whens].map(([object, fields]) => ` WHEN ${object} THEN ${fields.join(', ')}`);
    return `TYPEOF ${relationship}${branches.join('')} END`;
  });
  return [...plain, ...typeOfs];
}

/** The records of `table` as `k0`, `f0`.., `remote_id`; of these, only those whose key the table `wanted` has in `k0`. */
export function relationOf(bound: BoundRead, table: string, wanted?: string): LiveRelation {
  const { key, fields, id } = bound;
  const values = fields.map(({ item, parent }) => {
    if (parent === undefined) return { sql: `l.${item.name}`, type: item.type };
    const text = canonicalText(parent.type, canonicalValue(parent.type, { sql: `l.${parent.item.name}`, type: parent.item.type }));
    return { sql: `CASE WHEN l.${item.name} IS NOT NULL THEN coalesce(${text}, '#' || l.${item.name}) END`, type: 'VARCHAR' };
  });
  const select = [`l.${key.item.name} AS k0`, ...values.map(({ sql }, index) => `${sql} AS f${index}`), `l.${id.name} AS remote_id`];
  const own = canonicalKey(key.type, { sql: `l.${key.item.name}`, type: key.item.type }, CAPABILITIES.text);
  const join = wanted === undefined ? '' : ` SEMI JOIN ${wanted} AS w ON ${own} = ${valueOfText(key.type, 'w.k0')}`;
  return {
    columns: [
      { name: 'k0', type: key.item.type },
      ...values.map(({ type }, index) => ({ name: `f${index}`, type })),
      { name: 'remote_id', type: 'VARCHAR' },
    ],
    from: `(SELECT ${select.join(', ')} FROM ${table} AS l${join})`,
  };
}
