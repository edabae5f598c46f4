/** The columns of an uploaded file as the fields of an object, and its rows as the values of a write. */
import { CsvError } from './csv-read.ts';
import type { Row } from './parse-row.ts';
import type { FieldDescribe } from './schema.ts';
import type { Table } from './table.ts';
import type { SandboxUser } from './users.ts';

/** `Name`, `Account.Ext__c`, or `User:Owner.Username` where the parent may be one of several objects. */
const HEADER = /^(?:(?:(\w+):)?(\w+)\.)?(\w+)$/;
/** In a cell: clear the field. An empty cell leaves it alone. */
const CLEAR = '#N/A';

type Put = (row: Record<string, unknown>, cell: string | null) => void;

export interface HeaderContext {
  readonly table: Table;
  readonly tableOf: (object: string) => Table | undefined;
  readonly user: SandboxUser;
}

/** Reads the rows of one file. Throws {@link CsvError} for columns that name no field. */
export class RowReader {
  readonly #columns: readonly Put[];

  constructor(header: readonly string[], context: HeaderContext) {
    const names = header.map((name) => name.toLowerCase());
    const twice = header.find((name, at) => names.indexOf(name.toLowerCase()) !== at);
    if (twice !== undefined) throw new CsvError(`InvalidBatch : Duplicate column name : ${twice}`);
    this.#columns = header.map((name) => column(name, context));
  }

  read(cells: readonly string[]): Row {
    const row: Record<string, unknown> = {};
    for (const [at, cell] of cells.entries()) {
      if (cell !== '') this.#columns[at]?.(row, cell === CLEAR ? null : cell);
    }
    return row;
  }
}

function column(name: string, { table, tableOf, user }: HeaderContext): Put {
  const [found, object, relationship, field = ''] = HEADER.exec(name) ?? [];
  if (found === undefined) throw unknownColumn(name);
  if (relationship === undefined) {
    const known = visible(table, table.field(field), user);
    if (known === undefined) throw unknownColumn(name);
    return (row, cell) => (row[known.name] = cell);
  }
  const parent = visible(table, table.relationship(relationship), user);
  const only = parent?.referenceTo.length === 1 ? parent.referenceTo[0] : undefined;
  const target = tableOf(object ?? only ?? '');
  const key = target?.field(field);
  if (parent === undefined || target === undefined || key === undefined || !parent.referenceTo.includes(target.name))
    throw unknownColumn(name);
  return (row, cell) => (row[parent.relationshipName ?? relationship] = { attributes: { type: target.name }, [key.name]: cell });
}

function visible(table: Table, field: FieldDescribe | undefined, user: SandboxUser): FieldDescribe | undefined {
  return field !== undefined && user.seesField(table.name, field.name) ? field : undefined;
}

function unknownColumn(name: string): CsvError {
  return new CsvError(`InvalidBatch : Field name not found : ${name}`);
}
