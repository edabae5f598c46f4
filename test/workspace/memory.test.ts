import { describe, expect, it } from 'vitest';

import { UserError } from '../../src/errors.ts';
import { applyMemoryLimit, defaultMemoryLimit, memoryLimitOf } from '../../src/workspace/memory.ts';
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

describe('a limit that may grow', () => {
  /** Takes some 80 MB in one piece. */
  const LARGE = 'SELECT len(list(i)) AS n FROM range(5000000) AS r(i)';

  it('lets a statement that does not fit run again', async () => {
    await using fixed = await Workspace.open({ memoryLimit: '32MB' });
    await expect(fixed.count(LARGE)).rejects.toThrow('the memory limit of 30.5 MiB does not suffice');
    await using workspace = await Workspace.open({ memoryLimit: { mb: 32, most: 1000 } });
    expect(await workspace.count(LARGE)).toBe(5_000_000);
    await workspace.run(`CREATE TABLE t AS ${LARGE}`);
    expect(await workspace.change(`INSERT INTO t ${LARGE}`)).toBe(1);
  });

  it('lets a stream start again', async () => {
    await using workspace = await Workspace.open({ memoryLimit: { mb: 32, most: 1000 } });
    const rows = [];
    for await (const page of workspace.stream(LARGE)) rows.push(...page);
    expect(rows).toHaveLength(1);
  });

  it('lets a whole transaction run again, as if it had run once', async () => {
    await using workspace = await Workspace.open({ memoryLimit: { mb: 32, most: 1000 } });
    await workspace.run('CREATE TABLE t (n BIGINT)');
    const counted = await workspace.transaction(async () => {
      await workspace.run('INSERT INTO t VALUES (1)');
      await workspace.run(`INSERT INTO t ${LARGE}`);
      return workspace.count('SELECT count(*) FROM t');
    });
    expect([counted, await workspace.count('SELECT count(*) FROM t')]).toEqual([2, 2]);
  });

  it('ends where it must not grow any more', async () => {
    await using workspace = await Workspace.open({ memoryLimit: { mb: 32, most: 50 } });
    await expect(workspace.count(LARGE)).rejects.toThrow('the memory limit of 47.6 MiB does not suffice');
    await expect(workspace.transaction(async () => workspace.count(LARGE))).rejects.toThrow(UserError);
    expect(await workspace.count('SELECT 1')).toBe(1);
  });

  it('grows again after memory was given back', async () => {
    await using workspace = await Workspace.open({ memoryLimit: { mb: 500, most: 1000 } });
    await workspace.keepOnly(16);
    expect(await workspace.count(LARGE)).toBe(5_000_000);
  });

  it('is what an apply gets, unless somebody sets one', () => {
    expect(applyMemoryLimit({ SLUICE_MEMORY_LIMIT: '1GB' })).toBe('1GB');
    expect(applyMemoryLimit({})).toEqual({ mb: expect.any(Number) as number, most: Number.parseInt(defaultMemoryLimit(), 10) });
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
