/** A sync as its document would say it, references and defaults resolved: one list, from which differences and YAML are made. */
import type { FieldType } from '../canonical/types.ts';
import { GUARD_NAMES, type FieldMapping, type Sync, type WaitFor } from '../config/model.ts';

type Value = string | number | boolean | null | readonly string[];

/** One property of a resolved sync. */
export interface Property {
  readonly path: readonly string[];
  readonly value: Value;
  /** What it is when nobody writes it; undefined where it is then not there. */
  readonly standard?: Value | undefined;
  /** It decides what a plan says about records; the others limit, describe or schedule it. */
  readonly matters: boolean;
  /** No report shows it: the constant of a sensitive field. */
  readonly secret?: boolean | undefined;
}

/**
 * In the order of the docs, fields and checks by name. What only people read (`description`, `owner`) is left out.
 * `sensitive`: names of further fields whose constants are not shown, such as those that are sensitive in the other version.
 */
export function propertiesOf(sync: Sync, sensitive: ReadonlySet<string> = new Set()): readonly Property[] {
  const { source, destination } = sync;
  return [
    ...sync.tags.length > 0 ? [plain(['tags'], sync.tags)] : [],
    ...given('moved.from', sync.movedFrom, false),
    rule(['source', 'connection'], source.connection),
    rule(['source', 'query'], source.query),
    rule(['source', 'key'], source.key),
    ...given('source.timezone', source.timezone, true),
    ...given('source.max_bytes_billed', source.maxBytesBilled, false),
    ...given('source.wait_for', source.waitFor === undefined ? undefined : waitText(source.waitFor), false),
    rule(['destination', 'connection'], destination.connection),
    rule(['destination', 'object'], destination.object),
    rule(['destination', 'key'], destination.key),
    ...optionsOf(['destination'], destination.options),
    rule(['mode'], sync.mode, 'upsert'),
    rule(['on_missing'], sync.onMissing, 'keep'),
    rule(['delete_adopted'], sync.deleteAdopted, false),
    rule(['on_drift'], sync.onDrift, 'overwrite'),
    ...sync.fields.toSorted((a, b) => compareText(a.field, b.field)).flatMap((field) => fieldProperties(sync, field, field.sensitive || sensitive.has(field.field))),
    ...GUARD_NAMES.flatMap((name) =>
      Object.entries(sync.guards[name]).map(([limit, value]) => plain(['guards', name, limit], value as number)),
    ),
    ...sync.checks.toSorted((a, b) => compareText(a.name, b.name)).map(({ name, sql }) => plain(['checks', name], sql)),
    ...given('refresh', sync.refresh, true),
    ...given('max_live_reads', sync.maxLiveReads, false),
    ...given('partition', sync.partition, true),
    ...given('schedule', sync.schedule, false),
    ...given('verify', sync.verify, false),
    plain(['report', 'values'], sync.report.values, 'masked'),
  ]; // prettier-ignore
}

function fieldProperties(sync: Sync, mapping: FieldMapping, isSensitive: boolean): readonly Property[] {
  const { from, reference, type } = mapping;
  const at = (name: string): readonly string[] => ['fields', mapping.field, name];
  const value = from.kind === 'column' ? from.column : from.kind === 'sql' ? from.sql : from.value;
  return [
    { ...rule(at(from.kind), value), secret: isSensitive && from.kind === 'value' },
    ...(reference === undefined ? [] : [rule([...at('reference'), 'object'], reference.object), rule([...at('reference'), 'key'], reference.key)]),
    rule(at('when'), mapping.when, 'always'),
    rule(at('on_null'), mapping.onNull, 'clear'),
    rule(at('on_drift'), mapping.onDrift, sync.onDrift),
    rule(at('sensitive'), mapping.sensitive, false),
    rule(at('compare'), mapping.compare, 'value'),
    ...(type === undefined ? [] : [rule(at('type'), typeText(type))]),
  ]; // prettier-ignore
}

function rule(path: readonly string[], value: Value, standard?: Value): Property {
  return { path, value, standard, matters: true };
}

function plain(path: readonly string[], value: Value, standard?: Value): Property {
  return { path, value, standard, matters: false };
}

function given(path: string, value: Value | undefined, matters: boolean): readonly Property[] {
  return value === undefined ? [] : [{ path: path.split('.'), value, matters }];
}

/** Options of a connector. */
function optionsOf(path: readonly string[], options: Readonly<Record<string, unknown>>): readonly Property[] {
  return Object.entries(options).toSorted(([a], [b]) => compareText(a, b)).flatMap(([name, value]) => {
    const own = [...path, name];
    if (Array.isArray(value)) return [rule(own, value.map(String))];
    if (typeof value === 'object' && value !== null) return optionsOf(own, value as Readonly<Record<string, unknown>>);
    return [rule(own, value as Value)];
  }); // prettier-ignore
}

/** `target/run_results.json, 3600000 ms at most, model.acme.accounts`. */
function waitText({ shown, maxAgeMs, model }: WaitFor): string {
  return [shown, ...(maxAgeMs === undefined ? [] : [`${maxAgeMs} ms at most`]), ...(model === undefined ? [] : [model.id])].join(', ');
}

/** `decimal(18, 2)`, `timestamp(3, zoned)`. */
function typeText({ kind, ...rest }: FieldType): string {
  const parts = Object.entries(rest).flatMap(([name, value]) => (value === false ? [] : [value === true ? name : String(value)]));
  return parts.length === 0 ? kind : `${kind}(${parts.join(', ')})`;
}

/** `null` and the text "null" are two values, as are a list of two and one text with a comma. */
export function isSame(a: Value, b: Value): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The value is what it is when nobody writes it. */
export function isStandard({ value, standard }: Property): boolean {
  return standard !== undefined && isSame(value, standard);
}

/** The value as people read it; lists joined by commas. A text that would be read as something else is quoted. */
export function valueText(value: Value): string {
  if (isList(value)) return value.map((item) => (item.includes(',') ? JSON.stringify(item) : item)).join(', ');
  return value === 'null' ? '"null"' : String(value);
}

function isList(value: Value): value is readonly string[] {
  return Array.isArray(value);
}

/** As a document; what is as nobody wrote it is left out. */
export function documentOf(sync: Sync, properties: readonly Property[]): Readonly<Record<string, unknown>> {
  const document = emptyTree();
  put(document, ['kind'], 'Sync');
  put(document, ['name'], sync.name);
  for (const property of properties)
    if (!isStandard(property)) put(document, property.path, property.secret === true ? '(sensitive)' : property.value);
  const fields = Object.entries((document['fields'] ?? {}) as Readonly<Record<string, Tree>>);
  return { ...document, fields: Object.fromEntries(fields.map(([name, mapping]) => [name, shortForm(mapping)])) };
}

/** A field of which only the column is said. */
function shortForm(mapping: Tree): Value | Tree {
  const { column, ...rest } = mapping;
  return typeof column === 'string' && Object.keys(rest).length === 0 ? column : mapping;
}

interface Tree {
  [name: string]: Value | Tree;
}

/** Without a prototype: a field may be called `__proto__` or `constructor`. */
function emptyTree(): Tree {
  return Object.create(null) as Tree;
}

function put(tree: Tree, [name = '', ...rest]: readonly string[], value: Value): void {
  if (rest.length === 0) {
    tree[name] = value;
    return;
  }
  const below = (tree[name] ?? emptyTree()) as Tree;
  tree[name] = below;
  put(below, rest, value);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
