/**
 * Binds a sync to what both ends look like: which raw column feeds which field, in which type, and what can already be
 * said to be wrong. Every problem of a sync is reported at once, at its line in the YAML.
 */
import { cannotConvert, canonicalText, canonicalValue, exactText, type RawValue, valueOfText } from '../canonical/canonical.ts';
import { FUNCTIONS } from '../canonical/functions.ts';
import { canonicalKey } from '../canonical/key.ts';
import type { Column, FieldType } from '../canonical/types.ts';
import type { FieldMapping, Sync } from '../config/model.ts';
import type { Capabilities, FieldSchema, ObjectSchema, ReadRequest } from '../destinations/destination.ts';
import { type Location, type Problem, UserError } from '../errors.ts';
import type { Query } from '../sources/source.ts';
import type { Dialect } from '../sql/dialect.ts';
import { duckdbDialect } from '../sql/duckdb.ts';
import { ident, literal } from '../workspace/quote.ts';
import { nearest } from '../nearest.ts';

/** One mapped field, bound to its column and its schema. `index` numbers it in every generated statement. */
export interface BoundField {
  readonly index: number;
  readonly name: string;
  readonly mapping: FieldMapping;
  readonly schema: FieldSchema;
  readonly type: FieldType;
  /** The desired value before it is canonical, as a column `f<index>` of the mapped query or a constant. */
  readonly raw: RawValue;
  readonly sensitive: boolean;
  /** Live values of the field mean something: it can be read, and `compare` is not `sent`. */
  readonly readable: boolean;
}

export interface BoundKey {
  readonly index: number;
  readonly field: string;
  readonly type: FieldType;
  readonly raw: RawValue;
}

export interface BoundSync {
  readonly sync: Sync;
  readonly key: readonly BoundKey[];
  readonly fields: readonly BoundField[];
  readonly schema: ObjectSchema;
  readonly capabilities: Capabilities;
  /** The query that yields `k0`.. and `f0`..: the user's query with the mapping around it, in the source's dialect. */
  readonly query: Query;
  readonly timezone: string | undefined;
  /** Who computes row hashes: the workspace, or the source's own database, as the column `row_hash` of its rows. */
  readonly hashedBy: 'workspace' | 'source';
}

/** A mapping before the mapped query's column types are known. */
export interface MappedQuery {
  readonly query: Query;
  /** Output column of each mapped field; constants have none. */
  readonly columns: ReadonlyMap<string, string>;
  /** What the query yields, in order. */
  readonly outputs: readonly Output[];
}

/** One column of the mapped query, and where each line of its SQL stands in the user's file. */
interface Output {
  readonly name: string;
  readonly sql: string;
  readonly lines: readonly Location[];
}

/** Wraps the user's query in its mapping. Throws `UserError` for columns the query does not have. */
export function mapQuery(sync: Sync, columns: readonly Column[], { ident }: Dialect): MappedQuery {
  const problems: Problem[] = [];
  const outputs: Output[] = [];
  const fieldColumns = new Map<string, string>();
  sync.source.key.forEach((name, index) => {
    const at = sync.at('source', 'key');
    const column = findColumn(columns, name, at, `key column`, problems);
    outputs.push({ name: `k${index}`, sql: `q.${ident(column)}`, lines: [at] });
  });
  sync.fields.forEach((mapping, index) => {
    if (mapping.from.kind === 'value') return;
    fieldColumns.set(mapping.field, `f${index}`);
    outputs.push(fieldOutput(sync, mapping, `f${index}`, (name, at) => ident(findColumn(columns, name, at, 'column', problems))));
  });
  if (problems.length > 0) throw UserError.of(problems);
  const head = outputs.map((output, index) => `${output.sql} AS ${output.name}${index < outputs.length - 1 ? ',' : ''}`);
  const headLines = outputs.flatMap((output) => output.lines);
  const start = sync.source.lines[0] ?? sync.location;
  return {
    columns: fieldColumns,
    outputs,
    query: {
      sync: sync.name,
      limit: limitOf(sync),
      sql: ['SELECT', ...head, 'FROM (', sync.source.query, ') AS q'].join('\n'),
      lines: [start, ...headLines, start, ...sync.source.lines, start],
    },
  };
}

