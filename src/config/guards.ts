/** Default guards, and how the project's and the sync's lie over them. */
import { GUARD_NAMES, type Guard, type GuardName, type Guards } from './model.ts';

/** A guard as written: null takes a limit away. */
export type WrittenGuard = { readonly [limit in keyof Guard]?: number | null | undefined };
export type WrittenGuards = { readonly [name in GuardName]?: WrittenGuard | undefined };

const DEFAULTS: Guards = {
  creates: {},
  updates: { percent: 50, min: 100 },
  deletes: { max: 1000, percent: 10, min: 10 },
  clears: { max: 1000, percent: 10, min: 10 },
  nulls: { percent: 5, min: 100 },
  rejects: { percent: 5, min: 20 },
};

/** Each limit from the last layer that sets it. */
export function resolveGuards(...layers: readonly (WrittenGuards | undefined)[]): Guards {
  const pairs = GUARD_NAMES.map((name) => [name, limits(DEFAULTS[name], ...layers.map((layer) => layer?.[name]))] as const);
  return Object.fromEntries(pairs) as Record<GuardName, Guard>;
}

function limits(...layers: readonly (WrittenGuard | undefined)[]): Guard {
  const merged: WrittenGuard = Object.assign({}, ...layers) as WrittenGuard;
  return Object.fromEntries(Object.entries(merged).filter(([, limit]) => limit !== null && limit !== undefined));
}
