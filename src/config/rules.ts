/** What must hold between documents. Each rule reports every place where it does not. */
import type { Location } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { unknownConnection } from './connections.ts';
import type { Report } from './document.ts';
import type { Kind } from './files.ts';
import { cycleProblem, objectKey, sortByReference } from './graph.ts';
import type { Approval, Sync } from './model.ts';
import { parseSchedule } from './schedule.ts';
import type { ResolvedTest } from './sync-test.ts';
import { listed, quoted } from './schema-errors.ts';
import { plural } from '../words.ts';
import { writersProblem } from './writers.ts';

export interface Declared {
  readonly name: string;
  readonly location: Location;
}

export interface RuleInput {
  /** Names of all documents, also of those that are wrong in themselves. */
  readonly declared: Readonly<Record<Exclude<Kind, 'Project'>, readonly Declared[]>>;
  readonly syncs: readonly Sync[];
  readonly tests: readonly ResolvedTest[];
  readonly approvals: readonly Approval[];
  /** What the connection of that name can be used as; undefined when its type is not known. */
  readonly rolesOf: (connection: string) => { readonly type: string; readonly roles: readonly string[] } | undefined;
  readonly state: {
    /** Set when state is kept behind a connection. */
    readonly connection: string | undefined;
    readonly hasKey: boolean;
    readonly location: Location;
  };
}

type Rule = (input: RuleInput, report: Report) => void;

const uniqueNames: Rule = ({ declared }, report) => {
  for (const [kind, documents] of Object.entries(declared)) {
    for (const same of Map.groupBy(documents, (each) => each.name).values()) {
      const [first, ...others] = same;
      const at = first?.location;
      for (const other of others) {
        report({ message: `another ${kind} is named ${quoted(other.name)}: ${at?.file ?? ''}:${at?.line ?? 1}`, location: other.location });
      }
    }
  }
};

const connectionsExist: Rule = ({ declared, syncs, state }, report) => {
  const names = declared.Connection.map((each) => each.name);
  const uses = syncs.flatMap((sync) => [
    { name: sync.source.connection, location: sync.at('source', 'connection') },
    { name: sync.destination.connection, location: sync.at('destination', 'connection') },
  ]);
  const used = state.connection === undefined ? uses : [...uses, { name: state.connection, location: state.location }];
  used.filter(({ name }) => !names.includes(name)).forEach(({ name, location }) => report(unknownConnection(name, names, location)));
};

const connectionsFitTheirRole: Rule = ({ syncs, rolesOf, state }, report) => {
  const demand = (name: string, role: string, location: Location): void => {
    const found = rolesOf(name);
    if (found === undefined || found.roles.includes(role)) return;
    const can = found.roles.length === 0 ? 'nothing' : listed(found.roles, 'and');
    report({ message: `${quoted(name)} cannot be used as ${role}: connections of type ${found.type} can be ${can}`, location });
  };
  for (const sync of syncs) {
    demand(sync.source.connection, 'source', sync.at('source', 'connection'));
    demand(sync.destination.connection, 'destination', sync.at('destination', 'connection'));
  }
  if (state.connection !== undefined) demand(state.connection, 'state', state.location);
};

const keysHaveOneLength: Rule = ({ syncs }, report) => {
  for (const { source, destination, at } of syncs) {
    const [columns, fields] = [source.key.length, destination.key.length];
    if (columns === fields) continue;
    const message = `the key of the source has ${plural(columns, 'column')}, the key of the destination ${plural(fields, 'field')}`;
    report({ message, location: at('destination', 'key'), hint: 'both name the same things, in the same order' });
  }
};

const keyIsNotMappedOtherwise: Rule = ({ syncs }, report) => {
  for (const { fields, destination, source, at } of syncs) {
    for (const { field } of fields.filter((each) => destination.key.includes(each.field))) {
      const column = source.key[destination.key.indexOf(field)] ?? '';
      const message = `fields.${field}: the field is part of the destination's key and holds ${quoted(column)}`;
      report({ message, location: at('fields', field), hint: 'leave it out of fields, or map it from that column' });
    }
  }
};

const somethingIsMapped: Rule = ({ syncs }, report) => {
  for (const sync of syncs.filter((each) => each.fields.length === 0)) {
    report({ message: 'fields: only the key is mapped; at least one other field is needed', location: sync.at('fields') });
  }
};

const referencesNeedAValue: Rule = ({ syncs }, report) => {
  for (const { fields, at } of syncs) {
    for (const { field } of fields.filter((each) => each.reference !== undefined && each.from.kind === 'value')) {
      const message = `fields.${field}: a reference needs a column or sql that holds the key of the other record`;
      report({ message, location: at('fields', field, 'value') });
    }
  }
};

/** Two syncs may share a field only when each has a partition of its own. */
const oneWriterPerField: Rule = ({ syncs }, report) => {
  for (const writers of Map.groupBy(syncs, (sync) => objectKey(sync, sync.destination.object)).values()) {
    for (const [index, sync] of writers.entries()) {
      for (const other of writers.slice(0, index)) {
        const problem = writersProblem(sync, other);
        if (problem !== undefined) report(problem);
      }
    }
  }
};

const noReferenceCircles: Rule = ({ syncs }, report) => {
  const { cycle } = sortByReference(syncs);
  if (cycle.length > 0) report(cycleProblem(cycle));
};

const movedFromIsGone: Rule = ({ declared, syncs }, report) => {
  const moved = syncs.flatMap((sync) => (sync.movedFrom === undefined ? [] : [{ sync, from: sync.movedFrom }]));
  for (const [index, { sync, from }] of moved.entries()) {
    const location = sync.at('moved', 'from');
    const hint = 'moved names what this sync was called before; only one sync can take its state';
    if (declared.Sync.some((each) => each.name === from))
      report({ message: `moved.from: there still is a sync ${quoted(from)}`, location, hint });
    const earlier = moved.slice(0, index).find((each) => each.from === from);
    if (earlier !== undefined)
      report({ message: `moved.from: ${earlier.sync.name} was already moved from ${quoted(from)}`, location, hint });
  }
};

