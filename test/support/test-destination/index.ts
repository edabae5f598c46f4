/**
 * A destination for tests that is everything DuckDB is not: slow to agree, forgetful, unreadable, normalising, failing.
 * Its records live in a JSON file, so that separate processes share them, and it counts the calls it got.
 */
import type { Connection } from '../../../src/config/model.ts';
import type {
  Capabilities,
  Destination,
  LiveRelation,
  ObjectSchema,
  Outcome,
  ReadRequest,
  Support,
  WriteBatch,
} from '../../../src/destinations/destination.ts';
import { type DestinationRegistry, DESTINATIONS, type OpenDestination } from '../../../src/destinations/registry.ts';
import { InternalError, UserError } from '../../../src/errors.ts';
import type { Workspace } from '../../../src/workspace/workspace.ts';
import { readOptions, type TestObject, type TestOptions } from './options.ts';
import { readRecords } from './read.ts';
import { changeStore } from './store.ts';
import { write } from './write.ts';

export { testConnectionSchemas } from './options.ts';
export { editStore, readStore, seedStore, type Values } from './store.ts';

/** The built-in destinations and this one, as type `test`. */
export const TEST_DESTINATIONS: DestinationRegistry = new Map<string, () => Promise<OpenDestination>>([
  ...DESTINATIONS,
  ['test', async () => async (connection: Connection) => new TestDestination(connection)],
]);

class TestDestination implements Destination {
  readonly capabilities: Capabilities;
  readonly #options: TestOptions;
  #workspace: Workspace | undefined;
  #reads = 0;

  constructor(connection: Connection) {
    this.#options = readOptions(connection.options);
    this.capabilities = capabilitiesOf(this.#options);
  }

  async identify(): Promise<string> {
    return `test:${this.#options.file.split('/').at(-1) ?? ''}`;
  }

  async clock(): Promise<number> {
    return Date.now() + this.#options.clockAheadMs;
  }

  async attach(workspace: Workspace): Promise<void> {
    this.#workspace = workspace;
  }

  async describe(object: string): Promise<ObjectSchema> {
    const { fields, unique } = this.#object(object);
    await changeStore(this.#options.file, (store) => ({ ...store, calls: [...store.calls, { call: 'describe', object }] }));
    return {
      object,
      uniqueKeys: unique,
      references: [],
      fields: [...fields].map(([name, field]) => ({
        name,
        type: field.type,
        nativeType: field.type.kind,
        nullable: field.nullable,
        hasDefault: false,
        creatable: field.creatable,
        updatable: field.updatable,
        readable: !this.#options.noRead && !this.#options.unreadable.includes(name),
        reason: field.creatable && field.updatable ? undefined : 'the test says so',
        maxLength: field.maxLength,
        allowed: field.allowed,
      })),
    };
  }

  async read(request: ReadRequest): Promise<LiveRelation> {
    if (this.#workspace === undefined) throw new InternalError('the destination is read before it is attached to a workspace');
    if (this.#options.noRead) throw new InternalError('a destination that cannot be read was read');
    this.#object(request.object);
    this.#reads += 1;
    return readRecords(this.#workspace, this.#options, request, `test_live_${this.#reads}`);
  }

  async write(batch: WriteBatch): Promise<readonly Outcome[]> {
    this.#object(batch.object);
    if (batch.size > this.#options.batchSize) throw new InternalError('a batch is bigger than the destination takes');
    return write(this.#options, batch);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#workspace = undefined;
  }

  #object(name: string): TestObject {
    const object = this.#options.objects.get(name);
    if (object === undefined) throw new UserError(`the destination has no object "${name}"`);
    return object;
  }
}

function capabilitiesOf(options: TestOptions): Capabilities {
  const support = (can: boolean, reason: string): Support => (can ? { can: true } : { can: false, reason });
  const action = (name: string): Support => support(!options.cannot.includes(name), `the test says that it cannot ${name}`);
  return {
    readByKey: support(!options.noRead, 'records cannot be read back'),
    readAll: support(!options.noRead && !options.noReadAll, 'records cannot be listed'),
    create: action('create'),
    update: action('update'),
    delete: action('delete'),
    atomicCompare: support(options.atomic, 'a record may change between the look and the write'),
    storesExactly: support(false, 'the system changes what it is sent'),
    batchSize: options.batchSize,
    concurrency: options.concurrency,
    text: options.textRules,
    refresh: options.refresh,
  };
}
