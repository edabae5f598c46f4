/** The first line of what the action writes on GitHub: whose it is, and which run wrote it. Nobody sees it. */

export interface Marker {
  readonly kind: 'plan' | 'drift';
  /** Folder of the project. */
  readonly project: string;
  readonly environment: string | null;
  readonly workflow: string;
  readonly id: string;
  readonly number: number;
  readonly attempt: number;
}

/** No name can end the comment that the marker stands in. */
export function markerLine(marker: Marker): string {
  const text = JSON.stringify(marker).replaceAll(/[-<>]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
  return `<!-- sluice ${text} -->`;
}

/** The marker of a text that the action wrote. */
export function readMarker(body: string | null | undefined): Marker | undefined {
  const text = /^<!-- sluice (\{.*\}) -->/.exec(body ?? '')?.[1];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Marker;
  } catch {
    // Somebody edited it: then it is a text like any other.
    return undefined;
  }
}

/** Whether both stand for the same thing: one comment or issue per project and environment. */
export function isSame(a: Marker, b: Marker): boolean {
  return a.kind === b.kind && a.project === b.project && a.environment === b.environment;
}

/** Above 0 when `a` was written by a later run. A run that is started again stays where it was in the row. */
export function compareRuns(a: Marker, b: Marker): number {
  if (a.workflow !== b.workflow) return Number(a.id) - Number(b.id);
  return a.number - b.number || a.attempt - b.attempt;
}

/** Later runs first. */
export function newestFirst<T extends { readonly marker: Marker }>(found: readonly T[]): readonly T[] {
  return found.toSorted((a, b) => compareRuns(b.marker, a.marker));
}
