/**
 * What was approved in review, and whether a later plan stays within it. Rows move between review and merge, so a plan that is
 * equal to the byte is never there again: an envelope holds what a reviewer looked at, the configuration, the kinds of action, the
 * fields and their counts. `formats.md` describes the file.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

import type { Project } from '../config/model.ts';
import type { Problem } from '../errors.ts';
import { count } from '../words.ts';
import type { PlanDocument, SyncPlan } from './document.ts';
import { configurationHash } from './identity.ts';

export const ENVELOPE_FORMAT = '1.0';

export interface Envelope {
  readonly format_version: string;
  readonly project: string;
  readonly environment: string | null;
  /** That was planned: 40 hexadecimal digits; null outside of a Git repository. */
  readonly commit: string | null;
  readonly plan_id: string;
  /** ISO 8601, UTC. */
  readonly created_at: string;
  readonly expires_at: string;
  readonly syncs: readonly EnvelopeSync[];
  /** HMAC-SHA256 of everything else, when a key was set. */
  readonly signature?: string;
}

/** Counts are of records; `fields` of records whose field an update writes. */
export interface EnvelopeSync {
  readonly name: string;
  /** Of the sync as configured: what it reads, maps, writes to, and its policies. */
  readonly config_hash: string;
  readonly destination: string;
  /** What it said it is: a connection written as `${env.X}` may lead elsewhere where the plan is applied. */
  readonly destination_id: string;
  readonly object: string;
  readonly create: number;
  readonly update: number;
  readonly clear: number;
  readonly delete: number;
  readonly fields: Readonly<Record<string, number>>;
}

export interface EnvelopeTerms {
  readonly commit: string | null;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly daysValid: number;
  readonly key: string | undefined;
}

const DAY_MS = 86_400_000;
const ACTIONS = ['create', 'update', 'clear', 'delete'] as const;

/** The envelope of a plan. A sync that may not be applied is not in it: nobody can approve what its guards forbid. */
export function envelopeOf(document: PlanDocument, project: Project, terms: EnvelopeTerms): Envelope {
  const hashes = hashesOf(project);
  const envelope: Envelope = {
    format_version: ENVELOPE_FORMAT,
    project: document.project,
    environment: document.environment,
    commit: terms.commit,
    plan_id: document.plan_id,
    created_at: new Date(terms.now).toISOString(),
    expires_at: new Date(terms.now + terms.daysValid * DAY_MS).toISOString(),
    syncs: document.syncs.filter(({ blocked, error }) => blocked.length === 0 && error === null).map((sync) => sealed(sync, hashes)),
  };
  return terms.key === undefined ? envelope : { ...envelope, signature: signatureOf(envelope, terms.key) };
}

function sealed(sync: SyncPlan, hashes: ReadonlyMap<string, string>): EnvelopeSync {
  const { name, destination, destination_id = '', object, fields } = sync;
  const { create, update, clear, delete: deletes } = sync.summary;
  return { name, config_hash: hashes.get(name) ?? '', destination, destination_id, object, create, update, clear, delete: deletes, fields };
}

function hashesOf(project: Project): ReadonlyMap<string, string> {
  return new Map(project.syncs.map((sync) => [sync.name, configurationHash(project, sync)]));
}

/** True when the envelope was signed with this key. */
export function isSignedWith(envelope: Envelope, key: string): boolean {
  const given = Buffer.from(envelope.signature ?? '', 'hex');
  const own = Buffer.from(signatureOf(envelope, key), 'hex');
  return given.length === own.length && timingSafeEqual(given, own);
}

function signatureOf({ signature: _signature, ...content }: Envelope, key: string): string {
  return createHmac('sha256', key).update(JSON.stringify(content)).digest('hex');
}

export interface Applied {
  readonly document: PlanDocument;
  /** As configured now. */
  readonly project: Project;
  /** Of a saved plan: what each sync was configured like when it was planned. */
  readonly planned?: ReadonlyMap<string, string> | undefined;
  /** How many records more than approved may be created or updated: percent of what was approved. Never deletes or clears. */
  readonly tolerance: number;
}

/** What in a plan goes beyond the envelope, sync by sync; empty when it stays within. */
export function beyond(envelope: Envelope, { document, project, planned, tolerance }: Applied): readonly Problem[] {
  const hashes = hashesOf(project);
  const approved = new Map(envelope.syncs.map((sync) => [sync.name, sync]));
  return document.syncs.flatMap((sync) => {
    if (ACTIONS.every((action) => sync.summary[action] === 0)) return [];
    const own = approved.get(sync.name);
    const hash = hashes.get(sync.name) ?? '';
    const location = project.syncs.find(({ name }) => name === sync.name)?.location;
    const said =
      own === undefined
        ? [`${sync.name} was not approved`]
        : excess(own, sync, { hash, planned: planned?.get(sync.name) ?? hash, tolerance });
    return said.map((message): Problem => ({ message, location }));
  });
}

function excess(own: EnvelopeSync, sync: SyncPlan, now: { hash: string; planned: string; tolerance: number }): readonly string[] {
  const { hash, planned, tolerance } = now;
  if (planned !== hash) return [`${sync.name} was planned with another configuration than the one that is here now`];
  if (own.config_hash !== hash || own.destination !== sync.destination || own.object !== sync.object) {
    return [`${sync.name} is configured in another way than what was approved`];
  }
  if (own.destination_id !== (sync.destination_id ?? '')) {
    return [`${sync.name} writes to another system than what was approved: ${sync.destination_id ?? 'unknown'}, not ${own.destination_id}`];
  }
  const actions = ACTIONS.flatMap((action) => {
    const allowed = action === 'delete' || action === 'clear' ? own[action] : limitOf(own[action], tolerance);
    return more(`${sync.name}: ${action}`, sync.summary[action], own[action], allowed);
  });
  const fields = Object.entries(sync.fields).flatMap(([field, records]) => {
    const before = Object.hasOwn(own.fields, field) ? (own.fields[field] ?? 0) : 0;
    return more(`${sync.name}: update of ${field}`, records, before, limitOf(before, tolerance));
  });
  return [...actions, ...fields];
}

function limitOf(approved: number, tolerance: number): number {
  return approved + Math.floor((approved * tolerance) / 100);
}

function more(what: string, now: number, approved: number, allowed: number): readonly string[] {
  if (now <= allowed) return [];
  const limit = allowed === approved ? '' : `, at most ${count(allowed)} with the tolerance`;
  return [
    approved === 0 ? `${what} was not approved (${count(now)} now)` : `${what} ${count(now)}: ${count(approved)} were approved${limit}`,
  ];
}