function limitOf({ source, at }: Sync): Query['limit'] {
  return source.maxBytesBilled === undefined
    ? undefined
    : { bytesBilled: source.maxBytesBilled, location: at('source', 'max_bytes_billed') };
}

/** An expression stands on lines of its own, so that a position inside it is a position in the user's file. */
function fieldOutput(sync: Sync, { field, from }: FieldMapping, name: string, find: (column: string, at: Location) => string): Output {
  const at = sync.at('fields', field, from.kind);
  if (from.kind === 'sql')
    return { name, sql: `(\n${from.sql}\n)`, lines: [at, ...from.sql.split('\n').map((_, line) => from.lines[line] ?? at), at] };
  return { name, sql: `q.${find(from.kind === 'column' ? from.column : '', at)}`, lines: [at] };
}

/** An expression that closes its own parenthesis and yields more than one value would shift every field behind it. */
function checkOutputs(mapped: MappedQuery, columns: readonly Column[]): void {
  const wrong = columns.findIndex((column, index) => column.name !== mapped.outputs[index]?.name);
  if (wrong < 0) return;
  const location = mapped.outputs[Math.min(wrong, mapped.outputs.length - 1)]?.lines[0];
  throw new UserError('the `sql` of a field is one expression that yields one value', {
    location,
    hint: 'Count its parentheses and commas.',
  });
}

function findColumn(columns: readonly Column[], name: string, at: Location, what: string, problems: Problem[]): string {
  const exact = columns.find((column) => column.name === name);
  if (exact !== undefined) return exact.name;
  const folded = columns.filter((column) => column.name.toLowerCase() === name.toLowerCase());
  if (folded.length === 1 && folded[0] !== undefined) return folded[0].name;
  const names = columns.map((column) => column.name);
  const hint =
    folded.length > 1
      ? `The query has ${folded.map((column) => `"${column.name}"`).join(' and ')}: write the one you mean, in its case.`
      : didYouMean(name, names);
  problems.push({ message: `the query has no ${what} "${name}"`, location: at, hint });
  return name;
}

function didYouMean(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  return near === undefined ? `It has: ${names.join(', ')}.` : `Did you mean "${near}"?`;
}

/** Binds fields and keys to their types. Throws `UserError` with every problem of the sync. */
export function bindSync(input: {
  sync: Sync;
  mapped: MappedQuery;
  /** Columns of the mapped query. */
  columns: readonly Column[];
  schema: ObjectSchema;
  /** What the objects look like that fields of the sync refer to. */
  targets: ReadonlyMap<string, ObjectSchema>;
  capabilities: Capabilities;
}): BoundSync {
  const { sync, mapped, schema, targets, capabilities } = input;
  checkOutputs(mapped, input.columns);
  const problems: Problem[] = [];
  const typeOf = new Map(input.columns.map((column) => [column.name, column.type]));
  const timezone = sync.source.timezone;
  const key = sync.destination.key.map((field, index): BoundKey => {
    const at = sync.at('destination', 'key');
    const found = findField(schema, field, at, problems);
    const raw = { sql: `k${index}`, type: typeOf.get(`k${index}`) ?? 'VARCHAR', timezone };
    pushConversionProblem(problems, `key field "${field}"`, found.type, raw, at);
    return { index, field, type: found.type, raw };
  });
  const fields = sync.fields.map((mapping, index) => bindField({ sync, mapping, index, mapped, typeOf, schema, targets, problems }));
  problems.push(
    ...keyProblems(sync, schema, capabilities),
    ...requiredFieldProblems(sync, schema),
    ...modeProblems(sync, schema, capabilities),
  );
  problems.push(...twiceMapped(sync, schema));
  if (problems.length > 0) throw UserError.of(problems);
  return { sync, key, fields, schema, capabilities, query: mapped.query, timezone, hashedBy: 'workspace' };
}

