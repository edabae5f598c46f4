/** Whether an apply may do all it needs: for `doctor`. */
import type { Store } from './store.ts';
import { META } from './names.ts';

/** A sentence when an apply can do all it needs. Throws a `UserError` that names what it lacks. Nothing is made: BigQuery checks the rights of a dry run too. */
export async function checkRights(store: Store): Promise<string> {
  const isThere = await store.reading(false, async () => Promise.resolve(true));
  return store.explained(async () => {
    await store.client.dryRun(`CREATE TABLE ${store.table('sluice_rights')} AS SELECT 1 AS one`);
    if (isThere) await store.client.dryRun(`DELETE FROM ${store.table(META)} WHERE FALSE`);
    return isThere ? 'may be written' : 'will be made by the first apply';
  });
}
