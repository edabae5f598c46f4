/** What a query yields, found out by a dry run, which is free. Everything that is not exactly one SELECT ends here. */
import type { BigQueryClient, DryRun, TableField } from '../../bigquery/client.ts';
import type { Column } from '../../canonical/types.ts';
import { UserError } from '../../errors.ts';
import type { Query } from '../source.ts';
import { billedBytes } from './cost.ts';
import { missingTable } from './missing-table.ts';
import { placeQueryError } from './query-error.ts';
import { type Passage, passageOf } from './types.ts';

/** A column of a query: its name and type in the workspace, and how it gets there. */
export interface SourceColumn extends Column {
  readonly passage: Passage;
}

export interface Described {
  readonly columns: readonly SourceColumn[];
  /** Bytes that running it would bill; exact, as text. */
  readonly billed: string;
}

const ONE_SELECT = "a sync's query is one SELECT";

/** Throws `UserError` at the place in the user's file. */
export async function describeQuery(client: BigQueryClient, query: Query): Promise<Described> {
  if (isEmpty(query.sql)) throw refusal(query, `${ONE_SELECT}; this one is empty`);
  const { schema, statementType, ...read } = await dryRun(client, query);
  if (statementType === 'SCRIPT')
    throw refusal(query, `${ONE_SELECT}; this is several statements`, 'Remove the semicolon and everything behind it.');
  // Emulators do not always name the kind of statement.
  const isSelect = statementType === 'SELECT' || (statementType === '' && schema.length > 0);
  if (!isSelect) throw refusal(query, `${ONE_SELECT}; this is ${article(statementType)}`);
  if (schema.length === 0) throw refusal(query, 'the query yields no columns');
  checkNames(schema, query);
  return { columns: schema.map((field) => sourceColumn(field, query)), billed: billedBytes(read) };
}

async function dryRun(client: BigQueryClient, query: Query): Promise<DryRun> {
  try {
    return await client.dryRun(query.sql);
  } catch (error) {
    throw placeQueryError(error, query, { hint: await missingTable(client, error) });
  }
}

/** Nothing but comments. */
function isEmpty(sql: string): boolean {
  return /^(\s|--[^\n]*(\n|$)|#[^\n]*(\n|$)|\/\*[\s\S]*?\*\/)*$/.test(sql);
}

function article(statementType: string): string {
  if (statementType === '') return 'another kind of statement';
  const words = statementType.replaceAll('_', ' ');
  return `${/^[AEIOU]/.test(words) ? 'an' : 'a'} ${words}`;
}

/** Neither BigQuery nor the workspace tells cases of column names apart. */
function checkNames(fields: readonly TableField[], query: Query): void {
  const folded = fields.map(({ name }) => name.toLowerCase());
  const twice = fields.find(({ name }, index) => folded.indexOf(name.toLowerCase()) < index);
  if (twice !== undefined)
    throw refusal(query, `the query yields two columns named "${twice.name}"`, 'Give one of them another name with AS.');
}

function sourceColumn(field: TableField, query: Query): SourceColumn {
  const passage = passageOf(field);
  if ('refused' in passage) throw refusal(query, `the query yields ${passage.refused}: "${field.name}"`, passage.hint);
  return { name: field.name, type: passage.type, passage };
}

function refusal(query: Query, message: string, hint?: string): UserError {
  return new UserError(message, { location: query.lines[0], hint });
}
