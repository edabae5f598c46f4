/** A Salesforce sandbox in this process, as tests use it: how projects connect to it, and what an admin sees in it. */
import type { Sandbox } from '../../src/sandbox/salesforce/index.ts';

export type Texts = Readonly<Record<string, string | null>>;

/** The connection document of a sandbox, without kind and name. */
export function connectionTo({ url, credentials }: Sandbox): Readonly<Record<string, unknown>> {
  const { clientId, clientSecret } = credentials;
  return { type: 'salesforce', login_url: url, auth: { type: 'client_credentials', client_id: clientId, client_secret: clientSecret } };
}

/** Every record that is not in the bin, as stored text, ordered by the first of the fields. */
export function liveRecords({ org }: Sandbox, object: string, fields: readonly string[]): Texts[] {
  const rows = [...org.records(object)]
    .filter((record) => !record.isDeleted)
    .map((record) => Object.fromEntries(fields.map((field) => [field, record.get(field)])));
  const [first = 'Id'] = fields;
  return rows.sort((a, b) => ((a[first] ?? '') < (b[first] ?? '') ? -1 : 1));
}

/** Ids of the live records that have this value. */
export function idsWhere({ org }: Sandbox, object: string, field: string, value: string): string[] {
  return [...org.records(object)].filter((record) => !record.isDeleted && record.get(field) === value).map((record) => record.id);
}

/** A double as people write it: `24`, where the org stores `24.0`. */
export function plainNumber(text: string | null): string | null {
  return text === null ? null : text.replace(/\.0$/, '');
}
