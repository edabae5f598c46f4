/** A Test document: checked, its values as exact text. */
import { resolveDocument, type Scope } from './document.ts';
import type { SyncTest } from './model.ts';
import { type ConfigDocument, locate, textAt, toExact, toPlain } from './nodes.ts';
import { readSchema } from './schemas.ts';

export type ResolvedTest = SyncTest;

/** The test as written; undefined when something is wrong with it, which is reported. */
export function resolveTest({ root }: ConfigDocument, scope: Scope): ResolvedTest | undefined {
  const checked = resolveDocument(root, scope, { schema: readSchema('test') });
  if (checked === undefined) return undefined;
  const [name, sync] = [textAt(checked, 'name') ?? '', textAt(checked, 'sync') ?? ''];
  return {
    name,
    sync,
    location: checked.location,
    document: toExact(checked) as SyncTest['document'],
    plain: toPlain(checked),
    at: (...path) => locate(checked, path),
  };
}
