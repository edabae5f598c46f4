/** The one place that puts names and text into SQL. */

/** A quoted identifier: `"Plan__c"`. */
export function ident(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A qualified, quoted name: `"src"."main"."accounts"`. */
export function qualified(...parts: readonly string[]): string {
  return parts.map((part) => ident(part)).join('.');
}

/** A text literal. For names and constants of the configuration only: values from data are bound. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
