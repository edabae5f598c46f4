/** What the org says about its objects, asked once per run. */
import { UserError } from '../../errors.ts';
import { nearest } from '../../nearest.ts';
import type { SalesforceClient } from '../../salesforce/client.ts';
import { SalesforceError } from '../../salesforce/errors.ts';
import type { ObjectSchema } from '../destination.ts';
import { objectSchema, type SField, type SObject } from './describe.ts';

/** What is not kept: most of an answer. */
interface SObjectAnswer extends Omit<SObject, 'fields'> {
  readonly fields: readonly (SField & { readonly picklistValues?: SField['picklistValues'] })[];
}

export class Describer {
  readonly #client: SalesforceClient;
  readonly #known = new Map<string, Promise<SObject>>();

  constructor(client: SalesforceClient) {
    this.#client = client;
  }

  /** By its API name, in its very case. Throws `UserError` when this user sees no such object, or may not read it. */
  async sobject(object: string): Promise<SObject> {
    const known = this.#known.get(object) ?? this.#ask(object);
    this.#known.set(object, known);
    try {
      return await known;
    } catch (error) {
      this.#known.delete(object);
      throw error;
    }
  }

  /** Fields by their names, and references by the names of their relationships, too. */
  async schema(object: string): Promise<ObjectSchema> {
    const [sobject, { username }] = [await this.sobject(object), await this.#client.identity()];
    return objectSchema(sobject, username);
  }

  async #ask(object: string): Promise<SObject> {
    const answer = await this.#describe(object);
    if (answer?.name !== object) throw await this.#missing(object);
    const { name, queryable, createable, updateable, deletable, fields } = answer;
    if (!queryable) {
      const { username } = await this.#client.identity();
      throw new UserError(`${username} may not read records of ${name} through the API`, {
        hint: 'Give the user the right to read the object (profile or permission set). Some objects of the system have no API access at all.',
      });
    }
    return { name, queryable, createable, updateable, deletable, fields: fields.map((field) => kept(field)) };
  }

  async #describe(object: string): Promise<SObjectAnswer | undefined> {
    try {
      return await this.#client.json<SObjectAnswer>({ method: 'GET', path: `/sobjects/${encodeURIComponent(object)}/describe` });
    } catch (error) {
      if (error instanceof SalesforceError && (error.status === 404 || error.code === 'INVALID_TYPE')) return undefined;
      throw error;
    }
  }

  async #missing(object: string): Promise<UserError> {
    const { sobjects } = await this.#client.json<{ readonly sobjects: readonly { readonly name: string }[] }>({ method: 'GET', path: '/sobjects' }); // prettier-ignore
    const { username } = await this.#client.identity();
    const near = nearest(
      object,
      sobjects.map(({ name }) => name),
    );
    const meant = near === undefined ? 'Names of custom objects end in __c.' : `Did you mean "${near}"?`;
    return new UserError(`the org has no object "${object}"`, { hint: `${meant} ${hidden(username)}` });
  }
}

/** What does not exist and what this user does not see look the same through the API. */
function hidden(username: string): string {
  return `It may exist and not be visible to ${username}.`;
}

function kept(field: SField): SField {
  const { name, type, length, precision, scale, digits, nillable, defaultedOnCreate, createable, updateable, unique } = field;
  const { externalId, idLookup, caseSensitive, calculated, autoNumber, restrictedPicklist, relationshipName, referenceTo } = field;
  const picklistValues = field.picklistValues.map(({ active, label, value }) => ({ active, label, value }));
  return {
    ...{ name, type, length, precision, scale, digits, nillable, defaultedOnCreate, createable, updateable, unique },
    ...{ externalId, idLookup, caseSensitive, calculated, autoNumber, restrictedPicklist, relationshipName, referenceTo },
    ...{ picklistValues, compoundFieldName: field.compoundFieldName },
  };
}
