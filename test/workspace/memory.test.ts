import { describe, expect, it } from 'vitest';

import { UserError } from '../../src/errors.ts';
import { defaultMemoryLimit, memoryLimitOf } from '../../src/workspace/memory.ts';
import { Workspace } from '../../src/workspace/workspace.ts';

const GB = 1e9;

describe('the default limit', () => {
  it.each([
    ['no container: 0', 16 * GB, 0, '4000MB'],
    ['no container: more than there is', 16 * GB, 2 ** 64, '4000MB'],
    ['a container with less', 64 * GB, 2 * GB, '500MB'],
    ['a container that is promised more than there is', 2 * GB, 8 * GB, '500MB'],
    ['hardly any', 2e6, 0, '1MB'],
  ])('%s', (_, total, constrained, limit) => {
    expect(defaultMemoryLimit(total, constrained)).toBe(limit);
  });

  it('is what a workspace gets', async () => {
    const settingOf = async (options: { memoryLimit?: string }): Promise<unknown> => {
      await using workspace = await Workspace.open(options);
      return (await workspace.row("SELECT current_setting('memory_limit') AS m"))['m'];
    };
    expect(await settingOf({})).toBe(await settingOf({ memoryLimit: defaultMemoryLimit() }));
  });
});

describe('SLUICE_MEMORY_LIMIT', () => {
  it.each(['2GB', '512MiB', '1.5 gb', '2G', '100000000B'])('%s is taken by DuckDB', async (text) => {
    const memoryLimit = memoryLimitOf({ SLUICE_MEMORY_LIMIT: text });
    await using workspace = await Workspace.open({ memoryLimit });
    expect(await workspace.count('SELECT 1')).toBe(1);
  });

  it.each(['lots', '50%', '10', '-1', '0GB'])('%s is refused', (text) => {
    expect(() => memoryLimitOf({ SLUICE_MEMORY_LIMIT: text })).toThrow(UserError);
    expect(() => memoryLimitOf({ SLUICE_MEMORY_LIMIT: text })).toThrow(`SLUICE_MEMORY_LIMIT is no amount of memory: ${text}`);
  });

  it('is not needed', () => {
    expect(memoryLimitOf({})).toBeUndefined();
    expect(memoryLimitOf({ SLUICE_MEMORY_LIMIT: '' })).toBeUndefined();
  });
});
