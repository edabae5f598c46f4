/** Which field of a refused record it was, where Postgres names only the type. */
import type { PgClient } from '../../postgres/client.ts';
import { PgError } from '../../postgres/errors.ts';
import type { TableColumn } from './describe.ts';
import type { Refusal } from './reject.ts';
import { valueOfText } from './types.ts';
import { type BoundBatch, STAGED } from './write-sql.ts';

/** The refusal, with the field's name where the value alone shows that it cannot be stored. */
export async function explainMisfit(client: PgClient, bound: BoundBatch, pos: number, refusal: Refusal): Promise<Refusal> {
  if (refusal.code !== 'CONVERSION' && refusal.code !== 'STRING_TOO_LONG') return refusal;
  for (const { column, text } of columnsWritten(bound)) {
    if (await isMisfit(client, pos, column, text)) return { ...refusal, message: `field "${column.name}": ${refusal.message}` };
  }
  return refusal;
}

/** Columns that get their value from a text of the batch. */
function columnsWritten(bound: BoundBatch): readonly { readonly column: TableColumn; readonly text: string }[] {
  const after = bound.batch.action === 'delete' ? [] : bound.fields.filter((field) => field.parent === undefined);
  return [
    ...bound.keys.map((column, index) => ({ column, text: `s.k${index}` })),
    ...after.map(({ column, index }) => ({ column, text: `s.a${index}` })),
  ];
}

async function isMisfit(client: PgClient, pos: number, column: TableColumn, text: string): Promise<boolean> {
  const { maxLength, catalog } = column;
  // A cast to a type of bounded length cuts the text instead of refusing it.
  const fits =
    maxLength === undefined
      ? `CASE WHEN CAST(${valueOfText(column, text)} AS ${catalog.modified}) IS NULL THEN 'null' ELSE 'yes' END`
      : `CASE WHEN char_length(rtrim(${text}, ' ')) > ${maxLength} THEN 'no' END`;
  try {
    const [row] = await client.savepoint(async () => client.rows(`SELECT ${fits} AS fits FROM ${STAGED} AS s WHERE s.pos = ${pos}`));
    return row?.['fits'] === 'no';
  } catch (error) {
    if (error instanceof PgError) return true;
    throw error;
  }
}
