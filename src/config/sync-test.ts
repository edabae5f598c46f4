/** A Test document: checked, its values as exact text. */
import { resolveDocument, type Scope } from './document.ts';
import type { Sync, SyncTest } from './model.ts';
import { type ConfigDocument, locate, textAt, toExact } from './nodes.ts';
import { readSchema } from './schemas.ts';

export interface ResolvedTest extends SyncTest {
  readonly at: Sync['at'];
}

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
    at: (...path) => locate(checked, path),
  };
}
