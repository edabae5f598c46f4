/**
 * Where base, desired and live meet. One statement over the candidates, in layers: `met` (the three sides of a record),
 * `compared` (every field's values side by side), `cases` (the case of each field) and what becomes of the record
 * (`actions.ts`, `images.ts`): the table `c_results`, which the plan file and the summary are read from.
 * The truth tables are in docs/plan-semantics.md.
 */
import { canonicalOfExact, canonicalValue, exactText } from '../canonical/canonical.ts';
import { FUNCTIONS, isKeyedHash } from '../canonical/functions.ts';
import type { TextRules } from '../canonical/types.ts';
import type { Refresh } from '../config/model.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { resultColumns, results } from './actions.ts';
import { type BoundField, type BoundSync, desiredRaw, desiredText, readableFields } from './bind.ts';
import { caseBits, caseExpression, hasCase, isCase, landedExpression, movedExpression, rejectExpression } from './field-sql.ts';
import { hasMember, memberText, memberTexts } from './json-sql.ts';
import type { LiveForm } from './live.ts';

export interface ClassifyRequest {
  readonly bound: BoundSync;
  readonly refresh: Refresh;
  /** What `c_live` holds. */
  readonly live: LiveForm;
  /** Nothing may be deleted, cleared or forgotten in this plan: the source cannot be trusted to be whole. */
  readonly suspended: boolean;
  /** Records whose live values are taken as they are (`sluice accept`): these keys, or every record that drifted. */
  readonly accept?: Acceptance | undefined;
}

/** Keys as JSON arrays; left out: every held or drifted record. */
export interface Acceptance {
  readonly keys?: readonly string[] | undefined;
}

/** What the candidates hold at all: what they do not hold needs no SQL. */
export interface BaseFacts {
  /** Writes that were never acknowledged. */
  readonly pending: boolean;
  /** Creates among them. */
  readonly pendingCreates: boolean;
  /** Fields that came back from the destination in another form. */
  readonly returned: boolean;
  /** Fields may come back in another form: records that nobody has looked at since they were written. */
  readonly mayNormalise: boolean;
}

export async function classify(workspace: Workspace, request: ClassifyRequest): Promise<void> {
  const count = await workspace.row(`
    SELECT (SELECT count(*) FROM c_desired WHERE key IS NOT NULL) + count(*) AS candidates, count(pending) AS pending,
      count(*) FILTER (WHERE pending IS NOT NULL AND sent IS NULL) AS creates, count(returned) AS returned, count(*) FILTER (WHERE NOT verified) AS unverified
    FROM c_base`);
  const some = (name: string): boolean => Number(count[name]) > 0;
  if (!some('candidates')) return workspace.run(`CREATE TEMP TABLE c_results (${resultColumns(request.bound)})`);
  const facts = {
    pending: some('pending'),
    pendingCreates: some('creates'),
    returned: some('returned'),
    mayNormalise: some('unverified') || request.accept !== undefined,
  };
  await workspace.run(`CREATE TEMP TABLE c_results AS ${results(request, facts, cases(request, facts))}`, acceptedKeys(request));
  if (request.accept !== undefined) await workspace.run('DELETE FROM c_results WHERE NOT accepted');
}

/**
 * One row per record: the three sides joined. The joins carry what was stored and what the query yielded, and what is made
 * of it comes after them. Candidates pass through a materialised WITH, which DuckDB hands out in small pieces: a table of less
 * than 120,000 rows would keep one core busy only.
 */
function met(request: ClassifyRequest, facts: BaseFacts): string {
  const { bound } = request;
  const columns = [
    ...bound.fields.filter((field) => field.mapping.from.kind !== 'value').map((field) => `d.${field.raw.sql}`),
    ...readableFields(bound).flatMap((field) => readValues(field, request.live)),
  ];
  return `
    WITH wanted AS MATERIALIZED (SELECT * FROM c_desired WHERE key IS NOT NULL), known AS MATERIALIZED (SELECT * FROM c_base)
    SELECT coalesce(d.key, b.key) AS key, coalesce(d.key_hash, b.key_hash) AS key_hash, d.row_hash,
      d.key IS NOT NULL AS has_d, b.base IS NOT NULL AS has_b, b.key IS NOT NULL AS in_state, l.key IS NOT NULL AS has_l,
      coalesce(l.copies, 0) AS copies, coalesce(l.remote_id, b.remote_id) AS remote_id, coalesce(l.assumed, false) AS assumed,
      b.base, b.sent, b.returned, b.unacknowledged, b.row_hash AS b_row_hash, b.live_hash AS b_live_hash, coalesce(b.verified, true) AS verified,
      CASE WHEN b.sent IS NOT NULL THEN b.origin WHEN b.base IS NOT NULL THEN 'created' ELSE 'adopted' END AS origin,
      b.left_at, b.left_as, b.pending IS NOT NULL AS pending,
      rj.code AS known_code, rj.message AS known_message, ${columns.join(', ')}
    FROM wanted AS d
    FULL OUTER JOIN (${stored(request, facts)}) AS b ON d.key = b.key
    LEFT JOIN c_live AS l ON l.key = coalesce(d.key, b.key)
    LEFT JOIN c_known AS rj ON rj.key = d.key AND rj.row_hash = d.row_hash`;
}

