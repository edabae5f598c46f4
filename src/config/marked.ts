/** Properties that a schema marks: paths to be made absolute, secrets to be hidden, SQL to be protected. */
import { dirname, resolve } from 'node:path';

import type { Location } from '../errors.ts';
import { type ConfigNode, type Path, mapScalars, type MapNode } from './nodes.ts';
import { itemSchema, propertySchema, type Schema } from './schemas.ts';

type Mark = 'x-path' | 'x-secret' | 'x-sql';

/** Whether the schema marks the property at a path. */
export function isMarked(schema: Schema, path: Path, mark: Mark): boolean {
  const found = path.reduce<Schema | undefined>((at, step) => {
    if (at === undefined) return undefined;
    return typeof step === 'number' ? itemSchema(schema, at) : propertySchema(schema, at, step);
  }, schema);
  return found?.[mark] === true;
}

/** Paths made absolute, each relative to the file in which it is written. */
export function withAbsolutePaths(root: MapNode, schema: Schema, cwd: string): MapNode {
  return mapScalars(root, [], (scalar, path) => {
    if (typeof scalar.value !== 'string' || !isMarked(schema, path, 'x-path')) return scalar;
    const absolute = absolutePath(scalar.text, scalar.location, cwd);
    return { ...scalar, value: absolute, text: absolute };
  }) as MapNode;
}

export function absolutePath(path: string, location: Location, cwd: string): string {
  return resolve(dirname(resolve(cwd, location.file)), path);
}

/** Texts that must never be shown: properties marked secret, and everything that came from the environment. */
export function secretTexts(root: ConfigNode, schema: Schema): readonly string[] {
  const found: string[] = [];
  mapScalars(root, [], (scalar, path) => {
    const secret = scalar.secret === true || isMarked(schema, path, 'x-secret');
    if (secret && scalar.unresolved === undefined) found.push(scalar.text);
    return scalar;
  });
  return found.filter((text) => text !== '');
}
