/**
 * The statements of one batch. Its changes stand in a temporary table (`pos`, keys `k<i>`, new values `a<i>`, expected
 * values `b<i>`, all exact text). One statement compares with live and writes; a look finds out about what it left alone.
 */
import { canonicalText, canonicalValue } from '../../canonical/canonical.ts';
import type { FieldType } from '../../canonical/types.ts';
import { ident } from '../../workspace/quote.ts';
import type { WriteBatch } from '../destination.ts';
import type { Table, TableColumn } from './describe.ts';
import { columnOf, isNatural, live, type Parent, tableName } from './table-sql.ts';
import { hasKey, holdsText, valueOfText } from './types.ts';

export const STAGED = 'pg_temp.sluice_batch';

/** A batch bound to the table it writes. */
export interface BoundBatch {
  readonly batch: WriteBatch;
  readonly table: Table;
  readonly keys: readonly TableColumn[];
  readonly fields: readonly BoundWrite[];
}

export interface BoundWrite {
  /** Number of its columns in the batch: `a<index>`. */
  readonly index: number;
  readonly name: string;
  readonly type: FieldType;
  readonly column: TableColumn;
  readonly parent: Parent | undefined;
  /** Whether the live value was read when the batch was planned: what was not read is not compared. */
  readonly known: 'all' | 'some' | 'none';
}

/** Fields that repeat a key field are left to the key. */
export function bindBatch(
  batch: WriteBatch,
  table: Table,
  parents: ReadonlyMap<string, Parent>,
  known: readonly BoundWrite['known'][],
): BoundBatch {
  const keys = batch.key.map((key) => columnOf(table, key.field));
  const fields = batch.fields.flatMap(({ field, type }, index): BoundWrite[] => {
    if (keys.some((key) => key.name === field)) return [];
    return [{ index, name: field, type, column: columnOf(table, field), parent: parents.get(field), known: known[index] ?? 'all' }];
  });
  return { batch, table, keys, fields };
}

/** For each field of the batch: is its live value known of all changes, of some, of none? */
export function knownSelect({ fields, relation }: WriteBatch): string {
  const counts = fields.map(
    (_, index) => `CASE WHEN bool_and(h${index}) THEN 'all' WHEN bool_or(h${index}) THEN 'some' ELSE 'none' END AS h${index}`,
  );
  return `SELECT ${counts.length === 0 ? '1' : counts.join(', ')} FROM ${relation} AS s`;
}

// ---- staging

interface StagedColumn {
  readonly name: string;
  readonly type: string;
  /** Its text, over the batch's relation in the workspace. */
  readonly text: string;
}

/** Only what the action needs: a create has no expected values, a delete no new ones. */
function stagedColumns(bound: BoundBatch): readonly StagedColumn[] {
  const { batch, keys, fields } = bound;
  const texts = (names: readonly string[]): StagedColumn[] => names.map((name) => ({ name, type: 'text', text: name }));
  const after = batch.action === 'delete' ? [] : fields;
  const before = batch.action === 'create' ? [] : fields;
  return [
    { name: 'pos', type: 'int', text: 'CAST(pos AS VARCHAR)' },
    ...texts(keys.map((_, index) => `k${index}`)),
    ...texts(after.map(({ index }) => `a${index}`)),
    ...texts(before.filter(({ known }) => known !== 'none').map(({ index }) => `b${index}`)),
    ...before.flatMap(({ index, known }) =>
      known === 'some' ? [{ name: `h${index}`, type: 'bool', text: `CAST(h${index} AS VARCHAR)` }] : [],
    ),
    ...writtenParents(bound).map(({ index, parent }) => ({ name: `p${index}`, type: 'text', text: parentText(parent, `a${index}`) })),
  ];
}

/** The parent's key as its type writes it; null for what cannot be one. */
function parentText({ key }: Parent, text: string): string {
  return canonicalText(key.type, canonicalValue(key.type, { sql: text, type: 'VARCHAR' }));
}

/** The temporary table goes with the transaction: the session may be another's afterwards. */
export function createStaged(bound: BoundBatch): string {
  return `CREATE TEMP TABLE sluice_batch (${stagedColumns(bound).map(({ name, type }) => `${name} ${type}`).join(', ')}) ON COMMIT DROP`; // prettier-ignore
}

export function copyStaged(bound: BoundBatch): string {
  return `COPY ${STAGED} (${stagedColumns(bound).map(({ name }) => name).join(', ')}) FROM STDIN`; // prettier-ignore
}

/** The batch in the workspace, as what is copied: text columns only. */
export function stagedSelect(bound: BoundBatch): string {
  const columns = stagedColumns(bound).map(({ name, text }) => `${text} AS ${name}`);
  return `SELECT ${columns.join(', ')} FROM ${bound.batch.relation} AS s ORDER BY s.pos`;
}