const adoptedAreDeletedOnlyWithDelete: Rule = ({ syncs }, report) => {
  for (const sync of syncs.filter((each) => each.deleteAdopted && each.onMissing !== 'delete')) {
    const location = sync.at('delete_adopted');
    report({
      message: 'delete_adopted has no effect without on_missing: delete',
      location,
      hint: 'add on_missing: delete, or take this line out',
    });
  }
};

const sensitiveNeedsAKey: Rule = ({ syncs, state }, report) => {
  if (state.hasKey) return;
  for (const sync of syncs) {
    for (const { field } of sync.fields.filter((each) => each.sensitive)) {
      report({
        message: `fields.${field} is sensitive, but the project has no key to hash and encrypt it with`,
        location: sync.at('fields', field, 'sensitive'),
        hint: 'add to the state of the project: key: ${env.SLUICE_STATE_KEY}',
      });
    }
  }
};

const checkNamesAreUnique: Rule = ({ syncs }, report) => {
  for (const { checks, at } of syncs) {
    for (const [index, { name }] of checks.entries()) {
      if (checks.findIndex((each) => each.name === name) === index) continue;
      report({ message: `another check is named ${quoted(name)}`, location: at('checks', index, 'name') });
    }
  }
};

const timezonesExist: Rule = ({ syncs }, report) => {
  for (const { source, at } of syncs) {
    if (source.timezone === undefined || isTimezone(source.timezone)) continue;
    const near = nearest(source.timezone, Intl.supportedValuesOf('timeZone'));
    const suggestion = near === undefined ? '' : `; did you mean ${quoted(near)}?`;
    report({
      message: `source.timezone: there is no time zone ${quoted(source.timezone)}${suggestion}`,
      location: at('source', 'timezone'),
      hint: near === undefined ? 'use a name of the IANA database, such as Europe/Berlin or UTC' : undefined,
    });
  }
};

/** Offsets such as +02:00 are no zones: they do not know summer time, and not every engine takes them. */
function isTimezone(name: string): boolean {
  if (/^[+-]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

const schedulesAreKnown: Rule = ({ syncs }, report) => {
  for (const { schedule, at } of syncs) {
    const parsed = schedule === undefined ? undefined : parseSchedule(schedule);
    if (parsed === undefined || 'schedule' in parsed) continue;
    report({ message: `schedule: ${parsed.message}`, location: at('schedule'), hint: parsed.hint });
  }
};

const approvalsNameASync: Rule = ({ declared, approvals }, report) => {
  const names = declared.Sync.map((each) => each.name);
  for (const { sync, at } of approvals.filter((each) => !names.includes(each.sync))) {
    const near = nearest(sync, names);
    report({
      message: `sync: there is no sync ${quoted(sync)}`,
      location: at('sync'),
      hint: near === undefined ? 'delete the approval if its sync is gone' : `did you mean ${quoted(near)}?`,
    });
  }
};

const testsNameASync: Rule = ({ declared, tests }, report) => {
  const names = declared.Sync.map((each) => each.name);
  for (const { sync, at } of tests.filter((each) => !names.includes(each.sync))) {
    const near = nearest(sync, names);
    report({
      message: `sync: there is no sync ${quoted(sync)}${near === undefined ? '' : `; did you mean ${quoted(near)}?`}`,
      location: at('sync'),
    });
  }
};

/** Properties of a test that name fields of the destination. What is live may hold more than the sync maps. */
const TEST_RECORDS: readonly (readonly [string, string])[] = [
  ['given', 'mapped'],
  ['given', 'base'],
  ['given', 'adopted'],
  ['expect', 'create'],
  ['expect', 'update'],
  ['expect', 'delete'],
  ['expect', 'clear'],
  ['expect', 'unchanged'],
];

/** A misspelt field in a test would make it fail, or worse pass, for the wrong reason. */
const testsNameFieldsOfTheirSync: Rule = ({ syncs, tests }, report) => {
  for (const { sync: name, document, at } of tests) {
    const sync = syncs.find((each) => each.name === name);
    if (sync === undefined) continue;
    const known = [...sync.destination.key, ...sync.fields.map(({ field }) => field)];
    for (const [part, list] of TEST_RECORDS) {
      const records = (document[part] as Readonly<Record<string, unknown>> | undefined)?.[list];
      for (const [index, record] of (Array.isArray(records) ? records : []).entries()) {
        for (const field of Object.keys(record as object).filter((each) => !known.includes(each))) {
          const near = nearest(field, known);
          const message = `${part}.${list}: ${name} does not map a field ${quoted(field)}${near === undefined ? '' : `; did you mean ${quoted(near)}?`}`;
          report({ message, location: at(part, list, index, field), hint: near === undefined ? `it maps ${known.join(', ')}` : undefined });
        }
      }
    }
  }
};

export const RULES: readonly Rule[] = [
  uniqueNames,
  connectionsExist,
  connectionsFitTheirRole,
  keysHaveOneLength,
  keyIsNotMappedOtherwise,
  somethingIsMapped,
  referencesNeedAValue,
  oneWriterPerField,
  noReferenceCircles,
  movedFromIsGone,
  adoptedAreDeletedOnlyWithDelete,
  sensitiveNeedsAKey,
  checkNamesAreUnique,
  timezonesExist,
  schedulesAreKnown,
  testsNameASync,
  approvalsNameASync,
  testsNameFieldsOfTheirSync,
];
