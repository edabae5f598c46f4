/** What Postgres refuses, as a code and a sentence that holds no value; and failures that no record is to blame for. */
import { UserError } from '../../errors.ts';
import { PgError, pgErrorOf } from '../../postgres/errors.ts';
import { ident } from '../../workspace/quote.ts';
import type { BoundBatch } from './write-sql.ts';
import { tableName } from './table-sql.ts';

export interface Refusal {
  readonly code:
    'NOT_NULL' | 'UNIQUE' | 'CHECK' | 'EXCLUSION' | 'FOREIGN_KEY' | 'STRING_TOO_LONG' | 'CONVERSION' | 'TOO_LARGE' | 'TRIGGER' | 'ROW_SECURITY' | 'SUPPRESSED'; // prettier-ignore
  readonly message: string;
}

/** Why records were refused; undefined for failures that no record is to blame for. */
export function refusalOf(error: unknown, bound: BoundBatch): Refusal | undefined {
  if (!(error instanceof PgError)) return undefined;
  const refusal = violation(error, bound);
  if (refusal === undefined) return undefined;
  const constraint = error.constraint === undefined ? '' : `constraint ${ident(error.constraint)}, `;
  return { ...refusal, message: `${refusal.message} (${constraint}SQLSTATE ${error.sqlstate})` };
}

function violation(error: PgError, bound: BoundBatch): Refusal | undefined {
  switch (error.sqlstate) {
    case '23502':
      return { code: 'NOT_NULL', message: `field "${error.column ?? ''}" takes no null` };
    case '23503':
    case '23001':
      return { code: 'FOREIGN_KEY', message: foreignSentence(error, bound) };
    case '23505':
      return { code: 'UNIQUE', message: `another record has the same ${keyNames(error) ?? 'value in a unique field'}` };
    case '23P01':
      return { code: 'EXCLUSION', message: 'it conflicts with another record' };
    case '23514':
    case '44000':
      return { code: 'CHECK', message: error.constraint === undefined ? 'no partition takes the record' : 'the record breaks a check' };
    case '22001':
      return { code: 'STRING_TOO_LONG', message: error.message };
    case '42501':
      return error.message.includes('row-level security')
        ? { code: 'ROW_SECURITY', message: 'a row-level security policy refuses it' }
        : undefined;
  }
  if (error.sqlstate.startsWith('22')) return { code: 'CONVERSION', message: error.message };
  if (error.sqlstate.startsWith('54')) return { code: 'TOO_LARGE', message: 'a value is too large for the table or one of its indexes' };
  if (OF_THE_SERVER.test(error.sqlstate)) return undefined;
  // The input of `hstore`, `jsonpath` and `regclass` fails like a statement that is wrong.
  return error.sqlstate.startsWith('42')
    ? { code: 'CONVERSION', message: 'the database cannot work with a value' }
    : { code: 'TRIGGER', message: 'a function or trigger of the database raised an exception' };
}

/** Classes of failures that have nothing to do with a record: connections, transactions, roles, resources, the server itself. */
export const OF_THE_SERVER = /^(?:08|25|26|28|3D|40|53|55|57|58|72|F0|HV|XX)/;

/** Whether a refusal may be the table's as a whole: a column that is gone fails like a value that names none. */
export function mayBeOfTheTable(error: unknown): boolean {
  return error instanceof PgError && !/^(?:22|23|44|54|P0)/.test(error.sqlstate);
}

/** Of the two tables of a foreign key, the error names the one that refers. */
function foreignSentence(error: PgError, { table }: BoundBatch): string {
  const isOurs = error.table === table.name && error.schema === table.schemaName;
  if (!isOurs) return `records of ${error.schema ?? ''}.${error.table ?? 'another table'} refer to it`;
  return `it refers to a record that does not exist, by its ${keyNames(error) ?? 'key'}`;
}

/** `Key (a, b)=(1, 2) already exists.`: the names are all that may be told. */
function keyNames(error: PgError): string | undefined {
  return /^[^(]*\((.*?)\)=\(/.exec(error.detail ?? '')?.[1];
}

/** A failure of the database, told as one of the destination. Transient ones pass. */
export function writeFailure(error: unknown, bound: BoundBatch): unknown {
  const reported = error instanceof UserError ? pgErrorOf(error) : undefined;
  if (reported === undefined) return error;
  const where = bound.table.schema.object;
  const told = (message: string, hint: string): UserError => new UserError(message, { hint, cause: error });
  switch (reported.sqlstate) {
    case '42501':
      return told(`${where} cannot be written: ${reported.message}`, `Grant the role what it lacks: GRANT INSERT, UPDATE, DELETE ON ${tableName(bound.table)}, and TEMPORARY on the database.`); // prettier-ignore
    case '25006':
      return told(`${where} cannot be written: the server is read-only`, 'Point the connection at the primary server, not at a replica.');
    case '53100':
      return told(`${where} cannot be written: the server has no space left`, 'Free space on the server and apply again.');
    case '42P10':
      return told(`${where} has no unique constraint on its key`, `Create one: ${createIndex(bound.table.schema.qualifiedName ?? '', bound.batch.key.map((key) => key.field))}`); // prettier-ignore
    default:
      return error;
  }
}

function createIndex(table: string, fields: readonly string[]): string {
  return `CREATE UNIQUE INDEX ON ${table} (${fields.map((field) => ident(field)).join(', ')});`;
}
