/** Postgres types as field types; exact text as values of Postgres types; and when a stored value is what a text says. */
import { UNBOUNDED_DECIMAL } from '../../canonical/canonical.ts';
import type { FieldType } from '../../canonical/types.ts';
import { literal } from '../../workspace/quote.ts';

/** What the catalog says about the type of a column; of a domain, about what it is made of. */
export interface CatalogType {
  /** Name of the type in the catalog: `int4`, `bpchar`, `_text`. */
  readonly base: string;
  /** With its modifier: `numeric(10,2)`. */
  readonly modified: string;
  /** Without: a cast to it cuts nothing off. Quoted and qualified where it has to be. */
  readonly plain: string;
  /** `b` base, `e` enum, `c` composite, `r` range, `m` multirange, `a` array. */
  readonly kind: string;
  readonly labels?: readonly string[] | undefined;
}

export interface TypeInfo {
  readonly catalog: CatalogType;
  readonly type: FieldType;
  /** Unicode characters. */
  readonly maxLength?: number | undefined;
  /** The only values of an enum. */
  readonly allowed?: readonly string[] | undefined;
  readonly readOnlyReason?: string | undefined;
}

const INTEGERS: Readonly<Record<string, FieldType>> = {
  int2: { kind: 'integer', min: '-32768', max: '32767' },
  int4: { kind: 'integer', min: '-2147483648', max: '2147483647' },
  int8: { kind: 'integer', min: '-9223372036854775808', max: '9223372036854775807' },
  oid: { kind: 'integer', min: '0', max: '4294967295' },
};

const PLAIN: Readonly<Record<string, FieldType>> = {
  ...INTEGERS,
  bool: { kind: 'boolean' },
  float4: { kind: 'float', bits: 32 },
  float8: { kind: 'float', bits: 64 },
  date: { kind: 'date' },
  json: { kind: 'json' },
  jsonb: { kind: 'json' },
  bytea: { kind: 'bytes' },
  uuid: { kind: 'text', native: 'UUID' },
  time: { kind: 'text', native: 'TIME' },
  timetz: { kind: 'text', native: 'TIME WITH TIME ZONE' },
  interval: { kind: 'text', native: 'INTERVAL' },
};

/** The field type of a column. What is not known is text in Postgres' own notation. */
export function typeInfo(catalog: CatalogType): TypeInfo {
  const plain = PLAIN[catalog.base];
  if (catalog.kind === 'b' && plain !== undefined) return { catalog, type: plain };
  if (isMade(catalog)) return { catalog, type: { kind: 'json' } };
  if (catalog.kind === 'e') return { catalog, type: { kind: 'text' }, allowed: catalog.labels ?? [] };
  if (catalog.base === 'numeric') return { catalog, type: numericType(catalog.modified) };
  if (catalog.base === 'timestamp' || catalog.base === 'timestamptz') return { catalog, type: timestampType(catalog) };
  return { catalog, type: { kind: 'text' }, maxLength: maxLength(catalog), readOnlyReason: UNFIT[catalog.base] };
}

const UNFIT: Readonly<Record<string, string>> = { money: 'what a `money` value says depends on a setting of the server: use `numeric`' };

/** Arrays and composites: made from JSON and shown as JSON. */
function isMade({ kind }: CatalogType): boolean {
  return kind === 'a' || kind === 'c';
}

/** DuckDB's decimals have up to 38 digits; a number without bounds, or with more, is compared as exact text. */
function numericType(modified: string): FieldType {
  const [, precision = '0', scale = '0'] = /^numeric\((\d+),(-?\d+)\)$/.exec(modified) ?? [];
  const [p, s] = [Number(precision), Number(scale)];
  return p > 0 && p <= 38 && s >= 0 && s <= p ? { kind: 'decimal', precision: p, scale: s } : { kind: 'text', native: UNBOUNDED_DECIMAL };
}

/** Postgres rounds to any number of digits from 0 to 6. */
function timestampType({ base, modified }: CatalogType): FieldType {
  const digits = Number(/^timestamp\((\d)\)/.exec(modified)?.[1] ?? '6');
  return { kind: 'timestamp', precision: digits === 0 ? 0 : digits <= 3 ? 3 : 6, zoned: base === 'timestamptz' };
}

function maxLength({ modified }: CatalogType): number | undefined {
  const bound = /^(?:character varying|character|bpchar)\((\d+)\)$/.exec(modified)?.[1];
  return bound === undefined ? undefined : Number(bound);
}

const TEXTS: ReadonlySet<string> = new Set(['text', 'varchar', 'bpchar', 'citext']);

/** Types whose `=` tells exactly what is the same, and whose input takes every exact text of their field type. */
const COMPARABLE: ReadonlySet<string> = new Set([...Object.keys(INTEGERS), 'numeric', 'bool', 'float4', 'float8', 'date', 'timestamp', 'timestamptz', 'uuid', 'time', 'timetz', 'jsonb']); // prettier-ignore

/**
 * SQL of what is stored, from SQL of an exact text. Fails on text that is no such value. Without the modifier of the type:
 * a cast to `varchar(5)` cuts a text to its length, while the assignment refuses it.
 */
export function valueOfText({ catalog, type }: TypeInfo, text: string): string {
  if (TEXTS.has(catalog.base)) return catalog.base === 'text' || catalog.base === 'varchar' ? text : `CAST(${text} AS ${catalog.plain})`;
  if (type.kind === 'bytes') return `decode(${text}, 'base64')`;
  if (isMade(catalog))
    return `(SELECT r.v FROM jsonb_to_record(jsonb_build_object('v', CAST(${text} AS jsonb))) AS r (v ${catalog.plain}))`;
  return `CAST(${text} AS ${catalog.plain})`;
}

