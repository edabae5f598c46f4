/**
 * A destination that is asked for each live record once, however many configurations are planned in one workspace: with the
 * fields of all of them, so that they see the same record at the same moment.
 */
import type { Column } from '../canonical/types.ts';
import type { Destination, LiveRelation, ReadField, ReadRequest } from '../destinations/destination.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { type BoundSync, readRequest } from './bind.ts';

/** Records of one object by one key, as far as they were read. */
interface Known {
  readonly fields: readonly ReadField[];
  whole: LiveRelation | undefined;
  /** Tables with the keys that were asked for, and with what came back. */
  readonly parts: { readonly asked: string; readonly rows: string; readonly columns: readonly Column[] }[];
}

/** `bounds` are the configurations that will be planned. */
export function readingOnce(destination: Destination, workspace: Workspace, bounds: readonly BoundSync[]): Destination {
  const known = new Map<string, Known>();
  const fields = new Map<string, ReadField>(
    bounds.flatMap((bound) => readRequest(bound).fields.map((field) => [JSON.stringify(field), field])),
  );
  const own = bounds[0] === undefined ? '' : placeOf(readRequest(bounds[0]));
  const read = async (request: ReadRequest): Promise<LiveRelation> => {
    const place = placeOf(request);
    const entry = known.get(place) ?? { fields: place === own ? [...fields.values()] : request.fields, whole: undefined, parts: [] };
    known.set(place, entry);
    if (!request.fields.every((field) => positionOf(entry, field) >= 0)) return destination.read(request);
    if (request.keys === undefined) {
      entry.whole ??= await destination.read({ ...request, fields: entry.fields });
      return projected(entry, request, entry.whole.columns, entry.whole.from);
    }
    await readMissing(destination, workspace, entry, { ...request, keys: request.keys });
    const rows = entry.parts.map((part) => `SELECT * FROM ${part.rows}`).join(' UNION ALL ');
    return projected(entry, request, entry.parts[0]?.columns ?? [], `(${rows})`);
  }; // prettier-ignore
  return new Proxy(destination, {
    get(target, name) {
      if (name === 'read') return read;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

function placeOf({ object, key }: ReadRequest): string {
  return JSON.stringify([object, key]);
}

function positionOf(entry: Known, field: ReadField): number {
  return entry.fields.findIndex((each) => JSON.stringify(each) === JSON.stringify(field));
}

/** What is asked for beyond the keys that were read before. */
async function readMissing(
  destination: Destination,
  workspace: Workspace,
  entry: Known,
  request: ReadRequest & { readonly keys: string },
): Promise<void> {
  const number = await nextNumber(workspace);
  const [asked, rows] = [`temp.main.once_asked_${number}`, `temp.main.once_rows_${number}`];
  const match = request.key.map((_, index) => `a.k${index} = k.k${index}`).join(' AND ');
  const before = entry.parts.map((part) => ` ANTI JOIN ${part.asked} AS a ON ${match}`);
  const missing = before.reduce((from, join) => `(SELECT k.* FROM ${from} AS k${join})`, request.keys);
  const columns = request.key.map((_, index) => `k${index}`).join(', ');
  await workspace.run(`CREATE TEMP TABLE ${asked.replace('temp.main.', '')} AS SELECT DISTINCT ${columns} FROM ${missing} AS k`);
  if (entry.parts.length > 0 && (await workspace.count(`SELECT count(*) FROM ${asked}`)) === 0) return;
  const relation = await destination.read({ ...request, fields: entry.fields, keys: asked });
  await workspace.run(`CREATE TEMP TABLE ${rows.replace('temp.main.', '')} AS SELECT * FROM ${relation.from}`);
  entry.parts.push({ asked, rows, columns: relation.columns });
}

async function nextNumber(workspace: Workspace): Promise<number> {
  await workspace.run('CREATE TEMP SEQUENCE IF NOT EXISTS once_tables');
  return workspace.count(`SELECT nextval('once_tables')`);
}

/** The columns of the request, out of those that were read. */
function projected(entry: Known, request: ReadRequest, columns: readonly Column[], from: string): LiveRelation {
  const typeOf = new Map(columns.map((column) => [column.name, column.type]));
  const named = [
    ...request.key.map((_, index) => ({ from: `k${index}`, name: `k${index}` })),
    ...request.fields.map((field, index) => ({ from: `f${positionOf(entry, field)}`, name: `f${index}` })),
    { from: 'remote_id', name: 'remote_id' },
  ];
  return {
    columns: named.map(({ from: column, name }) => ({ name, type: typeOf.get(column) ?? 'VARCHAR' })),
    from: `(SELECT ${named.map(({ from: column, name }) => `${column} AS ${name}`).join(', ')} FROM ${from} AS once)`,
  };
}
