/**
 * What dbt knows about its models: `target/manifest.json`, which every dbt command writes. Read as far as it is needed;
 * the format is dbt's, schema versions 4 (dbt 1.0) to 12 (dbt 1.8 and later) agree on it.
 */
import { readFile } from 'node:fs/promises';

import { messageOf } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { count } from '../words.ts';

/** A model, seed or snapshot: what `ref()` takes. */
export interface DbtModel {
  /** `model.acme.account_health`. */
  readonly id: string;
  readonly name: string;
  /** The dbt package it belongs to. */
  readonly package: string;
  /** Of a model that has versions. */
  readonly version: string | null;
  readonly isLatest: boolean;
  readonly database: string | null;
  readonly schema: string;
  /** Name of its table or view. */
  readonly alias: string;
  /** `table`, `view`, `ephemeral`, ... */
  readonly materialized: string;
}

export interface Manifest {
  /** `bigquery`, `postgres`, `duckdb`, ... */
  readonly adapter: string;
  /** Name of the dbt project itself. */
  readonly project: string;
  readonly models: readonly DbtModel[];
  /** Names of models that are disabled. */
  readonly disabled: ReadonlySet<string>;
  /** Ids of the tests of each model, by the model's id. */
  readonly tests: ReadonlyMap<string, readonly string[]>;
}

/** What is wrong, and what to do about it. */
export interface Trouble {
  readonly problem: string;
  readonly hint: string;
}

type Json = Readonly<Record<string, unknown>>;

/** `shown` is the path as messages name it. */
export async function readManifest(path: string, shown: string): Promise<Manifest | Trouble> {
  const data = await readJson(path, shown);
  if ('problem' in data) return data as unknown as Trouble;
  const { metadata, nodes, disabled } = data;
  if (!isObject(metadata) || !isObject(nodes)) return { problem: `${shown} is no dbt manifest`, hint: WRITE_ONE };
  const all = Object.entries(nodes).filter((entry): entry is [string, Json] => isObject(entry[1]));
  return {
    adapter: textOf(metadata['adapter_type']) ?? '',
    project: textOf(metadata['project_name']) ?? '',
    models: all.flatMap(([id, node]) => modelOf(id, node) ?? []),
    disabled: new Set(isObject(disabled) ? Object.keys(disabled).flatMap((id) => id.split('.')[2] ?? []) : []),
    tests: testsOf(all),
  };
}

const WRITE_ONE = 'Every dbt command writes one: run `dbt parse`, or `dbt build`.';

/** A JSON file that dbt wrote. */
export async function readJson(path: string, shown: string): Promise<Json | Trouble> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => error as NodeJS.ErrnoException);
  if (typeof text !== 'string') {
    const problem = text.code === 'ENOENT' ? `there is no ${shown}` : `${shown} cannot be read: ${messageOf(text)}`;
    return { problem, hint: WRITE_ONE };
  }
  try {
    const data: unknown = JSON.parse(text);
    if (isObject(data)) return data;
  } catch {
    // Cut off, or no JSON at all: said below.
  }
  return { problem: `${shown} is not the JSON that dbt writes`, hint: 'It may be cut off: let dbt write it again.' };
}

function modelOf(id: string, node: Json): DbtModel | undefined {
  const [type, name, schema] = ['resource_type', 'name', 'schema'].map((key) => textOf(node[key]));
  if (!['model', 'seed', 'snapshot'].includes(type ?? '') || name === undefined || schema === undefined) return undefined;
  const version = versionOf(node['version']);
  return {
    id,
    name,
    package: textOf(node['package_name']) ?? id.split('.')[1] ?? '',
    version,
    isLatest: version === null || version === versionOf(node['latest_version']),
    database: textOf(node['database']) ?? null,
    schema,
    alias: textOf(node['alias']) ?? name,
    materialized: isObject(node['config']) ? (textOf(node['config']['materialized']) ?? '') : '',
  };
}

/** dbt writes `1` as a number and `2024_beta` as text. */
function versionOf(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}

function testsOf(nodes: readonly (readonly [string, Json])[]): ReadonlyMap<string, readonly string[]> {
  const pairs = nodes.flatMap(([id, node]) => {
    if (node['resource_type'] !== 'test' && node['resource_type'] !== 'unit_test') return [];
    const depends = isObject(node['depends_on']) ? node['depends_on']['nodes'] : [];
    return (Array.isArray(depends) ? depends : []).map((model) => ({ model: String(model), id }));
  });
  const grouped = Map.groupBy(pairs, (pair) => pair.model);
  return new Map([...grouped].map(([model, list]) => [model, list.map((each) => each.id)]));
}

/**
 * The model of that name: `account_health`, `package.account_health` where several packages have one, and with a version
 * `account_health.v2`; without, the latest one.
 */
export function findModel(manifest: Manifest, written: string): DbtModel | Trouble {
  const found = manifest.models.filter((model) => namesOf(model).includes(written));
  const [first, ...others] = found;
  if (first === undefined) return missing(manifest, written);
  const own = others.length === 0 ? first : found.find((model) => model.package === manifest.project);
  if (own === undefined) {
    const names = found.map((model) => `${model.package}.${model.name}`).join(', ');
    return { problem: `several dbt packages have a model "${written}"`, hint: `Name one of them: ${names}.` };
  }
  if (own.materialized !== 'ephemeral') return own;
  return {
    problem: `the dbt model "${written}" is ephemeral: it has no table or view to read`,
    hint: 'Materialize it as a view or a table.',
  };
}

function namesOf({ name, package: owner, version, isLatest }: DbtModel): readonly string[] {
  const own = [...(isLatest ? [name] : []), ...(version === null ? [] : [`${name}.v${version}`])];
  return own.flatMap((each) => [each, `${owner}.${each}`]);
}

function missing({ models, disabled }: Manifest, written: string): Trouble {
  if (disabled.has(written)) return { problem: `the dbt model "${written}" is disabled`, hint: 'Enable it in dbt, or name another one.' };
  const names = [...new Set(models.map((model) => model.name))].sort();
  const near = nearest(written, names);
  const known =
    names.length <= 10 ? `The manifest has ${names.join(', ') || 'no models'}.` : `The manifest has ${count(names.length)} models.`;
  const hint = near === undefined ? `${known} A model that is new needs \`dbt parse\`.` : `Did you mean "${near}"?`;
  return { problem: `the dbt manifest has no model "${written}"`, hint };
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