/**
 * Base of each record. What was sent but never acknowledged is no base, but for a create that is found just as it was sent:
 * that one landed. A record that looks different may be somebody else's.
 */
function stored({ bound, live }: ClassifyRequest, facts: BaseFacts): string {
  const unacknowledged = facts.pending ? `CAST(json_extract(b.pending, '/sent') AS VARCHAR)` : 'CAST(NULL AS VARCHAR)';
  if (!facts.pendingCreates || live === 'assumed') return `SELECT b.*, b.sent AS base, ${unacknowledged} AS unacknowledged FROM known AS b`;
  const asSent = readableFields(bound).map(
    ({ index, name }) => `(NOT ${hasMember('p.sent', name)} OR l.l${index} IS NOT DISTINCT FROM ${memberText('p.sent', name)})`,
  );
  const pending = `SELECT key, CAST(json_extract(pending, '/sent') AS VARCHAR) AS sent FROM c_base WHERE sent IS NULL AND pending IS NOT NULL`;
  return `
    SELECT b.*, coalesce(b.sent, landed.sent) AS base, ${unacknowledged} AS unacknowledged
    FROM known AS b LEFT JOIN (
      SELECT p.* FROM (${pending}) AS p JOIN c_live AS l ON l.key = p.key WHERE ${['true', ...asSent].join(' AND ')}) AS landed ON landed.key = b.key`;
}

/** Desired side: `d<i>` canonical and `w<i>` exact text, `b<i>` when the value cannot be read as the field's type. */
function desiredValues(bound: BoundSync, field: BoundField): string[] {
  const { index: i, type } = field;
  const raw = desiredRaw(field);
  return [`${desiredText(bound, field)} AS d${i}`, `${exactText(type, raw)} AS w${i}`, `${isUnreadable(bound, field)} AS b${i}`];
}

/** What the destination stores as null because it is empty is no misfit. */
function isUnreadable({ capabilities: { text } }: BoundSync, field: BoundField): string {
  if (!canBeUnreadable(field)) return 'false';
  const raw = desiredRaw(field);
  const value = canonicalValue(field.type, raw, { ...text, emptyIsNull: false });
  const isThere = text.emptyIsNull === true ? `trim(CAST(${raw.sql} AS VARCHAR)) <> ''` : `${raw.sql} IS NOT NULL`;
  return `(${isThere} AND ${value} IS NULL)`;
}

/** `q<i>`: the record that the field points at exists, or this plan creates it (`a<i>`). */
function resolved({ index: i, mapping, type }: BoundField, rules: TextRules): string[] {
  if (mapping.reference === undefined) return [];
  const target = canonicalOfExact(type, `w${i}`, rules);
  const among = (which: string): string => `coalesce(${target} IN (SELECT value FROM c_parents WHERE field = ${i}${which}), false)`;
  return [`${among('')} AS q${i}`, `${among(' AND planned')} AS a${i}`];
}

function canBeUnreadable({ type }: BoundField): boolean {
  return type.kind !== 'text' || type.native !== undefined || type.id18 === true;
}

/** The live hash of a record that holds everything as desired: from typed values, which is cheaper than from their texts. */
function desiredHash(bound: BoundSync): string {
  const values = readableFields(bound).map((field) => {
    const value = canonicalValue(field.type, desiredRaw(field), bound.capabilities.text);
    return field.sensitive ? desiredText(bound, field) : value;
  });
  return values.length === 0 ? '0::UBIGINT' : `hash(${values.join(', ')})`;
}

