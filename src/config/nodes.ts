/** The user's YAML as a tree that remembers where everything stands and how every scalar was written. */
import type { Location } from '../errors.ts';

export type ConfigNode = ScalarNode | ListNode | MapNode;

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly location: Location;
  readonly value: string | number | boolean | null;
  /** Exactly as written: `1.10` and `12345678901234567890` stay what they are. Empty for null. */
  readonly text: string;
  /** Where each line of `text` stands. */
  readonly lines: readonly Location[];
  /** A reference was put in: the text may stand for a number or a boolean. */
  readonly interpolated?: true;
  /** Holds a reference that was deliberately left alone: nothing can be said about the value yet. */
  readonly unresolved?: true;
  /** Holds something from the environment: never shown. */
  readonly secret?: true;
}

export interface ListNode {
  readonly kind: 'list';
  readonly location: Location;
  readonly items: readonly ConfigNode[];
}

export interface MapEntry {
  /** Where the key stands. */
  readonly at: Location;
  readonly value: ConfigNode;
}

export interface MapNode {
  readonly kind: 'map';
  readonly location: Location;
  readonly entries: ReadonlyMap<string, MapEntry>;
}

export type Path = readonly (string | number)[];

/** A document of the project, before anything is known about it but its place. */
export interface ConfigDocument {
  readonly root: MapNode;
  /** Absolute path of its file. */
  readonly path: string;
}

/** The node at a path, if it exists. */
export function nodeAt(root: ConfigNode, path: Path): ConfigNode | undefined {
  return path.reduce<ConfigNode | undefined>((node, step) => childOf(node, step), root);
}

function childOf(node: ConfigNode | undefined, step: string | number): ConfigNode | undefined {
  if (node?.kind === 'map') return node.entries.get(String(step))?.value;
  return node?.kind === 'list' ? node.items[Number(step)] : undefined;
}

/** Where a property stands: the value of a scalar, the key of a map or list. Falls back to what encloses it. */
export function locate(root: ConfigNode, path: Path): Location {
  const found = path.reduce<{ node: ConfigNode | undefined; at: Location }>(
    ({ node, at }, step) => {
      const child = childOf(node, step);
      if (child === undefined) return { node: undefined, at };
      const key = node?.kind === 'map' ? node.entries.get(String(step))?.at : undefined;
      return { node: child, at: child.kind === 'scalar' && child.value !== null ? child.location : (key ?? child.location) };
    },
    { node: root, at: root.location },
  );
  return found.at;
}

/** Text of a scalar at a path; undefined when there is none. */
export function textAt(root: ConfigNode, ...path: (string | number)[]): string | undefined {
  const node = nodeAt(root, path);
  return node?.kind === 'scalar' && node.value !== null && node.unresolved === undefined ? node.text : undefined;
}

/** As plain data: numbers as numbers, for checks and options. JSON knows no infinity: it stays text. */
export function toPlain(node: ConfigNode): unknown {
  if (node.kind === 'scalar') return typeof node.value === 'number' && !Number.isFinite(node.value) ? node.text : node.value;
  if (node.kind === 'list') return node.items.map((item) => toPlain(item));
  return Object.fromEntries([...node.entries].map(([key, entry]) => [key, toPlain(entry.value)]));
}

/** Plain data of a map, without what could not be resolved yet. */
export function toOptions(map: MapNode): Readonly<Record<string, unknown>> {
  const known = [...map.entries].filter(([, { value }]) => value.kind !== 'scalar' || value.unresolved === undefined);
  return Object.fromEntries(known.map(([key, { value }]) => [key, value.kind === 'map' ? toOptions(value) : toPlain(value)]));
}

/** As plain data in which every scalar is its exact text (or null). */
export function toExact(node: ConfigNode): unknown {
  if (node.kind === 'scalar') return exactText(node);
  if (node.kind === 'list') return node.items.map((item) => toExact(item));
  return Object.fromEntries([...node.entries].map(([key, entry]) => [key, toExact(entry.value)]));
}

/** A constant as text: `true` and `false` in lower case, infinities as databases write them, null as null. */
export function exactText(node: ScalarNode): string | null {
  if (node.value === null) return null;
  if (typeof node.value === 'boolean') return String(node.value);
  if (typeof node.value === 'number' && /^[-+]?\.(inf|nan)$/i.test(node.text)) {
    return node.text.toLowerCase().replace('.', '').replace('+', '');
  }
  return node.text;
}

/** The tree with every scalar replaced; maps and lists keep their places. */
export function mapScalars(node: ConfigNode, path: Path, change: (scalar: ScalarNode, path: Path) => ScalarNode): ConfigNode {
  if (node.kind === 'scalar') return change(node, path);
  if (node.kind === 'list') return { ...node, items: node.items.map((item, index) => mapScalars(item, [...path, index], change)) };
  const entries = [...node.entries].map(
    ([key, entry]) => [key, { at: entry.at, value: mapScalars(entry.value, [...path, key], change) }] as const,
  );
  return { ...node, entries: new Map(entries) };
}

/** `mapScalars` of a whole document. */
export function mapDocument(root: MapNode, change: (scalar: ScalarNode, path: Path) => ScalarNode): MapNode {
  return mapScalars(root, [], change) as MapNode;
}

/** Maps merge, everything else is replaced. */
export function mergeNodes(base: ConfigNode | undefined, over: ConfigNode): ConfigNode {
  if (base?.kind !== 'map' || over.kind !== 'map') return over;
  const merged = [...over.entries].map(([key, entry]) => {
    const below = base.entries.get(key);
    return [key, { at: entry.at, value: mergeNodes(below?.value, entry.value) }] as const;
  });
  return { ...base, entries: new Map([...base.entries, ...merged]) };
}

/** The map without some of its keys. */
export function without(map: MapNode, keys: readonly string[]): MapNode {
  return { ...map, entries: new Map([...map.entries].filter(([key]) => !keys.includes(key))) };
}

/** A map at a path of a document; undefined when it is missing or something else. */
export function mapAt(root: ConfigNode, ...path: (string | number)[]): MapNode | undefined {
  const node = nodeAt(root, path);
  return node?.kind === 'map' ? node : undefined;
}
