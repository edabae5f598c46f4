/** The API's own words, as far as Sluice reads and writes them. */

export interface TableRef {
  /** Default: the project of the connection. */
  readonly project?: string | undefined;
  readonly dataset: string;
  readonly table: string;
}

/** As the API names it. */
export function tableReference(ref: TableRef, project: string): object {
  return { projectId: ref.project ?? project, datasetId: ref.dataset, tableId: ref.table };
}

/** A column of a result or a table. `type` is the API's name: STRING, INTEGER, FLOAT, BOOLEAN, RECORD, ... */
export interface TableField {
  readonly name: string;
  readonly type: string;
  readonly mode?: 'NULLABLE' | 'REQUIRED' | 'REPEATED';
  readonly fields?: readonly TableField[];
  readonly precision?: string;
  readonly scale?: string;
  /** Digits of a TIMESTAMP's fraction: 6 or 12; absent: 6. */
  readonly timestampPrecision?: string;
  readonly rangeElementType?: { readonly type: string };
}

/** What a job is for; becomes labels of the job, so that its cost can be found. */
export interface Labels {
  readonly project: string;
  readonly sync: string;
  readonly run: string;
  readonly phase: string;
}

export interface Row {
  readonly f: readonly { readonly v: unknown }[];
}

/** `sluice_project` and so on, as BigQuery allows: lower-case letters, digits, `-` and `_`, at most 63 characters. */
export function labelsOf(labels: Labels, own: Readonly<Record<string, string>>): Record<string, string> {
  const all = Object.entries(labels).map(([name, value]) => [`sluice_${name}`, labelValue(value as string)] as const);
  return { ...own, ...Object.fromEntries(all.filter(([, value]) => value !== '')) };
}

function labelValue(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^\p{Ll}\p{Lo}\p{N}_-]/gu, '_')
    .slice(0, 63);
}

/** A value as the API writes it: text, or null. Nested values stay JSON. */
export function cellText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Rows asked for at once: a page of the 10 MB that BigQuery sends unasked takes many times that as objects. */
export const PAGE_ROWS = 10_000;
