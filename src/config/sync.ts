/** A Sync document into a {@link Sync}: references put in, checked, defaults filled. */
import type { Location } from '../errors.ts';
import { type DbtFiles, waitOf } from './dbt.ts';
import { resolveDocument, type Scope } from './document.ts';
import { FIELD_TYPE_EXAMPLES, parseFieldType } from './field-type.ts';
import type { SyncDocument } from './generated/sync.ts';
import { resolveGuards, type WrittenGuards } from './guards.ts';
import type { FieldMapping, FieldSource, Sync, SyncDestination } from './model.ts';
import {
  type ConfigDocument,
  exactText,
  locate,
  mapAt,
  type MapNode,
  nodeAt,
  textAt,
  toExact,
  toOptions,
  toPlain,
  without,
} from './nodes.ts';
import { explainErrors, quoted } from './schema-errors.ts';
import { check, readSchema, type Schema } from './schemas.ts';
import { queryOf, type SourceFacts, withoutEnd } from './source-query.ts';

export interface SyncDefaults {
  /** Guards of the project. */
  readonly guards: WrittenGuards | undefined;
  /** Schema of a connection by its name. */
  readonly connectionSchema: (name: string) => Schema | undefined;
  /** Type of a connection by its name. */
  readonly connectionType: (name: string) => string | undefined;
  /** The dbt project beside this one. */
  readonly dbt: DbtFiles | undefined;
}

/** The sync as written; undefined when something is wrong with it, which is reported. */
export async function resolveSync(document: ConfigDocument, scope: Scope, defaults: SyncDefaults): Promise<Sync | undefined> {
  const root = resolveDocument(document.root, scope, { schema: openSchema() });
  const optionsFit = root !== undefined && checkOptions(root, scope, defaults);
  const query = root === undefined ? undefined : await queryOf(root, document.path, scope, sourceFacts(root, defaults));
  const fields = root === undefined ? undefined : fieldsOf(root, scope);
  if (root === undefined || !optionsFit || query === undefined || fields === undefined) return undefined;
  const plain = toPlain(root) as SyncDocument;
  return {
    ...identityOf(plain),
    ...policiesOf(plain),
    source: {
      connection: plain.source.connection,
      ...query,
      key: [plain.source.key].flat(),
      timezone: plain.source.timezone,
      maxBytesBilled: textAt(root, 'source', 'max_bytes_billed'),
      waitFor: waitOf(root, scope, defaults.dbt, query.dbt),
    },
    destination: destinationOf(root, plain),
    fields: fields.map((mapping) => ({ ...mapping, onDrift: mapping.onDrift ?? plain.on_drift ?? 'overwrite' })),
    guards: resolveGuards(defaults.guards, plain.guards),
    checks: (plain.checks ?? []).map(({ name, sql }) => ({ name, sql: withoutEnd(sql) })),
    location: root.location,
    at: (...path): Location => locate(root, path),
  };
}

function sourceFacts(root: MapNode, { connectionType, dbt }: SyncDefaults): SourceFacts {
  return { connectionType: connectionType(textAt(root, 'source', 'connection') ?? ''), dbt };
}

function identityOf(plain: SyncDocument): Pick<Sync, 'name' | 'description' | 'owner' | 'tags' | 'movedFrom'> {
  return { name: plain.name, description: plain.description, owner: plain.owner, tags: plain.tags ?? [], movedFrom: plain.moved?.from };
}

type Policies =
  'mode' | 'onMissing' | 'deleteAdopted' | 'onDrift' | 'refresh' | 'maxLiveReads' | 'partition' | 'schedule' | 'report' | 'verify';

function policiesOf(plain: SyncDocument): Pick<Sync, Policies> {
  return {
    mode: plain.mode ?? 'upsert',
    onMissing: plain.on_missing ?? 'keep',
    deleteAdopted: plain.delete_adopted ?? false,
    onDrift: plain.on_drift ?? 'overwrite',
    refresh: plain.refresh,
    maxLiveReads: plain.max_live_reads,
    partition: plain.partition,
    schedule: plain.schedule,
    report: { values: plain.report?.values ?? 'masked' },
    verify: plain.verify,
  };
}

const DESTINATION_KEYS = ['connection', 'object', 'key'];

function destinationOf(root: MapNode, plain: SyncDocument): SyncDestination {
  const { connection, object, key } = plain.destination;
  const written = mapAt(root, 'destination');
  return { connection, object, key: [key].flat(), options: written === undefined ? {} : toOptions(without(written, DESTINATION_KEYS)) };
}

type UnfinishedMapping = Omit<FieldMapping, 'onDrift'> & { readonly onDrift: FieldMapping['onDrift'] | undefined };
type LongForm = Exclude<SyncDocument['fields'][string], string>;

