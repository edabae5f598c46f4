/** `source.dbt` and `source.wait_for`: what dbt has built, as the artifacts in its target folder say. */
import { join } from 'node:path';

import { findModel, type Manifest, readManifest, type Trouble } from '../dbt/manifest.ts';
import { relationOf } from '../dbt/relation.ts';
import { parseSpan } from '../dbt/run-results.ts';
import { lookupFor, type Scope } from './document.ts';
import { shownPath } from './files.ts';
import { interpolateDocument } from './interpolate.ts';
import { absolutePath } from './marked.ts';
import type { DbtProject, DbtSource, WaitFor } from './model.ts';
import { locate, mapAt, type MapNode, nodeAt, textAt } from './nodes.ts';
import type { ChosenProject } from './project.ts';

/** The dbt project beside this one. Its manifest is read once, when a sync needs it. */
export interface DbtFiles extends DbtProject {
  readonly manifest: () => Promise<Manifest | Trouble>;
}

/** `dbt` of the project; undefined when it has none. */
export function dbtOf(project: ChosenProject, scope: Scope): DbtFiles | undefined {
  const written = mapAt(project.root, 'dbt');
  if (written === undefined) return undefined;
  const root = interpolateDocument(written, {
    lookup: () => lookupFor(scope.variables, undefined),
    isSql: () => false,
    report: scope.report,
  });
  const target = absolutePath(textAt(root, 'target') ?? '', locate(root, ['target']), scope.cwd);
  const path = join(target, 'manifest.json');
  let manifest: Promise<Manifest | Trouble> | undefined;
  return {
    target,
    exposureUrl: textAt(root, 'exposure_url'),
    manifest: async () => (manifest ??= readManifest(path, shownPath(scope.cwd, path))),
  };
}

export interface ModelQuery {
  readonly query: string;
  readonly dbt: DbtSource;
}

/** The rows of a dbt model; undefined when there is no such model, which is reported. */
export async function modelQuery(
  written: string,
  at: { readonly root: MapNode; readonly scope: Scope; readonly dbt: DbtFiles | undefined; readonly connectionType: string | undefined },
): Promise<ModelQuery | undefined> {
  const { root, scope, dbt, connectionType } = at;
  // A connection that is not there is reported elsewhere.
  if (connectionType === undefined) return undefined;
  const found = dbt === undefined ? NO_DBT : await resolveModel(written, dbt, connectionType);
  if ('query' in found) return found;
  scope.report({ message: `source.dbt: ${found.problem}`, location: locate(root, ['source', 'dbt']), hint: found.hint });
  return undefined;
}

const NO_DBT: Trouble = {
  problem: 'the project does not say where dbt writes its artifacts',
  hint: 'Add to the project: dbt: { target: ../target }, the folder with manifest.json, relative to the project file.',
};

async function resolveModel(written: string, dbt: DbtFiles, connectionType: string): Promise<ModelQuery | Trouble> {
  const manifest = await dbt.manifest();
  if ('problem' in manifest) return manifest;
  const model = findModel(manifest, written);
  if ('problem' in model) return model;
  const relation = relationOf(manifest, model, connectionType);
  if (typeof relation !== 'string') return relation;
  return {
    query: `select * from ${relation}`,
    dbt: {
      id: model.id,
      name: model.name,
      package: model.package === manifest.project ? null : model.package,
      // Without one in the sync, dbt's `ref` follows the latest version, too.
      version: model.version !== null && written.endsWith(`.v${model.version}`) ? model.version : null,
      tests: manifest.tests.get(model.id) ?? [],
    },
  };
}

/** `source.wait_for`; undefined when the sync waits for nothing, or something is wrong, which is reported. */
export function waitOf(root: MapNode, scope: Scope, dbt: DbtFiles | undefined, model: DbtSource | undefined): WaitFor | undefined {
  const written = mapAt(root, 'source', 'wait_for');
  if (written === undefined) return undefined;
  const file = textAt(written, 'run_results');
  const path =
    file === undefined
      ? dbt && join(dbt.target, 'run_results.json')
      : absolutePath(file, locate(root, ['source', 'wait_for', 'run_results']), scope.cwd);
  if (path === undefined) {
    const message = 'source.wait_for: it does not say which run, and the project does not say where dbt writes its artifacts';
    scope.report({
      message,
      location: locate(root, ['source', 'wait_for']),
      hint: 'Add run_results: ../target/run_results.json, relative to this file.',
    });
    return undefined;
  }
  const age = nodeAt(written, ['max_age']);
  return {
    path,
    shown: shownPath(scope.cwd, path),
    maxAgeMs: age?.kind === 'scalar' ? parseSpan(age.text) : undefined,
    model: model === undefined ? undefined : { id: model.id, tests: model.tests },
  };
}
