/** Live records as a relation over the attached database: nothing is copied. */
import type { Column } from '../../canonical/types.ts';
import { ident } from '../../workspace/quote.ts';
import type { LiveRelation, ReadRequest } from '../destination.ts';
import { type Catalog, describeTable } from './describe.ts';
import { columnOf, keyJoin, liveField, type Parent, parentOf, tableName } from './table-sql.ts';

/** The relation of a request: `k0`.., `f0`.., `remote_id`; a record for each key row that names it. */
export async function readTable(catalog: Catalog, request: ReadRequest): Promise<LiveRelation> {
  const table = await describeTable(catalog, request.object);
  const keys = request.key.map((name) => columnOf(table, name));
  const parents = await Promise.all(
    request.fields.map(async ({ field, reference }): Promise<Parent | undefined> =>
      reference === undefined ? undefined : parentOf(catalog, table, field, reference),
    ),
  );
  const fields = request.fields.map(({ field }, index) => liveField(table, field, parents[index], index));
  const columns: Column[] = [
    ...keys.map((key, index) => ({ name: `k${index}`, type: key.native })),
    ...fields.map((field, index) => ({ name: `f${index}`, type: field.type })),
    { name: 'remote_id', type: 'VARCHAR' },
  ];
  const select = [
    ...keys.map((key, index) => `t.${ident(key.name)} AS k${index}`),
    ...fields.map((field, index) => `${field.sql} AS f${index}`),
    'CAST(NULL AS VARCHAR) AS remote_id', // a record is known by its key alone
  ];
  const wanted = request.keys === undefined ? '' : ` JOIN ${request.keys} AS k ON ${keyJoin(keys, 'k')}`;
  const joins = fields.map((field) => field.join).join('');
  return { columns, from: `(SELECT ${select.join(', ')} FROM ${tableName(table)} AS t${wanted}${joins})` };
}
