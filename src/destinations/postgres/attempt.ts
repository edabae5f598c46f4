/** One try to write all that is staged: all of it counts, or nothing. */
import type { PgClient } from '../../postgres/client.ts';
import { mayBeOfTheTable, refusalOf } from './reject.ts';
import { type BoundBatch, writeStatement } from './write-sql.ts';

/** `short`: some records were not as expected. `refused`: at least one is bad. Nothing is written then. */
export type Attempt = 'written' | 'short' | 'refused';

const NOTHING = { from: '0', to: '0', mark: () => 'true' };

/** Expects the savepoint `batch`. Failures that no record is to blame for are thrown. */
export async function tryWrite(client: PgClient, bound: BoundBatch, expected: number): Promise<Attempt> {
  try {
    if ((await client.run(writeStatement(bound))) === expected) return 'written';
  } catch (error) {
    if (refusalOf(error, bound) === undefined) throw error;
    await client.script('ROLLBACK TO SAVEPOINT batch');
    // What fails without a record is no record's fault; and what it says then quotes none.
    if (mayBeOfTheTable(error)) await client.run(writeStatement(bound, NOTHING));
    return 'refused';
  }
  await client.script('ROLLBACK TO SAVEPOINT batch');
  return 'short';
}
