/** `/_sandbox/...`: what another process may ask of a running sandbox. Nothing of Salesforce looks like this. */
import type { Readable } from 'node:stream';

import { badJson, parse, readText, type State } from './call.ts';
import { KINDS } from './calls.ts';
import { type Fault, FAULT_ACTIONS } from './faults.ts';
import type { Row } from './parse-row.ts';
import { json, Refusal, type Reply } from './reply.ts';
import { type ObjectDef, problemOf } from './schema.ts';
import type { Sessions } from './sessions.ts';

interface ControlRequest {
  readonly method: string;
  readonly url: URL;
  readonly body: Readable;
}

/** Undefined: the request is none of ours. Throws `Refusal`. */
export async function controlReply(request: ControlRequest, state: State, sessions: Sessions): Promise<Reply | undefined> {
  const [, root, what = '', name = ''] = request.url.pathname.split('/');
  if (root !== '_sandbox') return undefined;
  const { org, calls, faults, quota } = state;
  switch (`${request.method} ${what}`) {
    case 'GET credentials':
      return json({ ...sessions.credentials, privateKey: sessions.credentials.privateKey, url: state.url });
    case 'GET calls':
      return json({ ...calls.toJSON(), used: quota.used, max: quota.max });
    case 'POST calls':
      calls.reset();
      return json({});
    case 'POST reset':
      org.clear();
      calls.reset();
      faults.clear();
      quota.used = 0;
      return json({});
    case 'POST faults':
      faults.add(faultOf(await body(request)));
      return json({});
    case 'DELETE faults':
      faults.clear();
      return json({});
    case 'POST quota':
      return setQuota(await body(request), state);
    case 'POST sessions':
      sessions.endAll();
      return json({});
    case 'POST objects':
      return define(name, await body(request), state);
    case 'GET records':
      return json([...org.records(name)].map(({ id, isDeleted, systemModstamp, values }) => ({ id, isDeleted, systemModstamp, values: Object.fromEntries(values) }))); // prettier-ignore
    case 'POST records':
      return insertAll(name, await body(request), state);
    default:
      throw new Refusal(404, 'NOT_FOUND', `The sandbox has no ${request.method} ${request.url.pathname}`);
  }
}

async function body(request: ControlRequest): Promise<Readonly<Record<string, unknown>>> {
  const value = parse((await readText(request.body)) || '{}');
  if (value === null || typeof value !== 'object') throw badJson('an object was expected');
  return value as Readonly<Record<string, unknown>>;
}

/** `on` is a kind, or `/a regular expression/`; `match` is a regular expression. The rest is as in {@link Fault}. */
function faultOf(given: Readonly<Record<string, unknown>>): Fault {
  const { on, match, do: action, ...rest } = given;
  if (typeof on !== 'string' || typeof action !== 'string') throw badInput('A fault needs on and do');
  const expression = /^\/(.*)\/$/.exec(on)?.[1];
  const kind = KINDS.find((each) => each === on);
  if (expression === undefined && kind === undefined) throw badInput(`on is one of ${KINDS.join(', ')} or /an expression/, not ${on}`);
  const known = FAULT_ACTIONS.find((each) => each === action && each !== 'call');
  if (known === undefined) throw badInput(`do is one of ${FAULT_ACTIONS.join(', ')}, not ${action}`);
  return {
    ...(rest as Partial<Fault>),
    on: kind ?? new RegExp(expression ?? ''),
    do: known,
    ...(typeof match === 'string' ? { match: new RegExp(match) } : {}),
  };
}

function define(object: string, def: Readonly<Record<string, unknown>>, { org }: State): Reply {
  const problem = problemOf(object, def);
  if (problem !== undefined) throw badInput(problem);
  org.define(object, def as unknown as ObjectDef);
  return json({});
}

function badInput(message: string): Refusal {
  return new Refusal(400, 'INVALID_INPUT', message);
}

function setQuota(given: Readonly<Record<string, unknown>>, { quota }: State): Reply {
  if (typeof given['max'] === 'number') quota.max = given['max'];
  if (typeof given['used'] === 'number') quota.used = given['used'];
  return json({ max: quota.max, used: quota.used });
}

/** `{ "records": [{ "Name": "Acme" }] }`; answers the ids. Those before a row that is refused stay. */
function insertAll(object: string, given: Readonly<Record<string, unknown>>, { org }: State): Reply {
  const rows = given['records'];
  if (!Array.isArray(rows)) throw badInput('records must be an array');
  const results = (rows as readonly Row[]).map((row) => org.write(undefined, 'insert', object, row));
  const [error] = results.flatMap(({ errors }) => errors);
  if (error !== undefined) throw new Refusal(400, error.statusCode, error.message, error.fields);
  return json(results.map(({ id }) => id));
}
