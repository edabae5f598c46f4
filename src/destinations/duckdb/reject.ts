/** What DuckDB refuses, as a code and a sentence that holds no value. */
import { UserError } from '../../errors.ts';
import { SqlError } from '../../workspace/duckdb-errors.ts';

export interface Refusal {
  readonly code: 'NOT_NULL' | 'UNIQUE' | 'CHECK' | 'FOREIGN_KEY' | 'CONVERSION';
  readonly message: string;
}

/** Why records were refused; undefined for failures that no record is to blame for. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof SqlError)) return undefined;
  const text = error.problems[0]?.message ?? error.message;
  return (
    violation(text) ??
    (UNFIT.has(error.category) ? { code: 'CONVERSION', message: 'a value does not fit the type of its field' } : undefined)
  );
}

const UNFIT: ReadonlySet<string> = new Set(['Conversion', 'Out of Range', 'Invalid Input']);

function violation(text: string): Refusal | undefined {
  const notNull = /NOT NULL constraint failed: [^.]*\.(.*)$/s.exec(text);
  if (notNull !== null) return { code: 'NOT_NULL', message: `field "${notNull[1] ?? ''}" takes no null` };
  const check = /CHECK constraint failed on table .*? with expression (.*)$/s.exec(text);
  if (check !== null) return { code: 'CHECK', message: `the record breaks the constraint ${check[1] ?? ''}` };
  if (/violates (primary key|unique) constraint|PRIMARY KEY or UNIQUE constraint violation/.test(text)) {
    return { code: 'UNIQUE', message: `another record has the same ${keyName(text) ?? 'value in a unique field'}` };
  }
  if (/still referenced by a foreign key/.test(text)) {
    const message =
      'other records refer to this one; DuckDB then refuses to delete it, and to change its lists and its indexed or jointly checked fields';
    return { code: 'FOREIGN_KEY', message };
  }
  if (/does not exist in the referenced table/.test(text)) {
    return { code: 'FOREIGN_KEY', message: `it refers to a record that does not exist, by its ${keyName(text) ?? 'key'}` };
  }
  return undefined;
}

/** DuckDB names the columns with their values: `Duplicate key "id: 5"`. The name of the first is all that may be told. */
function keyName(text: string): string | undefined {
  return /key "([^":]+): /i.exec(text)?.[1];
}

/** A failure of the file or the disk, told as one of the destination. */
export function writeFailure(error: unknown, path: string): unknown {
  if (!(error instanceof SqlError) || error.category !== 'IO') return error;
  return new UserError(`${path} cannot be written: ${error.problems[0]?.message ?? error.message}`, { cause: error });
}
