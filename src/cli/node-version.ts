/** The oldest Node that runs Sluice: `engines` of package.json, which npm only warns about. */
export const OLDEST_NODE = 24;

/** What to say to an older one; undefined when there is nothing to say. `version`: `20.20.2`. */
export function nodeTooOld(version: string): string | undefined {
  if (Number.parseInt(version, 10) >= OLDEST_NODE) return undefined;
  return `Error: Sluice needs Node ${OLDEST_NODE} or newer, and this is Node ${version}\n  Install a newer one, or put it first in PATH.\n`;
}