function bindField(input: {
  sync: Sync;
  mapping: FieldMapping;
  index: number;
  mapped: MappedQuery;
  typeOf: ReadonlyMap<string, string>;
  schema: ObjectSchema;
  targets: ReadonlyMap<string, ObjectSchema>;
  problems: Problem[];
}): BoundField {
  const { sync, mapping, index, schema, problems } = input;
  const at = sync.at('fields', mapping.field);
  const found = findField(schema, mapping.field, at, problems);
  pushWritableProblems(problems, sync, mapping, found, at);
  const column = input.mapped.columns.get(mapping.field);
  const raw: RawValue =
    column === undefined
      ? constantValue(mapping)
      : { sql: column, type: input.typeOf.get(column) ?? 'VARCHAR', timezone: sync.source.timezone };
  const type = fieldType(mapping, found, input.targets);
  pushConversionProblem(problems, `field "${mapping.field}"`, type, raw, at);
  return {
    index,
    name: mapping.field,
    mapping,
    schema: found,
    type,
    raw,
    sensitive: mapping.sensitive,
    readable: found.readable && mapping.compare !== 'sent',
  };
}

function fieldType(mapping: FieldMapping, schema: FieldSchema, targets: ReadonlyMap<string, ObjectSchema>): FieldType {
  if (mapping.compare === 'set') return { kind: 'set' };
  if (mapping.reference !== undefined) return mapping.type ?? referenceType(mapping.reference, targets);
  return mapping.type ?? schema.type;
}

/** A reference is the text of its target's key, compared as that key is. */
function referenceType({ object, key }: { object: string; key: string }, targets: ReadonlyMap<string, ObjectSchema>): FieldType {
  const target = targets.get(object)?.fields.find((field) => field.name === key)?.type;
  if (target === undefined) return { kind: 'text' };
  if (target.kind !== 'text' || target.native !== undefined) return { kind: 'text', keyOf: target };
  return { kind: 'text', lower: target.anyCase === true || target.lower === true, id18: target.id18 === true };
}

function constantValue(mapping: FieldMapping): RawValue {
  const value = mapping.from.kind === 'value' ? mapping.from.value : null;
  return { sql: value === null ? 'CAST(NULL AS VARCHAR)' : literal(value), type: 'VARCHAR' };
}

function findField(schema: ObjectSchema, name: string, at: Location, problems: Problem[]): FieldSchema {
  const found = schema.fields.find((field) => field.name === name);
  if (found !== undefined) return found;
  problems.push({
    message: `${schema.object} has no field "${name}"`,
    location: at,
    hint: [
      didYouMean(
        name,
        schema.fields.map((field) => field.name),
      ),
      schema.hiddenHint,
    ]
      .filter((hint) => hint !== undefined)
      .join(' '),
  });
  return {
    name,
    type: { kind: 'text' },
    nativeType: 'unknown',
    nullable: true,
    hasDefault: true,
    creatable: true,
    updatable: true,
    readable: true,
  };
}

function pushWritableProblems(problems: Problem[], sync: Sync, mapping: FieldMapping, field: FieldSchema, at: Location): void {
  const because = field.reason === undefined ? '' : `: ${field.reason}`;
  if (!field.creatable && sync.mode !== 'update') {
    problems.push({ message: `field "${field.name}" cannot be written${because}`, location: at, hint: 'Remove it from `fields`.' });
  } else if (!field.updatable && mapping.when !== 'create' && sync.mode !== 'create') {
    problems.push({
      message: `field "${field.name}" cannot be updated${because}`,
      location: at,
      hint: 'Write `when: create` to set it on new records only, or remove it.',
    });
  }
}

function pushConversionProblem(problems: Problem[], what: string, type: FieldType, raw: RawValue, at: Location): void {
  const why = cannotConvert(type, raw);
  if (why !== undefined) problems.push({ message: `${what}: ${why}`, location: at });
}

