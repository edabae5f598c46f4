/**
 * What every destination has to do, through the command line, with real systems. Each test ends in the same way: a plan
 * after an apply has nothing to do.
 */
import { afterAll, beforeAll, describe } from 'vitest';

import { Bench } from './bench.ts';
import { faults } from './faults.ts';
import { keys } from './keys.ts';
import { live } from './live.ts';
import { reads } from './reads.ts';
import type { Abilities, Target } from './target.ts';
import { types } from './types.ts';
import { references, writes } from './writes.ts';

/** What a target says about itself before it is opened: which parts of the contract it has to keep. */
export interface Terms {
  readonly can: Abilities;
  readonly hasTypes: boolean;
  readonly hasFaults: boolean;
}

/** The suite; `open` starts what all its tests share. */
export function contract(name: string, terms: Terms, open: () => Promise<Target>): void {
  describe(`the contract: ${name}`, () => {
    const on = new Bench();
    beforeAll(async () => on.open(open));
    afterAll(async () => on.close());

    reads(on);
    writes(on);
    keys(on, terms.can);
    if (terms.can.readByKey) references(on);
    if (terms.can.readByKey) live(on, terms.can);
    if (terms.hasTypes) types(on);
    if (terms.hasFaults) faults(on, terms.can);
  });
}
