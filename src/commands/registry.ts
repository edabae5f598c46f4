/** The connectors a command can use. */
import { DESTINATIONS } from '../destinations/registry.ts';
import type { Registry } from '../plan/ends.ts';
import { SOURCES } from '../sources/registry.ts';

export type { Registry } from '../plan/ends.ts';

/** The connectors that come with Sluice, and more. */
export function createRegistry(more: Partial<Registry> = {}): Registry {
  return {
    sources: new Map([...SOURCES, ...(more.sources ?? [])]),
    destinations: new Map([...DESTINATIONS, ...(more.destinations ?? [])]),
  };
}