/** A key field that is mapped from its own key column says nothing new: it is left out. */
function fieldsOf(root: MapNode, scope: Scope): readonly UnfinishedMapping[] | undefined {
  const entries = [...(mapAt(root, 'fields')?.entries ?? [])];
  const mappings = entries.map(([field, { value }]) => {
    if (value.kind === 'map') return longForm(field, value, scope);
    return mapping(field, { kind: 'column', column: value.kind === 'scalar' ? value.text : '' }, {});
  });
  const found = mappings.filter((each) => each !== undefined);
  const [columns, keys] = [keyAt(root, 'source'), keyAt(root, 'destination')];
  for (const { field } of found.filter((each) => each.sensitive && keys.includes(each.field))) {
    scope.report({
      message: `fields.${field} is sensitive, but it is the key of the records`,
      location: locate(root, ['fields', field]),
      hint: 'keys are kept in state and shown in plans as they are: choose another key, or leave sensitive out',
    });
  }
  return found.length < mappings.length ? undefined : found.filter((each) => !isOwnKey(each, columns, keys));
}

function isOwnKey({ field, from }: UnfinishedMapping, columns: readonly string[], keys: readonly string[]): boolean {
  const column = columns[keys.indexOf(field)];
  return from.kind === 'column' && keys.includes(field) && from.column.toLowerCase() === column?.toLowerCase();
}

function keyAt(root: MapNode, side: 'source' | 'destination'): readonly string[] {
  const node = nodeAt(root, [side, 'key']);
  return node === undefined ? [] : ([toExact(node)].flat() as string[]);
}

function longForm(field: string, node: MapNode, scope: Scope): UnfinishedMapping | undefined {
  const plain = toPlain(node) as LongForm;
  const type = plain.type === undefined ? undefined : parseFieldType(plain.type);
  if (plain.type !== undefined && type === undefined) {
    scope.report({
      message: `fields.${field}.type: ${quoted(plain.type)} is not a field type`,
      location: locate(node, ['type']),
      hint: `write one like: ${FIELD_TYPE_EXAMPLES}`,
    });
    return undefined;
  }
  return { ...mapping(field, fieldSource(node), plain), type };
}

function fieldSource(node: MapNode): FieldSource {
  const value = nodeAt(node, ['value']);
  if (value?.kind === 'scalar') return { kind: 'value', value: exactText(value) };
  const sql = nodeAt(node, ['sql']);
  if (sql?.kind === 'scalar') return { kind: 'sql', sql: withoutEnd(sql.text), lines: sql.lines };
  return { kind: 'column', column: textAt(node, 'column') ?? '' };
}

function mapping(field: string, from: FieldSource, plain: LongForm): UnfinishedMapping {
  return {
    field,
    from,
    reference: plain.reference,
    when: plain.when ?? 'always',
    onNull: plain.on_null ?? 'clear',
    onDrift: plain.on_drift,
    sensitive: plain.sensitive ?? false,
    compare: plain.compare ?? 'value',
  };
}

let open: Schema | undefined;

/** The Sync schema with room for the options of a connector: those are held against the connection's own schema. */
function openSchema(): Schema {
  const schema = readSchema('sync');
  const properties = schema['properties'] as Readonly<Record<string, Schema>>;
  open ??= { ...schema, properties: { ...properties, destination: { ...properties['destination'], additionalProperties: true } } };
  return open;
}

const optionSchemas = new WeakMap<Schema, Schema>();

/** Options of the destination as its connection type describes them: `$defs.destination` of the connection's schema. */
function optionSchema(connection: Schema): Schema {
  const known = optionSchemas.get(connection);
  if (known !== undefined) return known;
  const options = (connection['$defs'] as Readonly<Record<string, Schema>> | undefined)?.['destination'];
  const common = Object.fromEntries(DESTINATION_KEYS.map((key) => [key, {}]));
  const schema: Schema = {
    ...options,
    type: 'object',
    properties: { ...common, ...(options?.['properties'] as Schema | undefined) },
    additionalProperties: false,
  };
  optionSchemas.set(connection, schema);
  return schema;
}

function checkOptions(root: MapNode, scope: Scope, defaults: SyncDefaults): boolean {
  const destination = mapAt(root, 'destination');
  const schema = defaults.connectionSchema(textAt(root, 'destination', 'connection') ?? '');
  if (destination === undefined || schema === undefined) return true;
  const errors = check(optionSchema(schema), toPlain(destination)).map((error) => ({
    ...error,
    instancePath: `/destination${error.instancePath}`,
  }));
  const problems = explainErrors(errors, root);
  problems.forEach((problem) => scope.report(problem));
  return problems.length === 0;
}
