/**
 * The statements of one batch. Its changes stand in a relation of the workspace (see `WriteBatch`); a verdict on each, from
 * the live record, decides what the one writing statement touches.
 */
import { exactText, type RawValue } from '../../canonical/canonical.ts';
import { FUNCTIONS } from '../../canonical/functions.ts';
import type { FieldType } from '../../canonical/types.ts';
import { ident } from '../../workspace/quote.ts';
import type { WriteBatch } from '../destination.ts';
import type { Table, TableColumn } from './describe.ts';
import { columnOf, keyJoin, liveField, type LiveField, type Parent, tableName } from './table-sql.ts';
import { lookupOfText, valueOfText } from './types.ts';

const VERDICT = 'sluice_verdict';

/** A batch bound to the table it writes. */
export interface BoundBatch {
  readonly batch: WriteBatch;
  readonly table: Table;
  readonly keys: readonly TableColumn[];
  readonly fields: readonly BoundWrite[];
}

export interface BoundWrite {
  /** Its place among the fields of the batch: its values are the columns `a<index>`, `b<index>`, `h<index>`. */
  readonly index: number;
  readonly name: string;
  readonly type: FieldType;
  readonly column: TableColumn;
  readonly parent: Parent | undefined;
  readonly live: LiveField;
}

/** Fields that repeat a key field are left to the key. */
export function bindBatch(batch: WriteBatch, table: Table, parents: ReadonlyMap<string, Parent>): BoundBatch {
  const keys = batch.key.map((key) => columnOf(table, key.field));
  const fields = batch.fields.flatMap(({ field, type }, index): BoundWrite[] => {
    if (keys.some((key) => key.name === field)) return [];
    const parent = parents.get(field);
    // A reference is compared as its parent's key, which is text on both sides.
    const compared: FieldType = parent === undefined ? type : { kind: 'text' };
    const live = liveField(table, field, parent, index);
    return [{ index, name: field, type: compared, column: columnOf(table, field), parent, live }];
  });
  return { batch, table, keys, fields };
}

/**
 * A row for each change that has one: its verdict, the field it is about, the live row, the ids of the parents it points at.
 * Creates without references have one only where the record exists. No aggregate: it would double the cost of a batch.
 */
export function createVerdicts(bound: BoundBatch): string {
  const parents = writtenParents(bound);
  const ids = parents.map(({ index }) => `, r${index}.id AS id${index}`);
  const join = bound.batch.action === 'create' && parents.length === 0 ? 'JOIN' : 'LEFT JOIN';
  return `
    CREATE OR REPLACE TEMP TABLE ${VERDICT} AS
    SELECT s.pos, t.rowid AS rid, ${verdictOf(bound)} AS verdict, ${firstField(bound)} AS field${ids.join('')}
    FROM ${bound.batch.relation} AS s ${join} ${tableName(bound.table)} AS t ON ${keyJoin(bound.keys, 's')}
    ${bound.fields.map((field) => field.live.join).join('')}${parents.map((field) => parentLookup(bound.batch, field)).join('')}`;
}

/** A key that several live records have: none of them is touched. Undefined where a constraint rules it out. */
export function markCopies({ batch, table }: BoundBatch): string | undefined {
  const names = batch.key.map((key) => key.field);
  const isUnique = table.schema.uniqueKeys.some((key) => key.every((name) => names.includes(name)));
  if (isUnique) return undefined;
  return `UPDATE temp.main.${VERDICT} SET verdict = 'copies' WHERE pos IN (SELECT pos FROM temp.main.${VERDICT} GROUP BY pos HAVING count(*) > 1)`;
}

function verdictOf(bound: BoundBatch): string {
  const { action } = bound.batch;
  const orphans = writtenParents(bound).flatMap((field) => [
    `WHEN ${isOrphan(field)} THEN 'orphan'`,
    `WHEN r${field.index}.copies > 1 THEN 'ambiguous'`,
  ]);
  const write = `${orphans.join(' ')} ELSE 'write'`;
  const same = `WHEN ${all(bound.fields.map((field) => holdsAfter(field)))} THEN 'same'`;
  const moved = `NOT ${all(bound.fields.map((field) => holdsBefore(field)))}`;
  switch (action) {
    case 'create':
      return `CASE WHEN t.rowid IS NOT NULL THEN CASE ${same} ELSE 'exists' END ${write} END`;
    case 'update':
      return `CASE WHEN t.rowid IS NULL THEN 'gone' WHEN ${moved} THEN CASE ${same} ELSE 'moved' END ${write} END`;
    case 'delete':
      return `CASE WHEN t.rowid IS NULL THEN 'gone' WHEN ${moved} THEN 'moved' ELSE 'write' END`;
  }
}

/** The field that a `moved`, `orphan` or `ambiguous` is about. */
function firstField(bound: BoundBatch): string {
  const orphans = writtenParents(bound).map((field) => `WHEN ${isOrphan(field)} OR r${field.index}.copies > 1 THEN ${field.index}`);
  const moved = bound.fields.map((field) => `WHEN t.rowid IS NOT NULL AND NOT ${holdsBefore(field)} THEN ${field.index}`);
  const cases = bound.batch.action === 'create' ? orphans : [...moved, ...orphans];
  return cases.length === 0 ? 'NULL' : `CASE ${cases.join(' ')} END`;
}

