/** Field types as a destination describes them. They decide how two values are compared and how one is sent. */

export type FieldType =
  /**
   * `native`: a DuckDB type whose text form is the value (UUID, TIME, INTERVAL), values are cast through it; or `NUMERIC`, a
   * number of any size. `lower`: compared in lower case (e-mail addresses, which are stored so). `id18`: a Salesforce id, of
   * which the first 15 characters say all and the last three are a checksum. `anyCase`: as a key, it tells no cases apart.
   * `keyOf`: the key of another record, which is of this type; values are written in its canonical form, and what cannot be
   * such a key stays as it is.
   */
  | { readonly kind: 'text'; readonly native?: string; readonly lower?: boolean; readonly id18?: boolean; readonly anyCase?: boolean; readonly keyOf?: FieldType } // prettier-ignore
  /** Bounds are inclusive, as exact decimal text. */
  | { readonly kind: 'integer'; readonly min: string; readonly max: string }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  /**
   * `digits`: significant digits that count; what is sent has all of them, what is compared has these. `whole`: digits that
   * the field takes before the point. With either, a value is a number: neither infinite nor NaN.
   */
  | { readonly kind: 'float'; readonly bits: 32 | 64; readonly digits?: number; readonly whole?: number }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'date' }
  /** `precision`: digits of the second's fraction (0, 3, 6 or 9). `zoned`: an instant; otherwise wall-clock time. */
  | { readonly kind: 'timestamp'; readonly precision: 0 | 3 | 6 | 9; readonly zoned: boolean }
  | { readonly kind: 'json' }
  /** Unordered values. On the wire: a JSON array of text. */
  | { readonly kind: 'set' }
  | { readonly kind: 'bytes' };

/** A column as the workspace sees it. `type` is DuckDB's name of the type, such as `DECIMAL(18,2)`. */
export interface Column {
  readonly name: string;
  readonly type: string;
}

/** What a destination does to text before it stores it; applied to both sides before they are compared. SQL databases: none. */
export interface TextRules {
  /** ASCII white space at both ends is dropped. */
  readonly trim?: boolean;
  /** The empty string is stored as null. */
  readonly emptyIsNull?: boolean;
  /** CRLF and CR become LF. */
  readonly lineEnds?: boolean;
  /** Unicode normal form C. */
  readonly nfc?: boolean;
  /** Text keys tell no cases apart: compared, and kept in state, in lower case. */
  readonly caseInsensitiveKeys?: boolean;
}
