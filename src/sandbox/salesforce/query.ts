/** `/query`, `/queryAll`, and the pages behind the first. */
import type { Call, Route } from './call.ts';
import { makeId } from './ids.ts';
import type { Org } from './org.ts';
import type { StoredRecord } from './record.ts';
import { json, Refusal, type Reply } from './reply.ts';
import { recordsOf } from './soql-names.ts';
import { prepareQuery } from './soql-run.ts';
import type { Shape } from './soql-shape.ts';

/** Rows on a page: as many as Salesforce gives unless asked for fewer, and as few as it gives at least. */
const [PAGE, SMALLEST_PAGE] = [2_000, 200];
/** Queries whose pages are kept; the oldest make room. */
const CURSORS = 50;

export const queryRoutes: readonly Route[] = [
  { method: 'GET', path: '/query', kind: 'query', handle: (call) => firstPage(call, false) },
  { method: 'GET', path: '/queryAll', kind: 'query', handle: (call) => firstPage(call, true) },
  { method: 'GET', path: '/query/{locator}', kind: 'query', handle: (call) => nextPage(call) },
  { method: 'GET', path: '/queryAll/{locator}', kind: 'query', handle: (call) => nextPage(call) },
];

/** A query with more than one page. Its records stay what the query found; their values are read page by page. */
interface Pages {
  readonly id: string;
  readonly shape: Shape;
  readonly found: readonly StoredRecord[];
  readonly userId: string;
}

class Cursors {
  readonly #open = new Map<string, Pages>();
  #count = 0;

  open(pages: Omit<Pages, 'id'>): Pages {
    this.#count += 1;
    const opened = { ...pages, id: makeId('01g', this.#count) };
    this.#open.set(opened.id, opened);
    const [oldest] = this.#open.keys();
    if (this.#open.size > CURSORS && oldest !== undefined) this.#open.delete(oldest);
    return opened;
  }

  get(id: string): Pages | undefined {
    return this.#open.get(id);
  }
}

const cursors = new WeakMap<Org, Cursors>();

function cursorsOf(org: Org): Cursors {
  const known = cursors.get(org) ?? new Cursors();
  cursors.set(org, known);
  return known;
}

function firstPage(call: Call, all: boolean): Reply {
  const [soql, ...others] = call.query.getAll('q');
  if (soql === undefined || others.length > 0)
    throw new Refusal(400, 'MALFORMED_QUERY', 'SOQL query is missing: the parameter q must be given once');
  const size = pageSize(call.headers['sforce-query-options']);
  const { query, shape, run } = prepareQuery(recordsOf(call.state.org, call.user), soql, all);
  const found = run();
  if (query.count) return json({ totalSize: found.length, done: true, records: [] });
  if (found.length <= size) return json(page(call, { id: '', shape, found, userId: call.user.id }, 0, size));
  return json(page(call, cursorsOf(call.state.org).open({ shape, found, userId: call.user.id }), 0, size));
}

function nextPage(call: Call): Reply {
  const [, id = '', start = ''] = /^(\w{18})-(\d+)$/.exec(call.params['locator'] ?? '') ?? [];
  const pages = cursorsOf(call.state.org).get(id);
  if (pages === undefined || pages.userId !== call.user.id || Number(start) >= pages.found.length) {
    throw new Refusal(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator');
  }
  return json(page(call, pages, Number(start), pageSize(call.headers['sforce-query-options'])));
}

function page(call: Call, { id, shape, found }: Pages, start: number, size: number): Readonly<Record<string, unknown>> {
  const end = start + size;
  const done = end >= found.length;
  return {
    totalSize: found.length,
    done,
    ...(done ? {} : { nextRecordsUrl: `${call.root}/query/${id}-${end}` }),
    records: found.slice(start, end).map((record) => shape.json(record, call.root)),
  };
}

/** `Sforce-Query-Options: batchSize=500`. Salesforce takes it as a wish within 200 and 2,000. */
function pageSize(header: string | undefined): number {
  if (header === undefined) return PAGE;
  const asked = /^\s*batchSize\s*=\s*(\d+)\s*$/i.exec(header)?.[1];
  if (asked === undefined) throw new Refusal(501, 'NOT_IN_SANDBOX', `The sandbox does not know Sforce-Query-Options: ${header}`);
  return Math.min(PAGE, Math.max(SMALLEST_PAGE, Number(asked)));
}