/** Live is what the plan saw; a field that could not be read then is written without a look at it. */
function holdsBefore(field: BoundWrite): string {
  return `(NOT s.h${field.index} OR ${holdsText(field, `s.b${field.index}`)})`;
}

/** Live is what would be written. */
function holdsAfter(field: BoundWrite): string {
  return holdsText(field, `s.a${field.index}`);
}

/**
 * The very same text; JSON by meaning, because a plan that read nothing knows its canonical form only. What is no JSON, such as
 * a struct with an infinite number in it, is its text.
 */
function holdsText(field: BoundWrite, text: string): string {
  const live = exactText(field.type, raw(field));
  if (field.type.kind !== 'json') return `(${live} IS NOT DISTINCT FROM ${text})`;
  const meaning = (value: string): string => `coalesce(${FUNCTIONS.json}(${value}), ${value})`;
  return `(${meaning(live)} IS NOT DISTINCT FROM ${meaning(text)})`;
}

function raw(field: BoundWrite): RawValue {
  return { sql: field.live.sql, type: field.live.type };
}

function all(conditions: readonly string[]): string {
  return conditions.length === 0 ? 'true' : `(${conditions.join(' AND ')})`;
}

/** References whose stored value has to be looked up, in batches that write values. */
function writtenParents({ batch, fields }: BoundBatch): readonly BoundWrite[] {
  return batch.action === 'delete' ? [] : fields.filter((field) => field.parent !== undefined);
}

function isOrphan(field: BoundWrite): string {
  return `(s.a${field.index} IS NOT NULL AND r${field.index}.id IS NULL)`;
}

/** Ids of the parents that the batch names, by their key's text. */
function parentLookup(batch: WriteBatch, field: BoundWrite): string {
  const { index, parent } = field;
  if (parent === undefined) return '';
  const found = `w.${ident(parent.key.name)} = ${lookupOfText(parent.key.native, 'n.name')}`;
  return `
    LEFT JOIN (SELECT n.name, any_value(w.${ident(parent.target.name)}) AS id, count(*) AS copies
      FROM (SELECT DISTINCT a${index} AS name FROM ${batch.relation} AS s WHERE a${index} IS NOT NULL) AS n
      JOIN ${tableName(parent.table)} AS w ON ${found} GROUP BY n.name) AS r${index} ON r${index}.name = s.a${index}`;
}

/** Whatever will not be written, and why. */
export const SKIPPED = `SELECT DISTINCT ON (pos) pos, verdict, field FROM temp.main.${VERDICT} WHERE verdict <> 'write'`;

function toWrite({ batch }: BoundBatch): string {
  return `${batch.relation} AS s LEFT JOIN temp.main.${VERDICT} AS v ON v.pos = s.pos WHERE coalesce(v.verdict, 'write') = 'write'`;
}

/** The statement that writes every change whose verdict is `write`. */
export function writeStatement(bound: BoundBatch): string {
  const target = tableName(bound.table);
  switch (bound.batch.action) {
    case 'create': {
      const names = [...bound.keys, ...bound.fields.map((field) => field.column)].map((column) => ident(column.name));
      const keys = bound.keys.map((key, index) => valueOfText(key.native, `s.k${index}`));
      const values = bound.fields.map((field) => storedValue(field));
      return `INSERT INTO ${target} (${names.join(', ')}) SELECT ${[...keys, ...values].join(', ')} FROM ${toWrite(bound)}`;
    }
    case 'update': {
      const sets = bound.fields.map((field) => `${ident(field.name)} = n.a${field.index}`);
      const news = bound.fields.map((field) => `, ${storedValue(field)} AS a${field.index}`);
      return `UPDATE ${target} AS t SET ${sets.join(', ')} FROM (SELECT v.rid${news.join('')} FROM ${toWrite(bound)}) AS n WHERE t.rowid = n.rid`;
    }
    case 'delete':
      return `DELETE FROM ${target} WHERE rowid IN (SELECT rid FROM temp.main.${VERDICT} WHERE verdict = 'write')`;
  }
}

function storedValue(field: BoundWrite): string {
  if (field.parent !== undefined) return `v.id${field.index}`;
  return valueOfText(field.column.native, `s.a${field.index}`);
}

/** For a batch of one whose values could not be converted: the positions, in {@link columnsWritten}, of those that are no value of their column. */
export function misfits(bound: BoundBatch): string {
  const tests = columnsWritten(bound).map(({ column, text }) => `${text} IS NOT NULL AND ${lookupOfText(column.native, text)} IS NULL`);
  return `SELECT [${tests.join(', ')}] AS misfits FROM ${bound.batch.relation} AS s`;
}

/** Columns that get their value from a text of the batch. */
export function columnsWritten(bound: BoundBatch): readonly { readonly column: TableColumn; readonly text: string }[] {
  return [
    ...bound.keys.map((column, index) => ({ column, text: `k${index}` })),
    ...bound.fields.filter((field) => field.parent === undefined).map(({ column, index }) => ({ column, text: `a${index}` })),
  ];
}
