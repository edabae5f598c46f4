/** A `oneOf` of forms that a tag tells apart: which of them the document means, so that only its errors are told. */
import type { ErrorObject } from 'ajv';

import { type ConfigNode, type Path, textAt } from './nodes.ts';
import type { Schema } from './schemas.ts';

/** Where errors come from that only say why a branch does not fit, and of those the ones of the branch that was meant. */
export function branching(error: ErrorObject, root: ConfigNode): { readonly all: string; readonly meant: string } {
  const all = `${error.schemaPath}/`;
  const index = error.keyword === 'oneOf' ? taggedBranch(error, root).index : -1;
  return { all, meant: index < 0 ? '/' : `${all}${index}/` };
}

/** Of branches that a tag tells apart: the one that the document names, -1 for none. */
export function taggedBranch(error: ErrorObject, root: ConfigNode): { readonly tag: string | undefined; readonly index: number } {
  const branches = error.schema as readonly Schema[];
  const tag = tagOf(branches);
  const written = tag === undefined ? undefined : textAt(root, ...pathOf(error).map(String), tag);
  return {
    tag,
    index: tag === undefined || written === undefined ? -1 : branches.findIndex((branch) => tagValue(branch, tag) === written),
  };
}

/** The property whose value, a constant in each of them, tells branches of a `oneOf` apart; undefined when there is none. */
function tagOf(branches: readonly Schema[]): string | undefined {
  const keys = Object.keys(branches[0]?.['properties'] ?? {});
  return keys.find((key) => branches.every((branch) => tagValue(branch, key) !== undefined));
}

/** What a branch of a `oneOf` has the tag say. */
export function tagValue(branch: Schema, tag: string): unknown {
  return (branch['properties'] as Readonly<Record<string, Schema>> | undefined)?.[tag]?.['const'];
}

/** Where in the document an error was found. */
export function pathOf(error: ErrorObject): Path {
  return error.instancePath
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}
