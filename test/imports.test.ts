import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { findWrongImports, type Import, importsOf, readImports } from '../scripts/import-direction.ts';

const SRC = join(import.meta.dirname, '..', 'src');

function arrow(from: string, to: string, typeOnly = false): Import {
  return { from, to, typeOnly };
}

describe('imports of src/', () => {
  it('point one way', async () => {
    const imports = await readImports(SRC);
    expect(imports.length).toBeGreaterThan(10);
    expect(findWrongImports(imports)).toEqual([]);
  });
});

describe('findWrongImports', () => {
  it.each([
    [arrow('cli.ts', 'commands/plan.ts')],
    [arrow('commands/plan.ts', 'report/terminal.ts')],
    [arrow('plan/planner.ts', 'destinations/destination.ts', true)],
    [arrow('apply/apply.ts', 'plan/document.ts')],
    [arrow('sources/index.ts', 'sources/duckdb/source.ts')],
    [arrow('sources/duckdb/source.ts', 'sources/source.ts')],
    [arrow('destinations/duckdb/write.ts', 'workspace/quote.ts')],
    [arrow('destinations/duckdb/write.ts', 'config/model.ts', true)],
    [arrow('workspace/quote.ts', 'config/model.ts')],
    [arrow('config/model.ts', 'canonical/types.ts', true)],
    [arrow('destinations/postgres/write.ts', 'postgres/client.ts')],
    [arrow('state/postgres/lease.ts', 'postgres/client.ts')],
    [arrow('postgres/load.ts', 'workspace/quote.ts')],
    [arrow('state/local.ts', 'errors.ts')],
  ])('allows %o', (good) => {
    expect(findWrongImports([good])).toEqual([]);
  });

  it.each([
    [arrow('errors.ts', 'workspace/quote.ts'), 'errors.ts imports workspace/quote.ts, which stands above it'],
    [arrow('plan/planner.ts', 'commands/plan.ts', true), 'plan/planner.ts imports commands/plan.ts, which stands above it'],
    [arrow('commands/plan.ts', 'cli.ts'), 'commands/plan.ts imports cli.ts, which stands above it'],
    [arrow('workspace/workspace.ts', 'sources/source.ts', true), 'workspace/workspace.ts imports sources/source.ts, which stands above it'],
    [arrow('postgres/client.ts', 'state/state.ts'), 'postgres/client.ts imports state/state.ts, which stands above it'],
    [arrow('state/local.ts', 'plan/document.ts', true), 'state/local.ts imports plan/document.ts, which stands above it'],
    [
      arrow('destinations/duckdb/write.ts', 'destinations/postgres/write.ts'),
      'destinations/duckdb/write.ts imports destinations/postgres/write.ts: a connector imports no sibling',
    ],
    [
      arrow('destinations/duckdb/index.ts', 'sources/duckdb/index.ts'),
      'destinations/duckdb/index.ts imports sources/duckdb/index.ts: a connector imports no sibling',
    ],
    [arrow('sources/duckdb/index.ts', 'state/state.ts'), 'sources/duckdb/index.ts imports state/state.ts: a connector imports no sibling'],
    [arrow('config/model.ts', 'errors.ts'), "config/model.ts must import errors.ts with 'import type'"],
    [arrow('helpers/x.ts', 'errors.ts'), 'helpers/x.ts belongs to no layer: add its folder to LAYERS'],
    [arrow('plan/x.ts', 'helpers/x.ts'), 'plan/x.ts imports helpers/x.ts, which belongs to no layer'],
  ])('refuses %o', (bad, message) => {
    expect(findWrongImports([bad])).toEqual([message]);
  });

  it('refuses folders of one layer that need each other', () => {
    const circle = [arrow('plan/a.ts', 'apply/b.ts'), arrow('apply/c.ts', 'report/d.ts'), arrow('report/e.ts', 'plan/f.ts')];
    expect(findWrongImports(circle)).toEqual(['folders import each other in a circle: apply, plan, report']);
    expect(findWrongImports(circle.slice(0, 2))).toEqual([]);
  });

  it('lets types go both ways inside a layer', () => {
    expect(findWrongImports([arrow('canonical/a.ts', 'workspace/b.ts'), arrow('workspace/b.ts', 'canonical/types.ts', true)])).toEqual([]);
  });
});

describe('importsOf', () => {
  it('reads every way to import', () => {
    const text = `
      import fs from 'node:fs';
      import { a } from './a.ts';
      import type { B } from '../b.ts';
      import { type C, type D } from './c.ts';
      import { type E, e } from './e.ts';
      import './f.ts';
      export { g } from './g.ts';
      export type { H } from './h.ts';
      const lazy = async () => import('../../cli.ts');
      let t: import('./t.ts').T;
    `;
    expect(importsOf('plan/sub/x.ts', text)).toEqual([
      arrow('plan/sub/x.ts', 'plan/sub/a.ts'),
      arrow('plan/sub/x.ts', 'plan/b.ts', true),
      arrow('plan/sub/x.ts', 'plan/sub/c.ts', true),
      arrow('plan/sub/x.ts', 'plan/sub/e.ts'),
      arrow('plan/sub/x.ts', 'plan/sub/f.ts'),
      arrow('plan/sub/x.ts', 'plan/sub/g.ts'),
      arrow('plan/sub/x.ts', 'plan/sub/h.ts', true),
      arrow('plan/sub/x.ts', 'cli.ts'),
      arrow('plan/sub/x.ts', 'plan/sub/t.ts', true),
    ]);
  });
});