/** Like {@link valueOfText}, for a text that the workspace knows to be of the field's type: never fails, null where no record can have it. */
export function lookupOfText(info: TypeInfo, text: string): string {
  const { catalog } = info;
  if (catalog.labels === undefined) return valueOfText(info, text);
  const known = catalog.labels.map((label) => literal(label)).join(', ');
  return `CAST(CASE WHEN ${text} IN (${known === '' ? 'NULL' : known}) THEN ${text} END AS ${catalog.plain})`;
}

/** Records are looked up by the value, through the index; where texts of the type may be no value, by what Postgres shows. */
export function hasKey(info: TypeInfo, live: string, text: string): string {
  const { catalog, type } = info;
  const byValue = TEXTS.has(catalog.base) || COMPARABLE.has(catalog.base) || type.kind === 'bytes' || catalog.kind === 'e';
  if (byValue) return `${live} = ${lookupOfText(info, text)}`;
  if (isMade(catalog)) return `to_jsonb(${live}) = CAST(${text} AS jsonb)`;
  return `${shownText(info.catalog, live)} = ${text}`;
}

/** What Postgres shows of a value. The cast of an `inet` adds a mask that its output leaves out. */
export function shownText({ base }: CatalogType, live: string): string {
  return base === 'inet' ? `CASE WHEN ${live} IS NOT NULL THEN concat(${live}) END` : `CAST(${live} AS text)`;
}

/**
 * The stored value is what the exact text says, in the field type that the text was made for. Texts are compared to the
 * byte, whatever their collation; types without an exact `=` (`interval`, `json`, `box`) as Postgres writes them.
 */
export function holdsText(info: TypeInfo, type: FieldType, live: string, text: string): string {
  const { catalog } = info;
  if (JSON.stringify(type) !== JSON.stringify(info.type)) return holdsOtherType(info, type, live, text);
  const same = (left: string, right: string): string => `(${left} IS NOT DISTINCT FROM ${right})`;
  const exact = (sql: string): string => `CAST(${sql} AS text) COLLATE "C"`;
  if (catalog.base === 'bpchar') return same(exact(live), `rtrim(${text}, ' ')`);
  if (TEXTS.has(catalog.base) || catalog.base === 'json' || catalog.kind === 'e') return same(exact(live), text);
  if (isMade(catalog)) return same(`to_jsonb(${live})`, `CAST(${text} AS jsonb)`);
  if (type.kind === 'decimal') return same(finite(live), valueOfText(info, text));
  if (COMPARABLE.has(catalog.base) || type.kind === 'bytes') return same(live, valueOfText(info, text));
  return same(exact(live), exact(valueOfText(info, text)));
}

/** A bounded decimal has no NaN in the workspace: it is read as null. */
export function finite(live: string): string {
  return `nullif(${live}, 'NaN')`;
}

const NUMBER = literal(String.raw`^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*$`);

/** A sync may give a field another type than its column has: the stored value is seen in that type. */
function holdsOtherType({ catalog }: TypeInfo, type: FieldType, live: string, text: string): string {
  const [shown, expected] = [`CAST(${live} AS text)`, `CAST(${text} AS text)`];
  const same = (left: string, right: string): string => `(${left} IS NOT DISTINCT FROM ${right})`;
  switch (type.kind) {
    case 'integer':
    case 'decimal': {
      const scale = type.kind === 'decimal' ? type.scale : 0;
      const number = `CASE WHEN ${shown} ~ ${NUMBER} THEN round(CAST(${shown} AS numeric), ${scale}) END`;
      return same(number, `CAST(${text} AS numeric)`);
    }
    case 'timestamp': {
      if (!catalog.base.startsWith('timestamp')) return same(shown, expected);
      const unit = type.precision === 0 ? 'second' : type.precision === 3 ? 'milliseconds' : 'microseconds';
      return same(`date_trunc('${unit}', CAST(${live} AS timestamp))`, `CAST(${text} AS timestamp)`);
    }
    case 'date':
      return catalog.base.startsWith('timestamp') ? same(`CAST(${live} AS date)`, `CAST(${text} AS date)`) : same(shown, expected);
    case 'set':
      return same(membersOf(catalog, live), `(SELECT array_agg(DISTINCT e COLLATE "C" ORDER BY e COLLATE "C") FROM jsonb_array_elements_text(CAST(${text} AS jsonb)) AS e)`); // prettier-ignore
    case 'float':
      return same(`CASE WHEN ${shown} ~ ${NUMBER} THEN CAST(${shown} AS float8) END`, `CAST(${text} AS float8)`);
    case 'boolean':
    case 'text':
    case 'json':
    case 'bytes':
      return same(shown, expected);
  }
}

/** A list of any kind, or text with `;` between its values, as its distinct values in order; null where there are none or it is no list. */
function membersOf(catalog: CatalogType, live: string): string {
  const ordered = (from: string): string =>
    `(SELECT array_agg(DISTINCT e COLLATE "C" ORDER BY e COLLATE "C") FROM ${from} WHERE e IS NOT NULL)`;
  const list = (json: string): string => ordered(`jsonb_array_elements_text(CASE jsonb_typeof(${json}) WHEN 'array' THEN ${json} ELSE '[]' END) AS e`); // prettier-ignore
  if (!TEXTS.has(catalog.base)) return list(`to_jsonb(${live})`);
  const parts = ordered(
    `(SELECT nullif(btrim(part, E' \\t\\r\\n'), '') AS e FROM regexp_split_to_table(CAST(${live} AS text), ';') AS part) AS parts`,
  );
  return `CASE WHEN ltrim(CAST(${live} AS text), E' \\t\\r\\n') LIKE '[%' THEN ${list(`CAST(${live} AS jsonb)`)} ELSE ${parts} END`;
}
