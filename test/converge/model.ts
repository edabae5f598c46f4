/** What the design says about the life of a sync, read plainly and worked out without Sluice. */

export const FIELDS = ['Name', 'Plan'] as const;
export type Field = (typeof FIELDS)[number];
export type Values = Readonly<Record<Field, string | null>>;

export interface Policy {
  readonly mode: 'upsert' | 'update' | 'create';
  readonly onMissing: 'keep' | 'clear' | 'delete';
  readonly onDrift: 'overwrite' | 'keep';
  readonly when: 'always' | 'create' | 'empty';
  readonly onNull: 'clear' | 'skip';
  readonly deleteAdopted: boolean;
}

export interface SourceRow extends Values {
  readonly id: string | null;
}

export type Edit =
  | { readonly kind: 'set'; readonly id: string; readonly field: Field; readonly value: string | null }
  | { readonly kind: 'delete' | 'insert'; readonly id: string };

/** What Sluice remembers of a record. `fields`: what was sent; a field that was never sent or adopted is not in it. */
export interface Base {
  fields: Partial<Record<Field, string | null>>;
  readonly isCreated: boolean;
  left: boolean;
  cleared: boolean;
}

/** A record as the destination holds it; `Notes` is nobody's business but of whoever made it. */
export type Live = Record<Field, string | null> & { readonly Notes?: string };

export interface World {
  readonly live: Map<string, Live>;
  readonly base: Map<string, Base>;
}

/** Notes of a record that a person made: every byte has to stay. */
export const NOTES = 'by hand\r\n "x" \\N \\ \t \u{1F469}\u200D\u{1F680} e\u0301';

/** A record that a person makes. */
export const THEIRS: Live = { Name: 'theirs', Plan: 'Old', Notes: NOTES };

/** The destination refuses a value that begins so, when it is written: no plan can know. */
export const BAD = 'bad';

const policyOf = (policy: Policy, field: Field): Pick<Policy, 'when' | 'onNull'> =>
  field === 'Plan' ? policy : { when: 'always', onNull: 'clear' };

/** All that runs do until nothing is left to do: D is `rows`. */
export function turned(world: World, policy: Policy, rows: readonly SourceRow[]): void {
  const counts = new Map<string | null, number>();
  for (const row of rows) counts.set(row.id, (counts.get(row.id) ?? 0) + 1);
  for (const row of rows) if (row.id !== null && counts.get(row.id) === 1) wanted(world, policy, row.id, row);
  const isSuspended = counts.has(null) || (rows.length === 0 && world.base.size > 0);
  if (isSuspended) return;
  for (const [id, base] of [...world.base]) if (!counts.has(id)) left(world, policy, id, base);
}

const isBad = (value: string | null): boolean => value?.startsWith(BAD) === true;

function wanted(world: World, policy: Policy, id: string, desired: Values): void {
  const live = world.live.get(id);
  const base = world.base.get(id);
  if (live !== undefined) {
    existing(world, policy, id, desired, live);
    return;
  }
  if (policy.mode === 'update') return;
  // gone: deleted by somebody else. What this sync itself deleted after the record left is simply created again.
  if (base !== undefined && policy.onDrift === 'keep') return;
  if (isBad(desired.Name) || isBad(desired.Plan)) return;
  const sent: Base['fields'] = { Name: desired.Name };
  if (desired.Plan !== null || policy.onNull === 'clear') sent.Plan = desired.Plan;
  else if (base?.fields.Plan !== undefined) sent.Plan = base.fields.Plan;
  world.live.set(id, { Name: desired.Name, Plan: desired.Plan });
  world.base.set(id, { fields: sent, isCreated: true, left: false, cleared: false });
}

function existing(world: World, policy: Policy, id: string, desired: Values, live: Live): void {
  const known = world.base.get(id);
  const adopted: Base['fields'] = { ...known?.fields };
  const written: Base['fields'] = {};
  const count = { withheld: 0 };
  for (const field of FIELDS) {
    const { when, onNull } = policyOf(policy, field);
    const [d, l, b] = [desired[field], live[field], known?.fields[field]];
    if (when === 'create' || (when === 'empty' && l !== null)) continue;
    if (d === null && (onNull === 'skip' || b === undefined)) continue;
    const moved = b !== undefined && l !== b;
    if (d === l) adopted[field] = d;
    else if (moved && policy.onDrift === 'keep') count.withheld += 1;
    else written[field] = d;
  }
  const writes = Object.values(written);
  // A record is written as a whole or not at all: what is refused or may not be updated keeps its base, and a stranger stays one.
  if (writes.length > 0 && (policy.mode === 'create' || writes.some((value) => isBad(value)))) return;
  if (writes.length === 0 && count.withheld > 0) return;
  Object.assign(live, written);
  world.base.set(id, { fields: { ...adopted, ...written }, isCreated: known?.isCreated ?? false, left: false, cleared: false });
}

function left(world: World, policy: Policy, id: string, base: Base): void {
  const live = world.live.get(id);
  if (live === undefined) {
    world.base.delete(id);
    return;
  }
  const moved = FIELDS.some((field) => field in base.fields && live[field] !== base.fields[field]);
  const isHeld = moved && policy.onDrift === 'keep';
  const clears = policy.onMissing === 'clear' && policy.mode !== 'create';
  if (policy.onMissing === 'delete' && (base.isCreated || policy.deleteAdopted)) {
    if (isHeld) return;
    world.live.delete(id);
    world.base.delete(id);
  } else if (clears && base.cleared) {
    return;
  } else if (clears && FIELDS.some((field) => live[field] !== null)) {
    if (isHeld) return;
    for (const field of FIELDS) {
      live[field] = null;
      base.fields[field] = null;
    }
    base.left = true;
    base.cleared = true;
  } else {
    base.left = true;
  }
}

/** People work in the destination. Returns what they really do: nobody makes a record that is there. */
export function edited(world: World, edits: readonly Edit[]): Edit[] {
  return edits.filter((edit) => {
    const live = world.live.get(edit.id);
    if (edit.kind === 'delete') world.live.delete(edit.id);
    else if (edit.kind === 'set' && live !== undefined) live[edit.field] = edit.value;
    else if (edit.kind === 'insert' && live === undefined) world.live.set(edit.id, { ...THEIRS });
    return edit.kind !== 'insert' || live === undefined;
  });
}

/** What the destination has to hold; `stored`: what it makes of a text. */
export function liveRows(world: World, stored: (text: string) => string): (string | null)[][] {
  return [...world.live]
    .map(([id, values]) => [id, values.Name, values.Plan, values.Notes === undefined ? null : stored(values.Notes)])
    .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
}

export interface BaseRow {
  readonly sent: Base['fields'];
  readonly left: boolean;
}

/** What state has to hold. */
export function baseRows(world: World): Record<string, BaseRow> {
  return Object.fromEntries([...world.base].map(([id, base]) => [id, { sent: base.fields, left: base.left }]));
}
