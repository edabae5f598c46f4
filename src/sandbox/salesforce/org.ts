/** The org: who works in it, what is written, and the automation that people set up. */
import { Automation, type Rule, type Workflow } from './automation.ts';
import { Catalogue } from './catalogue.ts';
import type { Row } from './parse-row.ts';
import type { Stamp } from './record.ts';
import type { SandboxSchema } from './schema.ts';
import { createUser, type SandboxUser, type UserOptions } from './users.ts';
import { writeRows } from './write.ts';
import type { WriteOp, WriteOptions, WriteResult } from './write-result.ts';

export interface OrgOptions {
  readonly now: () => number;
  readonly user?: UserOptions | undefined;
  /** Objects and fields beyond the standard ones. */
  readonly schema?: SandboxSchema;
}

const ORG_ID = '00DSB0000000001MAA';

export class Org extends Catalogue {
  readonly id = ORG_ID;
  /** Whether an upsert on the key of a record in the recycle bin is refused with ENTITY_IS_DELETED; otherwise it creates anew. */
  binHoldsKeys = false;
  readonly now: () => number;
  /** Who signs in, unless a test adds others. */
  readonly user: SandboxUser;
  readonly #users: SandboxUser[] = [];
  readonly #automation = new Map<string, Automation>();
  #stamp: Stamp = { at: 0, by: '' };

  constructor(options: OrgOptions) {
    super();
    this.now = options.now;
    for (const [object, def] of Object.entries(options.schema ?? {})) this.define(object, def);
    this.user = this.addUser(options.user ?? {});
  }

  addUser(options: UserOptions): SandboxUser {
    const name = options.name ?? 'Sluice Sandbox';
    const username = options.username ?? 'sluice@example.com';
    const id = this.insert('User', { Username: username, LastName: name, Email: username, Alias: 'sluice', IsActive: true });
    const user = createUser(id, { ...options, name, username });
    this.#users.push(user);
    return user;
  }

  userOf(username: string): SandboxUser | undefined {
    return this.#users.find((user) => user.username === username.toLowerCase());
  }

  /** An administrator's hand: nobody's rights are asked, stored-form rules and automation apply. Returns the id. */
  insert(object: string, values: Row): string {
    return this.#byHand('insert', object, values).id ?? '';
  }

  update(object: string, id: string, values: Row): void {
    this.#byHand('update', object, { ...values, Id: id });
  }

  remove(object: string, id: string): void {
    this.#byHand('delete', object, { Id: id });
  }

  #byHand(op: WriteOp, object: string, row: Row): WriteResult {
    const result = this.write(undefined, op, object, row);
    if (!result.success)
      throw new Error(`${object}: ${result.errors.map(({ statusCode, message }) => `${statusCode} ${message}`).join('; ')}`);
    return result;
  }

  /** One row of one API write. */
  write(user: SandboxUser | undefined, op: WriteOp, object: string, row: Row, options: WriteOptions = {}): WriteResult {
    const [result] = this.writeMany(user, op, object, [row], options);
    return result ?? { success: false, errors: [] };
  }

  /** Up to 200 rows that Salesforce would take as one transaction, in order. */
  writeMany(
    user: SandboxUser | undefined,
    op: WriteOp,
    object: string,
    rows: readonly Row[],
    options: WriteOptions = {},
  ): readonly WriteResult[] {
    return writeRows(this, user, op, object, rows, options);
  }

  /** Two records become one: the loser goes to the bin with `MasterRecordId`, and what pointed to it points to the winner. */
  merge(object: string, winner: string, loser: string): void {
    const table = this.tableFor(object, undefined);
    this.remove(object, loser);
    table.records.get(loser)?.set('MasterRecordId', winner);
    for (const child of this.tables()) {
      const fields = [...child.fields].filter((field) => field.referenceTo.includes(table.name));
      for (const record of child.records.values()) {
        for (const { name } of fields) if (record.get(name) === loser && record.id !== loser) record.set(name, winner);
      }
    }
  }

  /** Removes deleted records for good. */
  emptyBin(): void {
    for (const { records } of this.tables()) {
      for (const record of records.values()) if (record.isDeleted) this.forget(record);
    }
  }

  /** Removes all records but the users. */
  clear(): void {
    for (const { name, records } of this.tables()) {
      for (const record of records.values()) if (name !== 'User') this.forget(record);
    }
  }

  /** What people set up for an object: workflows, validation, duplicate and assignment rules. */
  automation(object: string): Automation {
    const { name } = this.tableFor(object, undefined);
    const known = this.#automation.get(name);
    if (known !== undefined) return known;
    const fresh = new Automation();
    this.#automation.set(name, fresh);
    return fresh;
  }

  /** A workflow that rewrites fields of every record that is written. */
  onWrite(object: string, workflow: Workflow): void {
    this.automation(object).addWorkflow(workflow);
  }

  /** A validation rule: its message refuses the record. */
  validate(object: string, rule: Rule): void {
    this.automation(object).addRule(rule);
  }

  /** A duplicate rule: records that agree in all of these fields look alike. */
  addDuplicateRule(object: string, fields: readonly string[]): void {
    this.automation(object).duplicateFields = fields;
  }

  /** The active assignment rule: new records go to this user, unless the request says `Sforce-Auto-Assign: FALSE`. */
  assignTo(object: string, userId: string, ruleId?: string): void {
    Object.assign(this.automation(object), { owner: userId, rule: ruleId });
  }

  /** Now, by this user; by the first one for an administrator's hand. */
  stamp(user: SandboxUser | undefined): Stamp {
    const [at, by] = [Math.floor(this.now() / 1000), user?.id ?? this.#users[0]?.id ?? ''];
    // Records of the same second share one.
    if (this.#stamp.at !== at || this.#stamp.by !== by) this.#stamp = { at, by };
    return this.#stamp;
  }
}
