/** Asking the server what a statement takes and yields: Parse and Describe of the protocol, nothing is planned or run. */
import type { Client, Connection as DriverConnection, Submittable } from 'pg';

export interface StatementDescription {
  /** Number of parameters (`$1`). */
  readonly parameters: number;
  /** Undefined when the statement yields no rows. */
  readonly columns: readonly DescribedColumn[] | undefined;
}

export interface DescribedColumn {
  readonly name: string;
  /** Object id of the type in `pg_type`, as text. */
  readonly type: string;
  /** The type's modifier, `(10,2)` of `numeric(10,2)`; -1: none. */
  readonly modifier: number;
}

export async function describeStatement(client: Client, sql: string): Promise<StatementDescription> {
  return new Promise((resolve, reject) => {
    client.query(new DescribeQuery(sql, resolve, reject));
  });
}

interface RowDescription {
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number; readonly dataTypeModifier: number }[];
}

/** The part of the driver's connection that its types do not tell. */
interface RawConnection {
  parse(query: { text: string; name: string; types: readonly number[] }): void;
  describe(message: { type: 'S'; name: string }): void;
  sync(): void;
  on(event: 'parameterDescription', listener: ParameterListener): void;
  off(event: 'parameterDescription', listener: ParameterListener): void;
}

type ParameterListener = (message: { readonly dataTypeIDs: readonly number[] }) => void;

class DescribeQuery implements Submittable {
  readonly #sql: string;
  readonly #resolve: (description: StatementDescription) => void;
  readonly #reject: (error: Error) => void;
  #parameters = 0;
  #done: () => void = () => undefined;
  #columns: readonly DescribedColumn[] | undefined;

  constructor(sql: string, resolve: (description: StatementDescription) => void, reject: (error: Error) => void) {
    this.#sql = sql;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  submit(connection: DriverConnection): void {
    const raw = connection as unknown as RawConnection;
    const listen: ParameterListener = ({ dataTypeIDs }) => {
      this.#parameters = dataTypeIDs.length;
    };
    raw.on('parameterDescription', listen);
    this.#done = () => raw.off('parameterDescription', listen);
    raw.parse({ text: this.#sql, name: '', types: [] });
    raw.describe({ type: 'S', name: '' });
    raw.sync();
  }

  handleRowDescription({ fields }: RowDescription): void {
    this.#columns = fields.map(({ name, dataTypeID, dataTypeModifier }) => ({
      name,
      type: String(dataTypeID >>> 0),
      modifier: dataTypeModifier,
    }));
  }

  handleError(error: Error): void {
    this.#done();
    this.#reject(error);
  }

  handleReadyForQuery(): void {
    this.#done();
    this.#resolve({ parameters: this.#parameters, columns: this.#columns });
  }
}
