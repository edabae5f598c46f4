/**
 * Two versions of a project compared in meaning: comments, the order of keys, and which file something stands in change
 * nothing; what a sync uses of connections, variables and defaults counts as its own.
 */
import type { Project, Sync, WrittenValue } from '../config/model.ts';
import type { Location } from '../errors.ts';
import type { PropertyChange, SyncChange } from '../plan/document.ts';
import { isSame, isStandard, propertiesOf, type Property, valueText } from './sync-properties.ts';
import { connectionYaml, unified, usedBy, type Versions, yamlOf } from './sync-yaml.ts';

export interface SyncDifference {
  readonly change: SyncChange;
  /** The sync before; undefined when it is new. */
  readonly former: Sync | undefined;
  /** Something differs that decides what a plan says about records. */
  readonly matters: boolean;
  /** Why the former configuration cannot be planned beside this one: what it reads or writes lies elsewhere. */
  readonly elsewhere: string | undefined;
}

export interface ProjectDifference {
  /** Every sync of the project by name. */
  readonly syncs: ReadonlyMap<string, SyncDifference>;
  readonly removed: readonly Sync[];
}

/** `base` undefined: there was no project, and every sync is new. */
export function compareProjects(base: Project | undefined, head: Project): ProjectDifference {
  const before = new Map(base?.syncs.map((sync) => [sync.name, sync]));
  const former = (sync: Sync): Sync | undefined => before.get(sync.name) ?? movedFrom(sync, head, before);
  const pairs = head.syncs.map((sync) => ({ sync, former: former(sync) }));
  const kept = new Set(pairs.map((pair) => pair.former?.name));
  const both = base === undefined ? undefined : { base, head };
  return {
    syncs: new Map(pairs.map((pair) => [pair.sync.name, both === undefined || pair.former === undefined ? added(pair.sync) : difference(both, pair.sync, pair.former)])),
    removed: [...before.values()].filter((sync) => !kept.has(sync.name)),
  }; // prettier-ignore
}

function movedFrom(sync: Sync, head: Project, before: ReadonlyMap<string, Sync>): Sync | undefined {
  if (sync.movedFrom === undefined || head.syncs.some((each) => each.name === sync.movedFrom)) return undefined;
  return before.get(sync.movedFrom);
}

function added(sync: Sync): SyncDifference {
  const diff = unified('', yamlOf(sync, propertiesOf(sync)), sync.name);
  return { change: { kind: 'added', from: null, properties: [], diff }, former: undefined, matters: true, elsewhere: undefined };
}

function difference(versions: Versions, sync: Sync, former: Sync): SyncDifference {
  const sensitive = new Set([...former.fields, ...sync.fields].filter((each) => each.sensitive).map((each) => each.field));
  const [before, after] = [propertiesOf(former, sensitive), propertiesOf(sync, sensitive)];
  const isRenamed = former.name !== sync.name;
  const own = changedProperties(versions, sync, former, { before, after }).filter(
    ({ change }) => !(isRenamed && change.property === 'moved.from'),
  );
  // A variable that makes no difference to the sync is none of its changes.
  const variables = own.length === 0 ? [] : changedVariables(versions, sync, former);
  const properties = [...variables, ...changedConnections(versions, sync, former), ...changedState(versions), ...changedStateConnection(versions, sync), ...changedApprovals(versions, sync, former), ...own.map((each) => each.change)]; // prettier-ignore
  const kind = isRenamed ? 'renamed' : properties.length > 0 ? 'modified' : 'unchanged';
  const connections = (project: Project, of: Sync): string => connectionYaml(versions, project, of);
  const diff =
    kind === 'unchanged'
      ? ''
      : unified(
          yamlOf(former, before) + connections(versions.base, former),
          yamlOf(sync, after) + connections(versions.head, sync),
          sync.name,
        );
  return {
    change: { kind, from: isRenamed ? former.name : null, properties, diff },
    former,
    matters: own.some((each) => each.matters) || properties.some((each) => each.of === 'connection'),
    elsewhere: elsewhere(versions, sync, former),
  };
}

// ---- what differs

function changedProperties(
  versions: Versions,
  sync: Sync,
  former: Sync,
  { before, after }: { readonly before: readonly Property[]; readonly after: readonly Property[] },
): readonly { readonly change: PropertyChange; readonly matters: boolean }[] {
  const name = ({ path }: Property): string => JSON.stringify(path);
  const [was, is] = [new Map(before.map((each) => [name(each), each])), new Map(after.map((each) => [name(each), each]))];
  return [...new Set([...is.keys(), ...was.keys()])].flatMap((key) => {
    const [old, now] = [was.get(key), is.get(key)];
    const either = now ?? old;
    if (either === undefined || (old !== undefined && now !== undefined && isSame(old.value, now.value))) return [];
    // What a field has because nobody wrote it says nothing more: not of one that comes or goes, nor where the default itself moved.
    if ([old, now].every((each) => each === undefined || isStandard(each))) return [];
    const secret = old?.secret === true || now?.secret === true;
    const shown = (property: Property | undefined): string | null => (property === undefined || secret ? null : valueText(property.value));
    const owner = now === undefined ? former : sync;
    const change = { of: 'sync' as const, name: sync.name, property: either.path.join('.'), before: shown(old), after: shown(now), secret, where: placeText(owner.at(...writtenPath(owner, either.path))) }; // prettier-ignore
    return [{ change: inherited(versions, change), matters: either.matters }];
  });
}

/** Where a property stands in the document: checks are a list there. */
function writtenPath(sync: Sync, [head = '', name = '', ...rest]: readonly string[]): readonly (string | number)[] {
  if (head === 'checks') return [head, sync.checks.findIndex((check) => check.name === name), 'sql'];
  if (head === 'source' && name === 'query') return [head, sync.at('source', 'file') === sync.at('source') ? 'query' : 'file'];
  return name === '' ? [head] : [head, name, ...rest];
}

