/** What ties a plan to a state: which lineage its records belong to, what the hashes were made with, what was configured. */
import { createHash } from 'node:crypto';

import { CANONICAL_VERSION } from '../canonical/canonical.ts';
import type { SensitiveKey } from '../canonical/functions.ts';
import type { FieldMapping, Project, Sync } from '../config/model.ts';
import { UserError } from '../errors.ts';
import type { Source } from '../sources/source.ts';
import type { BaseRelations, SyncState } from '../state/state.ts';
import { WORKSPACE_ENGINE } from '../workspace/workspace.ts';
import type { BoundSync } from './bind.ts';

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);
}

/** Another object or key is another set of records: base of the old one means nothing for it. */
export function lineageOf(sync: Sync): string {
  return digest([sync.destination.object, sync.destination.key]);
}

/** What computes the row hashes. A constant is no part of a row that the source hashes: another one is another hash. */
export function hashEngine(bound: BoundSync, source: Source): string {
  if (bound.hashedBy === 'workspace') return WORKSPACE_ENGINE;
  const constants = bound.fields.flatMap(({ name, mapping: { from } }) => (from.kind === 'value' ? [[name, from.value]] : []));
  return JSON.stringify([source.engine, constants]);
}

/** Everything that changes what a stored hash or a stored value looks like. Docs: formats.md. */
export function hashId(bound: BoundSync, engine: string, key: SensitiveKey | undefined): string {
  const fields = bound.fields.map((field) => {
    const { when, onNull, compare, reference } = field.mapping;
    return [field.name, field.type, field.raw.type, field.sensitive, when, onNull, compare, reference ?? null];
  });
  const keys = bound.key.map((each) => [each.field, each.type, each.raw.type]);
  const keyId = bound.fields.some((field) => field.sensitive) ? (key?.id ?? '') : '';
  return `${digest([CANONICAL_VERSION, engine, bound.timezone ?? null, bound.capabilities.text, keys, fields])}:${keyId}`;
}

/** The sync as configured, without secrets (a resolved sync holds none). */
export function configHash(sync: Sync): string {
  const { at: _at, location: _location, source, fields, ...rest } = sync;
  // Which run it waits for says when it is applied, not what it means; where a dbt model lives is in the query.
  const { lines: _lines, waitFor: _waitFor, dbt: _dbt, ...query } = source;
  return digest([rest, query, fields.map(withoutPlaces)]);
}

/** Of a sync and both of its connections as they are written: pointing one at another system is another configuration. */
export function configurationHash({ written }: Project, sync: Sync): string {
  const connections = [sync.source.connection, sync.destination.connection].map((name) =>
    [...(written?.connections.get(name) ?? [])].filter(([, value]) => !value.secret).map(([path, { text }]) => [path, text]),
  );
  return digest([configHash(sync), connections]);
}

/** Where an expression stands in its file is no part of what it means. */
function withoutPlaces({ from, ...mapping }: FieldMapping): object {
  return { ...mapping, from: from.kind === 'sql' ? { kind: from.kind, sql: from.sql } : from };
}

/** Refuses a state that belongs to another destination or was keyed with another `state.key`. */
export function checkState(
  head: SyncState | undefined,
  bound: BoundSync,
  expected: { lineage: string; identity: string; hashId: string },
): void {
  if (head?.lineage !== expected.lineage) return;
  const { sync } = bound;
  if (head.destination !== expected.identity) {
    throw new UserError(`${sync.name} wrote to ${head.destination} so far; now its destination is ${expected.identity}`, {
      location: sync.at('destination', 'connection'),
      hint: `State of one destination says nothing about another. Point the connection back, or start over with \`sluice state rm ${sync.name}\` (nothing is written to either).`,
    });
  }
  const storedKey = head.hashId.split(':')[1] ?? '';
  const ownKey = expected.hashId.split(':')[1] ?? '';
  if (storedKey !== '' && ownKey !== '' && storedKey !== ownKey) {
    throw new UserError(`state.key is not the key that the state of ${sync.name} was made with`, {
      location: sync.location,
      hint: 'Set the former key again. Without it the sensitive values in state cannot be compared.',
    });
  }
}

/** Base of this sync's lineage, and what a plan must find unchanged when it is applied. */
export interface OwnBase extends Omit<BaseRelations, 'records'> {
  readonly head: SyncState | undefined;
  readonly lineage: string;
  readonly identity: string;
  readonly hashId: string;
  /** The stored hashes were computed in another way. */
  readonly rehash: boolean;
  /** Records of a former object or key. */
  readonly formerRecords: number;
}
