/** A query as written: names are not yet compared with the org. `at` is always an index into the text of the query. */
import type { Token } from './soql-tokens.ts';

/** `Account.Owner.Name`: relationships, and a field at the end. */
export interface Path {
  readonly names: readonly string[];
  readonly at: number;
}

export interface Named {
  readonly name: string;
  readonly at: number;
}

export interface TypeOf {
  readonly kind: 'typeof';
  readonly relationship: Named;
  readonly whens: readonly { readonly object: Named; readonly fields: readonly Path[] }[];
  /** Undefined without ELSE. */
  readonly otherwise: readonly Path[] | undefined;
}

export type SelectItem = { readonly kind: 'field'; readonly path: Path } | TypeOf;

export const COMPARISONS = ['=', '!=', '<', '<=', '>', '>=', 'LIKE'] as const;
export type Comparison = (typeof COMPARISONS)[number];

/** A value in a WHERE clause: a text, number, date or datetime, or the names `true`, `false` and `null`. */
export type Literal = Token;

export interface CompareCondition {
  readonly kind: 'compare';
  readonly path: Path;
  readonly operator: Comparison;
  readonly value: Literal;
}

/** IN and NOT IN, INCLUDES and EXCLUDES. */
export interface ListCondition<Kind extends 'in' | 'includes' = 'in' | 'includes'> {
  readonly kind: Kind;
  readonly path: Path;
  readonly negated: boolean;
  readonly values: readonly Literal[];
}

export type Condition =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Condition[] }
  | { readonly kind: 'not'; readonly part: Condition }
  | CompareCondition
  | ListCondition<'in'>
  | ListCondition<'includes'>;

export interface Order {
  readonly path: Path;
  readonly descending: boolean;
  /** Where records without a value go. Salesforce puts them first unless told otherwise. */
  readonly nullsLast: boolean;
}

export interface Query {
  readonly soql: string;
  /** Empty for `SELECT COUNT()`. */
  readonly select: readonly SelectItem[];
  readonly count: boolean;
  readonly from: Named;
  readonly alias: string | undefined;
  readonly where: Condition | undefined;
  readonly orderBy: readonly Order[];
  readonly limit: number | undefined;
  readonly offset: number;
}
