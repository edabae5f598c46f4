/** Which syncs a command works on: by name, and by `--select`. */
import { UserError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import type { Project, Sync } from './model.ts';
import { quoted } from './schema-errors.ts';

export interface SelectedSync {
  readonly sync: Sync;
  /** Why it is selected, as `ls --why` says it. */
  readonly why: readonly string[];
}

/**
 * Syncs by name or selector, in the order of the project. Names and selectors add up; inside one selector, parts joined
 * by commas must all fit. Nothing given: every sync. Throws a `UserError` on a name or selector that fits nothing.
 */
export function selectSyncs(
  project: Project,
  names: readonly string[],
  selectors: readonly string[],
  modified?: Modified,
): readonly Sync[] {
  return selectWithReasons(project, names, selectors, modified).map((each) => each.sync);
}

/** `selectSyncs`, with the reason for each. Where the project is compared with another, nothing given means what is modified. */
export function selectWithReasons(
  project: Project,
  names: readonly string[],
  selectors: readonly string[],
  modified?: Modified,
): readonly SelectedSync[] {
  if (names.length === 0 && selectors.length === 0) {
    if (modified !== undefined) return selectWithReasons(project, [], ['modified'], modified);
    return project.syncs.map((sync) => ({ sync, why: ['every sync'] }));
  }
  names.forEach((name) => {
    if (project.syncs.every((sync) => sync.name !== name)) throw unknownSync(project, name);
  });
  const tests = selectors.map((selector) => ({ reasons: parseSelector(project, selector, modified) }));
  return project.syncs.flatMap((sync) => {
    const byName = names.includes(sync.name) ? ['named'] : [];
    const why = [...byName, ...tests.flatMap(({ reasons }) => reasons(sync) ?? [])];
    return why.length === 0 ? [] : [{ sync, why }];
  });
}

function unknownSync(project: Project, name: string): UserError {
  const known = project.syncs.map((sync) => sync.name);
  const near = nearest(name, known);
  const list = known.length > 20 ? 'sluice ls lists the syncs' : `the project has ${known.join(', ') || 'none'}`;
  return new UserError(`there is no sync ${quoted(name)}`, { hint: near === undefined ? list : `did you mean ${near}?` });
}

/** Why a selector fits a sync; undefined when it does not. */
type Reasons = (sync: Sync) => readonly string[] | undefined;
type Fits = (sync: Sync) => boolean;

/** Syncs that a branch adds or changes, by name, with what changed: what `modified` selects. */
export type Modified = ReadonlyMap<string, readonly string[]>;

interface Method {
  /** Values that a sync answers to. */
  readonly values: (sync: Sync) => readonly string[];
  readonly nothing: (value: string) => string;
}

const METHODS: Readonly<Record<string, Method>> = {
  tag: { values: (sync) => sync.tags, nothing: (value) => `no sync has the tag ${quoted(value)}` },
  source: { values: (sync) => [sync.source.connection], nothing: (value) => `no sync reads from ${quoted(value)}` },
  destination: { values: (sync) => [sync.destination.connection], nothing: (value) => `no sync writes to ${quoted(value)}` },
  name: { values: (sync) => [sync.name], nothing: (value) => `no sync is named like ${quoted(value)}` },
};

const SELECTORS = 'selectors are tag:NAME, source:CONNECTION, destination:CONNECTION, name:PATTERN and modified';

function parseSelector(project: Project, selector: string, modified: Modified | undefined): Reasons {
  const parts = selector.split(',').map((part) => part.trim());
  const fits = parts.map((part) => (part === 'modified' ? modifiedPart(modified) : parsePart(project, part)));
  return (sync) => {
    if (!fits.every((each) => each(sync))) return undefined;
    const changes = parts.includes('modified') ? (modified?.get(sync.name) ?? []) : [];
    return changes.length === 0 ? [selector] : changes.map((change) => `${selector}: ${change}`);
  };
}

/** Nothing need be modified. */
function modifiedPart(modified: Modified | undefined): Fits {
  if (modified !== undefined) return (sync) => modified.has(sync.name);
  throw new UserError('--select modified needs something to compare with', { hint: 'Add --base REF, such as --base origin/main.' });
}

function parsePart(project: Project, part: string): Fits {
  const [prefix, value] = part.includes(':') ? [part.slice(0, part.indexOf(':')), part.slice(part.indexOf(':') + 1)] : ['name', part];
  const method = Object.hasOwn(METHODS, prefix) ? METHODS[prefix] : undefined;
  if (method === undefined || value === '') {
    const near = nearest(prefix, Object.keys(METHODS));
    const suggestion = near === undefined || value === '' ? '' : `; did you mean ${near}:${value}?`;
    throw new UserError(`--select ${quoted(part)} is not a selector${suggestion}`, { hint: SELECTORS });
  }
  const fits: Fits = (sync) => method.values(sync).some((each) => glob(value).test(each));
  if (project.syncs.some(fits)) return fits;
  const near = nearest(value, [...new Set(project.syncs.flatMap((sync) => method.values(sync)))]);
  throw new UserError(`--select ${part}: ${method.nothing(value)}`, { hint: near === undefined ? undefined : `did you mean ${near}?` });
}

/** `*` stands for any text, `?` for one character. */
function glob(pattern: string): RegExp {
  const parts = [...pattern].map((letter) => (letter === '*' ? '.*' : letter === '?' ? '.' : letter.replace(/[\\^$.|+()[\]{}]/, '\\$&')));
  return new RegExp(`^${parts.join('')}$`, 'su');
}
