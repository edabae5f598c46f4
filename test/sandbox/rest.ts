/** Bare requests to a sandbox, as bytes go over the wire: what a client library would hide stays visible. */
import type { ObjectDef, Sandbox, SandboxSchema } from '../../src/sandbox/salesforce/index.ts';

export const API = '/services/data/v67.0';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface Asked {
  readonly body?: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `path` below `/services/data/v67.0`, or from the root as `nextRecordsUrl` gives it. */
export async function ask(sandbox: Sandbox, method: string, path: string, { body, type, headers }: Asked = {}): Promise<Answer> {
  const response = await fetch(sandbox.url + (path.startsWith('/services/') ? path : API + path), {
    method,
    headers: {
      authorization: `Bearer ${sandbox.credentials.accessToken}`,
      ...(body === undefined ? {} : { 'content-type': type ?? 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** One page of a query. */
export interface Page {
  readonly totalSize: number;
  readonly done: boolean;
  readonly nextRecordsUrl?: string;
  readonly records: readonly Readonly<Record<string, unknown>>[];
}

/** The answer to a query that must work. */
export async function query(sandbox: Sandbox, soql: string, path = '/query'): Promise<Page> {
  const { status, text } = await ask(sandbox, 'GET', `${path}?q=${encodeURIComponent(soql)}`);
  if (status !== 200) throw new Error(text);
  return JSON.parse(text) as Page;
}

/** The refusal of a query: `CODE: message`. */
export async function refusal(sandbox: Sandbox, soql: string): Promise<string> {
  const { status, text } = await ask(sandbox, 'GET', `/query?q=${encodeURIComponent(soql)}`);
  if (status === 200) throw new Error(`answered ${text}`);
  const [error] = JSON.parse(text) as readonly { readonly errorCode: string; readonly message: string }[];
  return `${status} ${error?.errorCode}: ${error?.message}`;
}

/** A job as the API describes it, or the list of errors that refuses it. */
export type Job = Readonly<Record<string, unknown>> & { readonly id: string; readonly state: string };

const NODE: ObjectDef = {
  fields: {
    Ext__c: { type: 'string', length: 40, externalId: true, unique: true },
    Exact__c: { type: 'string', length: 40, externalId: true, unique: true, caseSensitive: true },
    Parent__c: { type: 'reference', referenceTo: ['Node__c'], relationshipName: 'Parent__r' },
    Either__c: { type: 'reference', referenceTo: ['Node__c', 'Account'], relationshipName: 'Either__r' },
    Size__c: { type: 'double', precision: 18, scale: 2 },
    Count__c: { type: 'int' },
    Day__c: { type: 'date' },
    Moment__c: { type: 'datetime' },
    Flag__c: { type: 'boolean' },
    Colours__c: { type: 'multipicklist', values: ['Red', 'Green', 'Blue'] },
    Notes__c: { type: 'textarea', length: 32_000 },
  },
};

/** An object with a field of every type that queries treat differently. */
export const NODES: SandboxSchema = { Node__c: NODE };
