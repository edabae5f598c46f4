import { describe, expect, it } from 'vitest';

import { id18 } from '../../src/salesforce/ids.ts';

describe('the 18-character form of an id', () => {
  // As an org gave them out: the last three characters follow from the fifteen before.
  it.each(['0014S000007NeKxQAK', '0014S000007NeNcQAK', '0014S000007Nx5BQAS', '0014S000007NxmlQAC', '0034S000005YIzLQAW'])('%s', (id) => {
    expect(id18(id.slice(0, 15))).toBe(id);
    expect(id18(id)).toBe(id);
  });
});