// ---- references

export interface WrittenParent extends BoundWrite {
  readonly parent: Parent;
}

/** References whose stored value has to be looked up, in batches that write values. */
export function writtenParents({ batch, fields }: BoundBatch): readonly WrittenParent[] {
  if (batch.action === 'delete') return [];
  return fields.flatMap((field) => (field.parent === undefined ? [] : [{ ...field, parent: field.parent }]));
}

function parentTable(field: BoundWrite): string {
  return `pg_temp.sluice_parent_${field.index}`;
}

/** What the field stores for each parent that the batch names, by its key's text. */
export function createParents(field: WrittenParent): string {
  const { index, parent } = field;
  const [key, target] = [ident(parent.key.name), ident(parent.target.name)];
  return `
    CREATE TEMP TABLE sluice_parent_${index} ON COMMIT DROP AS
    SELECT n.name, (array_agg(w.${target}))[1] AS id, count(*) AS copies
    FROM (SELECT DISTINCT p${index} AS name FROM ${STAGED} WHERE p${index} IS NOT NULL) AS n
    JOIN ${tableName(parent.table)} AS w ON ${hasKey(parent.key, `w.${key}`, 'n.name')} GROUP BY n.name`;
}

/** Changes whose parent does not exist, or is not the only one of its key. */
export function orphansSelect(parents: readonly WrittenParent[]): string {
  const each = parents.map(
    (field) => `
      SELECT s.pos, CASE WHEN r.name IS NULL THEN 'orphan' ELSE 'ambiguous' END AS verdict, ${field.index} AS field
      FROM ${STAGED} AS s LEFT JOIN ${parentTable(field)} AS r ON r.name = s.p${field.index}
      WHERE s.a${field.index} IS NOT NULL AND (r.name IS NULL OR r.copies > 1)`,
  );
  return `SELECT DISTINCT ON (pos) pos::text, verdict, field::text FROM (${each.join(' UNION ALL ')}) AS o ORDER BY pos, field`;
}

/** Takes changes out of the batch: they have their outcome. */
export const REMOVE_STAGED = `DELETE FROM ${STAGED} WHERE pos = ANY (CAST($1 AS int[]))`;

// ---- comparing

function keyMatch(keys: readonly TableColumn[]): string {
  return keys.map((key, index) => `${live(key)} = ${valueOfText(key, `s.k${index}`)}`).join(' AND ');
}

/** Live is what the plan saw. */
function holdsBefore(field: BoundWrite): string {
  const { index, known } = field;
  if (known === 'none') return 'true';
  const holds =
    field.parent === undefined
      ? holdsText(field.column, field.type, live(field.column), `s.b${index}`)
      : holdsParent(field, field.parent, `s.b${index}`);
  return known === 'some' ? `(NOT s.h${index} OR ${holds})` : holds;
}

/** Live is what would be written. */
function holdsAfter(field: BoundWrite): string {
  const { index, parent, column } = field;
  if (parent === undefined) return holdsText(column, field.type, live(column), `s.a${index}`);
  return `(CASE WHEN s.a${index} IS NULL THEN ${live(column)} IS NULL ELSE s.p${index} IS NOT NULL AND ${holdsParent(field, parent, `s.p${index}`)} END)`;
}

/** A stored reference as its parent's key; `#` and the stored value where there is no such parent. */
function holdsParent(field: BoundWrite, parent: Parent, text: string): string {
  const value = live(field.column);
  if (isNatural(parent)) return holdsText(field.column, field.column.type, value, text);
  const key = `(SELECT w.${ident(parent.key.name)} FROM ${tableName(parent.table)} AS w WHERE w.${ident(parent.target.name)} = ${value} LIMIT 1)`;
  const dangling = `${text} = '#' || CAST(${value} AS text)`;
  const isText = parent.key.type.kind === 'text' && parent.key.type.native === undefined;
  const byKey = holdsText(parent.key, parent.key.type, key, text);
  return `(CASE WHEN ${value} IS NULL THEN ${text} IS NULL WHEN ${text} IS NULL THEN false
    WHEN ${key} IS NULL THEN ${dangling} ${isText ? '' : `WHEN ${text} LIKE '#%' THEN false`} ELSE ${byKey} END)`;
}

function all(conditions: readonly string[]): string {
  return conditions.length === 0 ? 'true' : `(${conditions.join(' AND ')})`;
}

