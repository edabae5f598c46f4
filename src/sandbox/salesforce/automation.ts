/** What an administrator sets up for an object, and what Salesforce itself derives when a record is stored. */
import type { StoredRecord } from './record.ts';
import type { Table } from './table.ts';

/** Stored texts by field name. */
export type Values = Readonly<Record<string, string | null>>;
/** What a workflow makes of a record that is about to be stored: the fields to change, as stored texts. */
export type Workflow = (values: Values) => Values;
/** The message of a validation rule that a record breaks; undefined: it is fine. */
export type Rule = (values: Values) => string | undefined;

export class Automation {
  /** Of a duplicate rule; empty: there is none. */
  duplicateFields: readonly string[] = [];
  /** Of an assignment rule: the id of the user who gets new records. */
  owner: string | undefined;
  /** Id of that rule. */
  rule: string | undefined;
  readonly #workflows: Workflow[] = [];
  readonly #rules: Rule[] = [];

  addWorkflow(workflow: Workflow): void {
    this.#workflows.push(workflow);
  }

  addRule(rule: Rule): void {
    this.#rules.push(rule);
  }

  runWorkflows(record: StoredRecord): void {
    for (const workflow of this.#workflows) {
      for (const [field, value] of Object.entries(workflow(Object.fromEntries(record.values)))) record.set(field, value);
    }
  }

  /** The message of the first rule that the record breaks. */
  brokenRule(record: StoredRecord): string | undefined {
    for (const rule of this.#rules) {
      const message = rule(Object.fromEntries(record.values));
      if (message !== undefined) return message;
    }
    return undefined;
  }

  /** Whether a duplicate rule finds another live record. Looks at all of them. */
  findsDuplicate(table: Table, record: StoredRecord): boolean {
    const names = this.duplicateFields;
    if (names.length === 0) return false;
    const same = (other: StoredRecord): boolean => names.every((name) => other.get(name) === record.get(name));
    return table.records.values().some((other) => other.id !== record.id && !other.isDeleted && same(other));
  }
}

/** Fields that follow from others: the name of a person, the address of a picture. */
export function derive(table: Table, record: StoredRecord): void {
  const name = table.field('Name');
  if (name !== undefined && !name.createable && table.field('LastName') !== undefined) {
    const parts = [record.get('FirstName'), record.get('LastName')].filter((part) => part !== null);
    record.set('Name', parts.join(' '));
  }
  if (table.field('PhotoUrl') !== undefined) record.set('PhotoUrl', `/services/images/photo/${record.id}`);
}