/** Every field's values side by side. */
function compared(request: ClassifyRequest, facts: BaseFacts): string {
  const { bound } = request;
  const { fields } = bound;
  const texts = memberTexts(
    'base',
    fields.map((field) => field.name),
  );
  const desired = fields.flatMap((field) => desiredValues(bound, field));
  const known = fields.flatMap((field) => [...knownValues(field, facts), ...resolved(field, bound.capabilities.text)]);
  const live = readableFields(bound).flatMap((field) => liveValues(field, request.live));
  const moved = fields.map((field) => `${movedExpression(field)} AS m${field.index}`);
  const sides = `SELECT *, ${desiredHash(bound)} AS desired_hash, ${desired.join(', ')}, ${texts} AS texts FROM (${met(request, facts)})`;
  const withBase = `SELECT * EXCLUDE (texts), ${known.join(', ')} FROM (${sides})`;
  const withLive = live.length === 0 ? withBase : `SELECT *, ${live.join(', ')} FROM (${withBase})`;
  const landed = fields.map((field) => `${facts.pending ? landedExpression(field) : 'false'} AS g${field.index}`);
  return `SELECT *, ${moved.join(', ')} FROM (SELECT *, ${landed.join(', ')} FROM (${withLive}))`;
}

/** What state knows of the field: `s<i>` sent, `p<i>` whether there is a base, `r<i>` returned, `u<i>` sent but never acknowledged. */
function knownValues(field: BoundField, facts: BaseFacts): string[] {
  const { index: i, name } = field;
  const sent = storedText(field, `texts[${i + 1}]`);
  const other = (object: string): string => storedText(field, memberText(object, name));
  const returned = `CASE WHEN returned IS NULL THEN ${sent} WHEN ${hasMember('returned', name)} THEN ${other('returned')} ELSE ${sent} END`;
  return [
    `${sent} AS s${i}`,
    `CASE WHEN ${sent} IS NOT NULL THEN true ELSE ${hasMember('base', name)} END AS p${i}`,
    `${facts.returned ? returned : sent} AS r${i}`,
    `${facts.pending ? other('unacknowledged') : 'CAST(NULL AS VARCHAR)'} AS u${i}`,
  ];
}

/** Of a field that was not sensitive when it was written, state holds the value itself: it is hashed here, and by the next run in state. */
function storedText(field: BoundField, text: string): string {
  return field.sensitive ? `CASE WHEN ${isKeyedHash(text)} THEN ${text} ELSE ${FUNCTIONS.mac}(${text}) END` : text;
}

/** The destination's side as it was read. */
function readValues({ index: i }: BoundField, form: LiveForm): string[] {
  if (form === 'assumed') return [];
  return form === 'read' ? [`l.l${i}`, `l.v${i}`] : [`l.l${i} AS x${i}`, `l.v${i} AS e${i}`];
}

/** The destination's side, `l<i>` canonical and `v<i>` exact text, where base stands for what was not read. */
function liveValues({ index: i }: BoundField, form: LiveForm): string[] {
  if (form === 'read') return [];
  const [canonical, exact] = form === 'both' ? [`x${i}`, `e${i}`] : ['NULL', 'NULL'];
  return [`CASE WHEN assumed THEN r${i} ELSE ${canonical} END AS l${i}`, `CASE WHEN assumed THEN r${i} ELSE ${exact} END AS v${i}`];
}

/** The case of each field, and the first reason to reject the record. */
function cases(request: ClassifyRequest, facts: BaseFacts): string {
  const { bound } = request;
  const rejects = bound.fields.map((field) => rejectExpression(field, bound.sync, bound.capabilities.text));
  const named = bound.fields.map((field) => `${caseExpression(field)} AS c${field.index}`);
  const all = `SELECT *, ${[...named, `coalesce(${rejects.join(', ')}) AS field_reject`].join(',\n ')} FROM (${compared(request, facts)})`;
  return request.accept === undefined ? all : acceptedCases(request, all);
}

/** An accepted record differs in nothing: what it holds is what became of what the warehouse says. */
function acceptedCases(request: ClassifyRequest, all: string): string {
  const { bound, accept } = request;
  const drifted = bound.fields.map((field) => `(${isCase(field, 'drift', 'conflict')} OR (NOT has_d AND m${field.index}))`);
  const chosen =
    accept?.keys === undefined ? `(${drifted.join(' OR ')})` : `list_contains(json_transform($keys::JSON, '["VARCHAR"]'), key)`;
  const replaced = bound.fields.map(({ index: i }) => {
    const differs = hasCase(`c${i}`, 'fill', 'takeover', 'update', 'drift', 'conflict');
    return `CASE WHEN accepted AND ${differs} THEN ${caseBits('normalised')} ELSE c${i} END AS c${i}`;
  });
  return `SELECT * REPLACE (${replaced.join(', ')}) FROM (SELECT *, ${chosen} AND has_l AS accepted FROM (${all}))`;
}

function acceptedKeys(request: ClassifyRequest): Record<string, string> {
  return request.accept?.keys === undefined ? {} : { keys: JSON.stringify(request.accept.keys) };
}
