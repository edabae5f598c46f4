/** A destination under contract: how the suite makes its objects, works in them and looks at them, all without Sluice. */
import type { ODD } from './objects.ts';

export type Values = Readonly<Record<string, string | null>>;
export type Yaml = Readonly<Record<string, unknown>>;

/** The objects that every target has; see `objects.ts`. */
export type ObjectName = 'Account' | 'Node' | typeof ODD.object;

/** Values of one field type on their way from the warehouse to the destination. */
export interface TypeCase {
  /** The destination's own name of the type. */
  readonly native: string;
  /** The warehouse's value (SQL of DuckDB), and what the destination shows of it afterwards. */
  readonly samples: readonly (readonly [source: string, stored: string | null])[];
  /** Also as part of a key, or as one. */
  readonly key?: boolean;
  /** What the destination shows of it once it is emptied, where that is not null. */
  readonly empty?: string;
}

/** What the destination can do; the suite asserts that its capabilities say the same. */
export interface Abilities {
  readonly atomicCompare: boolean;
  readonly storesExactly: boolean;
  readonly readByKey: boolean;
  readonly readAll: boolean;
  /** Several fields together can be a key. */
  readonly keyOfParts: boolean;
}

/** What an ordinary database can do. */
export const DATABASE: Abilities = { atomicCompare: true, storesExactly: true, readByKey: true, readAll: true, keyOfParts: true };

/** What a destination calls the objects and fields of the suite that cannot have those names in it. */
export interface Names {
  object(name: string): string;
  field(name: string): string;
}

export interface Target extends AsyncDisposable {
  /** Connection type. */
  readonly type: string;
  readonly can: Abilities;
  /** What the destination makes of a text; undefined: it stores it as it is. */
  readonly stores?: (text: string) => string | null;
  /** Undefined: everything is called as in `objects.ts`. Only syncs speak these names; a stage is spoken to in the suite's. */
  readonly names?: Names;
  /** Field types; none where the system has only text. */
  readonly types: readonly TypeCase[];
  /** A fresh, empty system with the objects of the suite, for one test. */
  stage(folder: string): Promise<Stage>;
}

export interface Stage {
  /** The connection document `crm`, without kind and name. */
  readonly connection: Yaml;
  /** Somebody makes a record. */
  insert(object: ObjectName, ...records: readonly Values[]): Promise<void>;
  /** Somebody changes the records whose first key field has this value. */
  edit(object: ObjectName, key: string, values: Values): Promise<void>;
  remove(object: ObjectName, key: string): Promise<void>;
  /** Every record, by key; a reference as the key of its target. */
  live(object: ObjectName): Promise<readonly Values[]>;
  /**
   * The objects `Typed` (`Id`, text and unique; `C<i>` for each type) and `Keyed` (`K<i>` for each type that can be a key,
   * together unique; `Name`, text).
   */
  makeTyped?(): Promise<void>;
  /** Their records as text, by `Id` or `Name`. */
  typed?(object: 'Typed' | 'Keyed'): Promise<readonly Values[]>;
  /**
   * What befalls the next write: `refused`, for now, by a rate limit or a broken connection; `unacknowledged`: it happens, and
   * nobody hears of it. Returns properties that the connection document needs for it.
   */
  fault?(kind: 'refused' | 'unacknowledged'): Promise<Yaml>;
}

export function keyCases(types: readonly TypeCase[]): readonly TypeCase[] {
  return types.filter(({ key }) => key === true);
}
