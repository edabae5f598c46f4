/** Who may sign in, and what they may see. */

export interface UserOptions {
  readonly username?: string;
  readonly name?: string;
  /** Fields the user cannot see, as `Account.Secret__c`: for them there is no such field. */
  readonly hidden?: readonly string[];
  /** Fields the user sees and may not write. */
  readonly readOnly?: readonly string[];
  /** Objects the user cannot see. */
  readonly hiddenObjects?: readonly string[];
  /** "API Enabled" of the profile; default true. */
  readonly apiEnabled?: boolean;
}

export interface SandboxUser {
  readonly id: string;
  readonly username: string;
  readonly name: string;
  readonly apiEnabled: boolean;
  sees(object: string): boolean;
  seesField(object: string, field: string): boolean;
  writesField(object: string, field: string): boolean;
}

export function createUser(id: string, options: UserOptions): SandboxUser {
  const hidden = new Set(options.hidden);
  const readOnly = new Set(options.readOnly);
  const hiddenObjects = new Set(options.hiddenObjects);
  return {
    id,
    username: options.username ?? 'sluice@example.com',
    name: options.name ?? 'Sluice Sandbox',
    apiEnabled: options.apiEnabled ?? true,
    sees: (object) => !hiddenObjects.has(object),
    seesField: (object, field) => hidden.size === 0 || !hidden.has(`${object}.${field}`),
    writesField: (object, field) => readOnly.size === 0 || !readOnly.has(`${object}.${field}`),
  };
}