/** What will not be written, and why; all that is staged, or these positions of it. Updates and deletes lock their records: until the transaction ends, nothing moves. */
export function lookSelect(bound: BoundBatch, positions?: readonly number[]): string {
  const { batch, table, fields } = bound;
  const within = positions === undefined ? '' : ` AND s.pos = ANY ('{${positions.join(',')}}')`;
  const match = `${STAGED} AS s JOIN ${tableName(table)} AS t ON ${keyMatch(bound.keys)}${within}`;
  const same = all(fields.map((field) => holdsAfter(field)));
  if (batch.action === 'create') {
    return `SELECT s.pos::text, CASE WHEN ${same} THEN 'same' ELSE 'exists' END AS verdict, NULL AS field FROM ${match}`;
  }
  const unmoved = all(fields.map((field) => holdsBefore(field)));
  const moved = fields.map((field) => `WHEN NOT ${holdsBefore(field)} THEN ${field.index}`);
  const otherwise = batch.action === 'delete' ? `'moved'` : `CASE WHEN ${same} THEN 'same' ELSE 'moved' END`;
  return `
    WITH seen AS MATERIALIZED (
      SELECT s.pos, CASE WHEN ${unmoved} THEN 'write' ELSE ${otherwise} END AS verdict,
        ${moved.length === 0 ? 'NULL' : `CASE ${moved.join(' ')} END`} AS field
      FROM ${match} FOR UPDATE OF t)
    SELECT s.pos::text, coalesce(v.verdict, 'gone') AS verdict, v.field::text FROM ${STAGED} AS s LEFT JOIN seen AS v ON v.pos = s.pos
    WHERE v.verdict IS DISTINCT FROM 'write'${within}`;
}

/** Positions of what was written and does not stand there as it was sent: triggers and rules may have changed it. */
export function alteredSelect(bound: BoundBatch): string {
  const same = all(bound.fields.map((field) => holdsAfter(field)));
  return `SELECT s.pos::text FROM ${STAGED} AS s WHERE NOT EXISTS (SELECT FROM ${tableName(bound.table)} AS t WHERE ${keyMatch(bound.keys)} AND ${same})`;
}

// ---- writing

/** A part of what is staged, as SQL expressions: positions from `from` to before `to`; each row passes through `mark`. */
export interface Part {
  readonly from: string;
  readonly to: string;
  readonly mark: (position: string) => string;
}

/** Compares and writes in one statement; what is not as expected is left alone. */
export function writeStatement(bound: BoundBatch, part?: Part): string {
  const { batch, table, keys, fields } = bound;
  const target = tableName(table);
  const parents = writtenParents(bound).map(
    (field) => ` LEFT JOIN ${parentTable(field)} AS r${field.index} ON r${field.index}.name = s.p${field.index}`,
  );
  const from = `${STAGED} AS s${parents.join('')}`;
  const within = part === undefined ? [] : [`s.pos >= ${part.from}`, `s.pos < ${part.to}`];
  const where = [keyMatch(keys), ...fields.map((field) => holdsBefore(field)), ...within].join(' AND ');
  switch (batch.action) {
    case 'create': {
      const written = marked(
        table,
        [...keys.map((column, index) => ({ column, value: valueOfText(column, `s.k${index}`) })), ...stored(fields)],
        part,
      );
      const onlyPart = within.length === 0 ? '' : ` WHERE ${within.join(' AND ')}`;
      return `INSERT INTO ${target} (${written.map(({ column }) => ident(column.name)).join(', ')})
        SELECT ${written.map(({ value }) => value).join(', ')} FROM ${from}${onlyPart}
        ON CONFLICT (${keys.map((key) => ident(key.name)).join(', ')}) DO NOTHING`;
    }
    case 'update': {
      // A batch that maps its key alone touches its records all the same: they are there.
      const own = fields.length > 0 ? stored(fields) : keys.slice(0, 1).map((column) => ({ column, value: live(column) }));
      const sets = marked(table, own, part).map(({ column, value }) => `${ident(column.name)} = ${value}`);
      return `UPDATE ${target} AS t SET ${sets.join(', ')} FROM ${from} WHERE ${where}`;
    }
    case 'delete':
      return `DELETE FROM ${target} AS t USING ${STAGED} AS s WHERE ${where}`;
  }
}

interface WrittenValue {
  readonly column: TableColumn;
  readonly value: string;
}

function stored(fields: readonly BoundWrite[]): readonly WrittenValue[] {
  return fields.map((field) => ({ column: field.column, value: storedValue(field) }));
}

/** The value of the column that comes first in the table is computed first: it marks the row. */
function marked({ columns }: Table, values: readonly WrittenValue[], part: Part | undefined): readonly WrittenValue[] {
  const first = columns.find((column) => values.some((each) => each.column === column));
  if (part === undefined || first === undefined) return values;
  return values.map(({ column, value }) => ({
    column,
    value: column === first ? `CASE WHEN ${part.mark('s.pos')} THEN ${value} END` : value,
  }));
}

function storedValue(field: BoundWrite): string {
  return field.parent === undefined ? valueOfText(field.column, `s.a${field.index}`) : `r${field.index}.id`;
}
