/** The rows of a batch as files for Bulk API 2.0: written by DuckDB, every column in every file, whatever the first row has. */
import { literal, ident } from '../../workspace/quote.ts';
import type { BoundBatch, WireColumn } from './columns.ts';
import { STAGED, TRIMMED } from './stage.ts';

/** Rows that may go by Bulk API 2.0: `pos`, `shape` (which parents a row has), `part` (which file it goes into), `place` in it. */
export const SORTED = 'temp.main.salesforce_bulk';

/** In a cell: clear the field. */
const CLEAR = '#N/A';

/** An upload may have 150 MB in base64 (documentation of API 67.0, 2026-11): this many bytes are 133 MB then. */
const MAX_FILE = 100_000_000;
/** Characters of one field and of one record that Bulk API 2.0 takes. */
const MAX_FIELD = 32_000;
const MAX_RECORD = 400_000;

/** One file: rows that have the same columns. */
export interface Part {
  readonly shape: string;
  readonly part: number;
  readonly rows: number;
}

/**
 * Sorts the staged rows into files; a shape of fewer than `least` rows is not worth a job. A row with a parent names it by its key
 * and a row without one clears the field itself, which is another column: so they go into different files. Rows of one parent
 * stand together, so that they are seldom worked on by two threads of Salesforce at a time.
 */
export async function sortIntoFiles(bound: BoundBatch, least: number, maxFile = MAX_FILE): Promise<readonly Part[]> {
  const { batch, columns } = bound;
  const texts = ['k', ...columns.map((_, place) => `w${place}`)];
  const parents = columns.flatMap(({ parent }, place) => (parent === undefined ? [] : [`w${place}`]));
  const shape = parents.map((text) => `CASE WHEN ${text} IS NULL THEN '0' ELSE '1' END`).join(' || ');
  const order = ['shape', ...parents, 'pos'].join(', ');
  await batch.workspace.run(`
    CREATE OR REPLACE TEMP TABLE ${SORTED} AS
    WITH shaped AS (SELECT *, ${shape === '' ? "''" : shape} AS shape, ${cells(texts)} AS bytes FROM ${STAGED} WHERE NOT (${misfit(texts)})),
    worth AS (SELECT * FROM shaped QUALIFY count(*) OVER (PARTITION BY shape) >= ${least})
    SELECT pos, shape, row_number() OVER (ORDER BY ${order}) AS place,
      CAST((sum(bytes) OVER (PARTITION BY shape ORDER BY ${order} ROWS UNBOUNDED PRECEDING) - bytes) // ${maxFile} AS INTEGER) AS part
    FROM worth`);
  const rows = await batch.workspace.rows(`SELECT shape, part, count(*) AS rows FROM ${SORTED} GROUP BY ALL ORDER BY shape, part`);
  return rows.map((row) => ({ shape: String(row['shape']), part: Number(row['part']), rows: Number(row['rows']) }));
}

/** Bytes of the cells, with their quotes and a delimiter. Ids are shorter than keys may be. */
function cells(texts: readonly string[]): string {
  return texts.map((text) => `coalesce(strlen(replace(${text}, '"', '""')), 4) + 22`).join(' + ');
}

/** What a CSV file cannot say: text that means "clear" there, and text that is too long. */
function misfit(texts: readonly string[]): string {
  const each = texts.map((text) => `coalesce(${TRIMMED(text)} = ${literal(CLEAR)} OR length(${text}) > ${MAX_FIELD}, false)`);
  const all = texts.map((text) => `coalesce(length(${text}), 0)`).join(' + ');
  return `${each.join(' OR ')} OR ${all} > ${MAX_RECORD}`;
}

/** SQL that holds for staged rows of the part. */
export function inPart({ shape, part }: Part): string {
  return `b.shape = ${literal(shape)} AND b.part = ${part}`;
}

/** Lines end in LF. The first column is what results are matched by. */
export async function writeFile(bound: BoundBatch, part: Part, file: string): Promise<void> {
  const { batch, columns, key } = bound;
  const parents = columns.filter(({ parent }) => parent !== undefined);
  const identity = batch.action === 'create' ? `k AS ${ident(key.field)}` : 'id AS "Id"';
  const values = columns.map(
    (column, place) => `${cell(`w${place}`)} AS ${ident(header(column, part.shape[parents.indexOf(column)] === '1'))}`,
  );
  // Sorting would hold the file in memory: only rows with parents need it.
  const order = parents.length === 0 ? '' : 'ORDER BY b.place';
  await batch.workspace.run(
    `COPY (SELECT ${[identity, ...values].join(', ')} FROM ${STAGED} AS s JOIN ${SORTED} AS b ON b.pos = s.pos WHERE ${inPart(part)} ${order})
     TO ${literal(file)} (FORMAT csv, HEADER true, DELIMITER ',', QUOTE '"', ESCAPE '"', FORCE_QUOTE *)`,
  );
}

/** An empty cell leaves a field alone, and Salesforce stores white space as nothing. */
function cell(text: string): string {
  return `CASE WHEN coalesce(${TRIMMED(text)}, '') = '' THEN ${literal(CLEAR)} ELSE ${text} END`;
}

/** `Account.Ext__c`; `Contact:Who.Ext__c` where the parent may be of several objects. */
function header({ field, parent }: WireColumn, hasParent: boolean): string {
  if (parent === undefined || !hasParent) return field;
  return `${parent.object === undefined ? '' : `${parent.object}:`}${parent.relationship}.${parent.key}`;
}
