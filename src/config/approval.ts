/** An Approval document: which guards of a sync may pass, up to which number, until when. */
import { resolveDocument, type Scope } from './document.ts';
import { type Approval, GUARD_NAMES } from './model.ts';
import { type ConfigDocument, locate, textAt } from './nodes.ts';
import { readSchema } from './schemas.ts';

/** The approval as written; undefined when something is wrong with it, which is reported. */
export function resolveApproval({ root }: ConfigDocument, scope: Scope): Approval | undefined {
  const checked = resolveDocument(root, scope, { schema: readSchema('approval') });
  if (checked === undefined) return undefined;
  const expires = textAt(checked, 'expires') ?? '';
  const last = Date.parse(`${expires}T23:59:59.999Z`);
  // `2026-02-31` reads like a date: what it would become is another one.
  if (Number.isNaN(last) || new Date(last).toISOString().slice(0, 10) !== expires) {
    scope.report({ message: `expires: there is no day ${expires}`, location: locate(checked, ['expires']) });
    return undefined;
  }
  return {
    sync: textAt(checked, 'sync') ?? '',
    limits: GUARD_NAMES.flatMap((guard) => {
      const limit = textAt(checked, 'guards', guard);
      return limit === undefined ? [] : [{ guard, limit: Number(limit) }];
    }),
    reason: textAt(checked, 'reason') ?? '',
    expires,
    expiresAt: last,
    location: checked.location,
    at: (...path) => locate(checked, path),
  };
}
