import { expect, test } from 'vitest';

import type { Project } from '../../src/config/model.ts';
import { openState } from '../../src/state/open.ts';
import { intent, runStart, temporaryFolder, testContext, wholeRun } from './harness.ts';

function project(state: Project['state'], connections: Project['connections'] = new Map()): Project {
  return {
    name: 'acme',
    dir: '/',
    environment: 'prod',
    environments: ['prod'],
    vars: {},
    state,
    guards: {} as Project['guards'],
    connections,
    syncs: [],
    tests: [],
    secrets: [],
  };
}

test('local state is kept at the path of the project, under its name and environment', async () => {
  await using folder = await temporaryFolder();
  const config = project({ type: 'local', path: `${folder.path}/state.duckdb` });
  await using state = await openState(testContext(), config);
  await wholeRun(state, runStart('s'), [{ intent: intent(1, 'a'), outcome: { status: 'applied' } }]);
  await using again = await openState(testContext(), config);
  expect(await again.head('s')).toMatchObject({ serial: 1, records: 1 });
  await using other = await openState(testContext(), { ...config, environment: null });
  await expect(other.heads()).rejects.toThrow('belongs to project acme, environment prod, not to project acme');
});

test('a connection that cannot keep state is refused, with where it is named and what exists', async () => {
  const location = { file: 'project.yaml', line: 3, column: 10 };
  const connection = { name: 'warehouse', type: 'duckdb', options: {}, location };
  const config = project({ type: 'connection', connection: 'warehouse', schema: 'sluice', location }, new Map([['warehouse', connection]]));
  await expect(openState(testContext(), config)).rejects.toMatchObject({
    name: 'UserError',
    message: 'state cannot be kept in connection warehouse (duckdb)',
    problems: [{ location, hint: expect.stringContaining('postgres') as string }],
  });
});

test.each([
  ['postgres', 'dataset', 'schema'],
  ['bigquery', 'schema', 'dataset'],
] as const)('in a connection of type %s, %s is an error that names %s', async (type, wrong, right) => {
  const location = { file: 'project.yaml', line: 3, column: 10 };
  const connection = { name: 'warehouse', type, options: {}, location };
  const config = project({ type: 'connection', connection: 'warehouse', [wrong]: 'mine', location }, new Map([['warehouse', connection]]));
  await expect(openState(testContext(), config)).rejects.toMatchObject({
    name: 'UserError',
    message: `state: ${wrong} goes with another kind of connection: warehouse is of type ${type}`,
    problems: [{ location, hint: `Write ${right} instead: state: { connection: warehouse, ${right}: mine }.` }],
  });
});

test.each([
  ['postgres', 'schema sluice of connection warehouse'],
  ['bigquery', 'dataset sluice of connection warehouse'],
])('in a connection of type %s it is kept in %s unless the project says otherwise', async (type, place) => {
  const connection = {
    name: 'warehouse',
    type,
    options: { url: 'postgres://localhost/x', project: 'p' },
    location: { file: 'c.yaml', line: 1, column: 1 },
  };
  const config = project({ type: 'connection', connection: 'warehouse' }, new Map([['warehouse', connection]]));
  await using state = await openState(testContext(), config);
  expect(state.description).toBe(place);
});
