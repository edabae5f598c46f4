/** The two systems of a test, in memory: rows and records of the document instead of a warehouse and a CRM. */
import type { Connection, Project, Sync } from '../config/model.ts';
import type { Context } from '../context.ts';
import { CAPABILITIES } from '../destinations/duckdb/capabilities.ts';
import type { Capabilities, Destination, LiveRelation, ObjectSchema, Outcome, ReadRequest } from '../destinations/destination.ts';
import { InternalError } from '../errors.ts';
import type { Registry } from '../plan/ends.ts';
import type { Source } from '../sources/source.ts';
import { openDuckDbSource } from '../sources/duckdb/index.ts';
import { sqlText } from './rows.ts';
import { openField } from './schema.ts';

/** What tells the destination of a test apart: state and destination are made for each other. */
export const IDENTITY = 'test';

/** A live record as canonical text: null where a key part or a field is null. */
export interface LiveRecord {
  readonly key: readonly (string | null)[];
  readonly values: ReadonlyMap<string, string | null>;
}

/** The embedded engine without any file: it evaluates the mapping over the given rows. */
export async function openRows(context: Context, project: Project, sync: Sync): Promise<Source> {
  const nothing: Connection = { name: sync.source.connection, type: 'duckdb', options: {}, location: sync.location };
  return openDuckDbSource(nothing, context, project);
}

/** Connectors of a test: whatever a connection is, these stand in for it. */
export function registryOf(project: Project, sync: Sync, openDestination: () => Destination): Registry {
  const typeOf = (name: string): string => {
    const connection = project.connections.get(name);
    if (connection === undefined) throw new InternalError(`connection ${name} passed validation but is not in the project`);
    return connection.type;
  };
  const source = async (_connection: Connection, context: Context): Promise<Source> => openRows(context, project, sync);
  return {
    sources: new Map([[typeOf(sync.source.connection), async () => source]]),
    destinations: new Map([[typeOf(sync.destination.connection), async () => async () => openDestination()]]),
  };
}

/** Holds the live records of a test. Reads like a SQL database, writes nothing. */
export class RehearsedDestination implements Destination {
  readonly capabilities: Capabilities = CAPABILITIES;
  readonly #schema: ObjectSchema;
  readonly #sync: Sync;
  readonly #live: readonly LiveRecord[];

  constructor(input: { schema: ObjectSchema; sync: Sync; live: readonly LiveRecord[] }) {
    this.#schema = input.schema;
    this.#sync = input.sync;
    this.#live = input.live;
  }

  async identify(): Promise<string> {
    return IDENTITY;
  }

  async attach(): Promise<void> {
    // Nothing to reach: the records are part of each statement.
  }

  /** Of an object that records point at, only the key matters: it is whatever a reference says. */
  async describe(object: string): Promise<ObjectSchema> {
    if (object === this.#schema.object) return this.#schema;
    const keys = this.#sync.fields.flatMap(({ reference }) => (reference?.object === object ? [reference.key] : []));
    return { object, fields: [...new Set(keys)].map((name) => openField(name, { kind: 'text' })), uniqueKeys: [], references: [] };
  }

  async read(request: ReadRequest): Promise<LiveRelation> {
    const { object, key } = this.#sync.destination;
    const isOwn = request.object === object && request.key.length === key.length && request.key.every((name, index) => name === key[index]);
    return isOwn ? this.#readRecords(request) : readParents(request);
  }

  #readRecords(request: ReadRequest): LiveRelation {
    const names = [...request.key.map((_, index) => `k${index}`), ...request.fields.map((_, index) => `f${index}`), 'remote_id'];
    const tuples = this.#live.map((record) => {
      const values = request.fields.map(({ field }) => record.values.get(field) ?? null);
      return `(${[...record.key, ...values, null].map((text) => sqlText(text)).join(', ')})`;
    });
    const none = `(${names.map(() => 'NULL').join(', ')})`;
    const casts = names.map((name) => `CAST(t.${name} AS VARCHAR) AS ${name}`).join(', ');
    const all = `SELECT ${casts} FROM (VALUES ${tuples.length === 0 ? none : tuples.join(', ')}) AS t(${names.join(', ')})`;
    const wanted =
      request.keys === undefined
        ? ''
        : ` JOIN ${request.keys} AS k ON ${request.key.map((_, index) => `k.k${index} = t.k${index}`).join(' AND ')}`;
    return {
      from: `(${all}${wanted}${tuples.length === 0 ? ' WHERE false' : ''})`,
      columns: names.map((name) => ({ name, type: 'VARCHAR' })),
    };
  }

  async write(): Promise<readonly Outcome[]> {
    throw new InternalError('a test writes nothing');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Holds nothing.
  }
}

/** Records of other objects are taken to exist. */
function readParents(request: ReadRequest): LiveRelation {
  if (request.keys === undefined) throw new InternalError(`a test knows no records of ${request.object}`);
  return {
    from: `(SELECT k0, CAST(NULL AS VARCHAR) AS remote_id FROM ${request.keys})`,
    columns: [{ name: 'k0', type: 'VARCHAR' }, { name: 'remote_id', type: 'VARCHAR' }], // prettier-ignore
  };
}
