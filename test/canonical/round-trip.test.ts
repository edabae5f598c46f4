import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { cannotConvert, canonicalType, canonicalValue } from '../../src/canonical/canonical.ts';
import { typeInfo } from '../../src/destinations/duckdb/types.ts';
import type { Workspace } from '../../src/workspace/workspace.ts';
import { losses, openBench, roundTrip } from './bench.ts';
import { NATIVE, RAW } from './samples.ts';

let workspace: Workspace;
beforeAll(async () => {
  workspace = await openBench();
});
afterAll(async () => workspace[Symbol.asyncDispose]());

const ZONE = 'America/New_York';

describe.each(NATIVE)('into a column of type %s', (native) => {
  const type = typeInfo(native).type;
  const accepted = RAW.filter((raw) => cannotConvert(type, { sql: 'x', type: raw.type, timezone: ZONE }) === undefined);

  it.each(accepted.map((raw) => [raw.type, raw] as const))('a %s loses nothing on the way there and back', async (_, raw) => {
    expect(losses(await roundTrip(workspace, native, raw, ZONE))).toEqual([]);
  });

  it('every value that the column can hold is read as itself', async () => {
    const own = RAW.find((raw) => raw.type === native);
    if (own === undefined) return;
    expect(await roundTrip(workspace, native, own)).toHaveLength(own.values.length);
  });

  it('the canonical value has the type it says it has', async () => {
    for (const raw of accepted) {
      const value = canonicalValue(type, { sql: `CAST(NULL AS ${raw.type})`, type: raw.type, timezone: ZONE });
      const columns = await workspace.columns(`SELECT ${value} AS v`);
      expect([raw.type, columns[0]?.type]).toEqual([raw.type, canonicalType(type)]);
    }
  });
});

describe('a set', () => {
  it.each(RAW.filter((raw) => cannotConvert({ kind: 'set' }, { sql: 'x', type: raw.type }) === undefined).map((raw) => raw.type))(
    'can be made of a %s',
    (type) => {
      expect(type).toMatch(/VARCHAR|JSON|\[\]/);
    },
  );
});