/** A guard that moved because the project's default did. */
function inherited({ base, head }: Versions, change: PropertyChange): PropertyChange {
  const [was, is] = [base.written?.defaults.get(change.property), head.written?.defaults.get(change.property)];
  if (was?.text === is?.text) return change;
  return { ...change, of: 'project', name: head.name, where: placeText((is ?? was)?.location) };
}

/** What people let guards do is part of what they review. */
function changedApprovals({ base, head }: Versions, sync: Sync, former: Sync): readonly PropertyChange[] {
  const [was, is] = [approvalText(base, former.name), approvalText(head, sync.name)];
  if (was === is) return [];
  const place = head.approvals?.find((each) => each.sync === sync.name)?.location;
  return [{ of: 'sync', name: sync.name, property: 'approval', before: was, after: is, secret: false, where: placeText(place) }];
}

function approvalText({ approvals = [] }: Project, sync: string): string | null {
  const texts = approvals
    .filter((each) => each.sync === sync)
    .map(({ limits, expires }) => `${limits.map(({ guard, limit }) => `${guard} ${limit}`).join(', ')} until ${expires}`);
  return texts.length === 0 ? null : texts.toSorted().join('; ');
}

function changedVariables({ base, head }: Versions, sync: Sync, former: Sync): readonly PropertyChange[] {
  const used = [head.written?.variablesOf.get(sync.name) ?? [], base.written?.variablesOf.get(former.name) ?? []].flatMap((names) => [...names]); // prettier-ignore
  return [...new Set(used)]
    .toSorted()
    .flatMap((name) =>
      changedValue(
        { of: 'project', name: head.name, property: `vars.${name}` },
        base.written?.vars.get(name),
        head.written?.vars.get(name),
      ),
    );
}

/** Properties of the connections that the sync uses under the same name as before. Another name is a property of the sync. */
function changedConnections(versions: Versions, sync: Sync, former: Sync): readonly PropertyChange[] {
  return usedBy(sync)
    .filter((name) => usedBy(former).includes(name))
    .flatMap((name) => changedConnection(versions, name));
}

function changedConnection({ base, head }: Versions, name: string): readonly PropertyChange[] {
  const [was, is] = [base.written?.connections.get(name), head.written?.connections.get(name)];
  const paths = [...new Set([...(is?.keys() ?? []), ...(was?.keys() ?? [])])];
  return paths.flatMap((property) => changedValue({ of: 'connection', name, property }, was?.get(property), is?.get(property)));
}

/** Where state lives is every sync's business, and so is the project's name: state is kept under it. */
function changedState({ base, head }: Versions): readonly PropertyChange[] {
  const [was, is] = [base.written?.defaults, head.written?.defaults];
  const paths = [...new Set([...(is?.keys() ?? []), ...(was?.keys() ?? [])])].filter(
    (path) => path === 'name' || path.startsWith('state.'),
  );
  return paths.flatMap((property) => changedValue({ of: 'project', name: head.name, property }, was?.get(property), is?.get(property)));
}

/** The connection that state lives in, where the sync does not use it itself. */
function changedStateConnection(versions: Versions, sync: Sync): readonly PropertyChange[] {
  const [was, is] = [versions.base.state, versions.head.state];
  const isSame = was.type === 'connection' && is.type === 'connection' && was.connection === is.connection;
  return isSame && !usedBy(sync).includes(is.connection) ? changedConnection(versions, is.connection) : [];
}

function changedValue(
  whose: Pick<PropertyChange, 'of' | 'name' | 'property'>,
  was: WrittenValue | undefined,
  is: WrittenValue | undefined,
): readonly PropertyChange[] {
  if (was?.text === is?.text) return [];
  const secret = was?.secret === true || is?.secret === true;
  const shown = (value: WrittenValue | undefined): string | null => (secret ? null : (value?.text ?? null));
  return [{ ...whose, before: shown(was), after: shown(is), secret, where: placeText((is ?? was)?.location) }];
}

/** The two can be planned together where they read, write and remember at the same places. */
function elsewhere(versions: Versions, sync: Sync, former: Sync): string | undefined {
  const ofState = [...changedState(versions), ...changedStateConnection(versions, sync)];
  if (ofState.some(({ property }) => property !== 'state.key')) return 'state lies elsewhere now';
  const moved = (['source', 'destination'] as const).find(
    (side) => sync[side].connection !== former[side].connection || changedConnections(versions, sync, former).some(({ name }) => name === sync[side].connection),
  ); // prettier-ignore
  if (moved !== undefined) return `its ${moved} is another connection now, or another configuration of it`;
  const sameRecords = sync.destination.object === former.destination.object && sync.destination.key.join('\n') === former.destination.key.join('\n'); // prettier-ignore
  if (!sameRecords) return 'it writes another object now, or by another key';
  return otherSensitive(versions, sync, former)
    ? 'other fields of it are sensitive than before, and their values are known as hashes only'
    : undefined;
}

/** What was hashed before and is not any more, or the other way round, compares with nothing. Without a sensitive field there is no key to hash with. */
function otherSensitive({ head }: Versions, sync: Sync, former: Sync): boolean {
  const hasKey = head.syncs.some(({ fields }) => fields.some(({ sensitive }) => sensitive));
  return former.fields.some(({ field, sensitive }) => {
    const now = sync.fields.find((each) => each.field === field);
    return now === undefined ? sensitive && !hasKey : now.sensitive !== sensitive;
  });
}

function placeText(location: Location | undefined): string {
  return location === undefined ? '' : `${location.file}:${location.line}:${location.column}`;
}