/** The key must be writable where records are created, and unique by a constraint where the destination relies on one. */
function keyProblems(sync: Sync, schema: ObjectSchema, capabilities: Capabilities): Problem[] {
  const { key } = sync.destination;
  const location = sync.at('destination', 'key');
  const fixed = schema.fields.filter((field) => key.includes(field.name) && !field.creatable && sync.mode !== 'update');
  const problems: Problem[] = fixed.map((field) => ({
    message: `key field "${field.name}" cannot be written${field.reason === undefined ? '' : `: ${field.reason}`}`,
    location,
    hint: 'Write `mode: update` if the sync only updates existing records, or take another key.',
  }));
  const isLoose = key.length === 1 && schema.looseKeys?.includes(key[0] ?? '') === true;
  const isUnique = isLoose || schema.uniqueKeys.some((each) => each.length === key.length && each.every((name) => key.includes(name)));
  const isKnown = key.every((name) => schema.fields.some((field) => field.name === name));
  if (capabilities.keyNeedsConstraint !== true || isUnique || !isKnown) return problems;
  if (schema.looseKeys !== undefined) return [...problems, notAKey(schema, key, location)];
  const columns = key.map((name) => ident(name)).join(', ');
  return [
    ...problems,
    {
      message: `${schema.object} has no unique constraint on ${key.map((name) => `"${name}"`).join(', ')}: nobody could tell which record a key means`,
      location,
      hint: `Create one: CREATE UNIQUE INDEX ON ${schema.qualifiedName ?? ident(schema.object)} (${columns});`,
    },
  ];
}

/** Where only fields that are marked for it identify records. */
function notAKey(schema: ObjectSchema, key: readonly string[], location: Location): Problem {
  const keys = [...schema.uniqueKeys.flat(), ...(schema.looseKeys ?? [])];
  return {
    message: `${key.map((name) => `"${name}"`).join(', ')} cannot be the key of ${schema.object}: ${key.length > 1 ? 'a key is one field there' : 'it is not an external id'}`,
    location,
    hint: keys.length === 0 ? 'Make it an external id there.' : `Records can be looked up by: ${keys.join(', ')}.`,
  };
}

/** A create needs every field that is neither nullable nor defaulted. */
function requiredFieldProblems(sync: Sync, schema: ObjectSchema): Problem[] {
  if (sync.mode === 'update') return [];
  const mapped = new Set([...sync.fields.map((field) => field.field), ...sync.destination.key]);
  const isMapped = ({ name, sameAs }: FieldSchema): boolean => mapped.has(name) || (sameAs !== undefined && mapped.has(sameAs));
  return firstNames(schema)
    .filter((field) => !field.nullable && !field.hasDefault && field.creatable && !isMapped(field))
    .map((field) => ({
      message: `${schema.object} requires "${field.name}", which the sync does not map: no record could be created`,
      location: sync.at('fields'),
      hint: `Map "${field.name}", or write \`mode: update\` if the sync only updates existing records.`,
    }));
}

/** Every field once, where it goes by two names. */
function firstNames({ fields }: ObjectSchema): readonly FieldSchema[] {
  const seen = new Set<string>();
  return fields.filter(({ name, sameAs }) => {
    seen.add(name);
    return sameAs === undefined || !seen.has(sameAs);
  });
}

function twiceMapped(sync: Sync, schema: ObjectSchema): Problem[] {
  const mapped = new Set(sync.fields.map((field) => field.field));
  return firstNames(schema).flatMap(({ name, sameAs }) => {
    if (sameAs === undefined || !mapped.has(name) || !mapped.has(sameAs)) return [];
    return [
      {
        message: `"${name}" and "${sameAs}" are one field of ${schema.object}`,
        location: sync.at('fields', sameAs),
        hint: 'Map one of them.',
      },
    ];
  });
}

function modeProblems(sync: Sync, { object, deletable }: ObjectSchema, capabilities: Capabilities): Problem[] {
  const problems: Problem[] = [];
  const need = (support: Capabilities['create'], what: string, at: Location): void => {
    if (!support.can) problems.push({ message: `the destination cannot ${what}: ${support.reason}`, location: at });
  };
  if (sync.mode !== 'update') need(capabilities.create, 'create records', sync.at('mode'));
  if (sync.mode !== 'create') need(capabilities.update, 'update records', sync.at('mode'));
  if (sync.onMissing === 'delete') need(capabilities.delete, 'delete records', sync.at('on_missing'));
  if (sync.onMissing === 'delete' && deletable?.can === false)
    problems.push({ message: `records of ${object} cannot be deleted: ${deletable.reason}`, location: sync.at('on_missing') });
  if (sync.refresh === 'all') need(capabilities.readAll, 'be read in full', sync.at('refresh'));
  return problems;
}

// ---- SQL of a bound sync: desired side over the mapped query, live side over a live relation

/** Comparable value of a key part: of the desired side, or of another raw value. */
export function keyValue(bound: BoundSync, key: BoundKey, raw: RawValue = key.raw): string {
  return canonicalKey(key.type, raw, bound.capabilities.text);
}

/** How values become a 64-bit hash. Tests pass a weak one, to see what collisions do. */
export type HashFunction = (values: readonly string[]) => string;

/** Key hash of canonical key values: null as soon as one of them is. */
export function keyHash(values: readonly string[], hash: HashFunction): string {
  return `CASE WHEN ${values.map((value) => `${value} IS NOT NULL`).join(' AND ')} THEN ${hash(values)} END`;
}

/** A key as people and state see it: a JSON array of canonical texts. */
export function keyJson(types: readonly FieldType[], values: readonly string[]): string {
  const parts = values.map((value, index) => `CAST(to_json(${canonicalText(types[index] ?? { kind: 'text' }, value)}) AS VARCHAR)`);
  return `'[' || ${parts.join(" || ',' || ")} || ']'`;
}

/** Row hash of key and raw desired values: what tells whether a row moved since it was last sent. Sensitive values keyed. */
export function rowHash(bound: BoundSync): string {
  const fields = bound.fields.map((field) =>
    field.sensitive ? `${FUNCTIONS.mac}(${exactText({ kind: 'text' }, field.raw)})` : field.raw.sql,
  );
  return duckdbDialect.rowHash([...bound.key.map((key) => key.raw.sql), ...fields]);
}

/** The desired side's raw value; what the destination stores for null stands for it, unless null is not written at all. */
export function desiredRaw({ raw, mapping, schema }: BoundField): RawValue {
  if (schema.nullAs === undefined || mapping.onNull === 'skip') return raw;
  if (raw.type === 'BOOLEAN') return { ...raw, sql: `coalesce(${raw.sql}, ${schema.nullAs})` };
  return { ...raw, sql: `coalesce(CAST(${raw.sql} AS VARCHAR), ${literal(schema.nullAs)})`, type: 'VARCHAR' };
}

/** Canonical value and text of a field's desired side, sensitive texts keyed. */
export function desiredText(bound: BoundSync, field: BoundField): string {
  const text = canonicalText(field.type, canonicalValue(field.type, desiredRaw(field), bound.capabilities.text));
  return field.sensitive ? `${FUNCTIONS.mac}(${text})` : text;
}

/** Canonical text of a field's live side, of the column `f<position>` of a live relation. */
export function liveText(bound: BoundSync, field: BoundField, raw: RawValue): string {
  const text = canonicalText(field.type, canonicalValue(field.type, raw, bound.capabilities.text));
  return field.sensitive ? `${FUNCTIONS.mac}(${text})` : text;
}

/** Typed comparable live value, for the live hash. */
export function liveValue(bound: BoundSync, field: BoundField, raw: RawValue): string {
  const value = canonicalValue(field.type, raw, bound.capabilities.text);
  return field.sensitive ? `${FUNCTIONS.mac}(${canonicalText(field.type, value)})` : value;
}

/** The live hash's input for a field, from its canonical text: equals {@link liveValue} of the same value. */
export function liveValueOfText(field: BoundField, text: string): string {
  return field.sensitive ? text : valueOfText(field.type, text);
}

/** The fields whose live values are read, in the order of the live relation's `f0`.. columns. */
export function readableFields(bound: BoundSync): readonly BoundField[] {
  return bound.fields.filter((field) => field.readable);
}

export function readRequest(bound: BoundSync, keys?: string): ReadRequest {
  return {
    object: bound.sync.destination.object,
    key: bound.sync.destination.key,
    fields: readableFields(bound).map((field) => ({ field: field.name, reference: field.mapping.reference })),
    keys,
  };
}
