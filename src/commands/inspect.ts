/** Looks at both ends of a sync: what the query yields, what the object takes, and how the mapping lands. */
import type { Column } from '../canonical/types.ts';
import type { Project, Sync } from '../config/model.ts';
import type { ObjectSchema } from '../destinations/destination.ts';
import { messageOf, type Problem, TransientError, UserError } from '../errors.ts';
import type { BoundSync } from '../plan/bind.ts';
import { attachEnds, bindEnds, type Ends, openEnds } from '../plan/ends.ts';
import { Workspace } from '../workspace/workspace.ts';
import type { Shell } from './shell.ts';

export interface Inspection {
  readonly sync: Sync;
  /** Null when the source could not say. */
  readonly columns: readonly Column[] | null;
  /** Bytes that running the query would bill; null where nobody bills them, or nobody could say. */
  readonly billed: number | null;
  /** Null when the destination could not say. */
  readonly schema: ObjectSchema | null;
  /** Null when the mapping does not fit. */
  readonly bound: BoundSync | null;
  /** What identifies the destination system. */
  readonly identity: string | null;
  readonly problems: readonly Problem[];
}

/** Never throws for what the systems say: that is in `problems`. */
export async function inspectSync(shell: Shell, project: Project, sync: Sync): Promise<Inspection> {
  const problems: Problem[] = [];
  const attempt = async <T>(work: () => Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      problems.push(...problemsIn(error));
      return null;
    }
  };
  const found = await attempt(async () => {
    await using workspace = await Workspace.open();
    await using ends = await openEnds(shell.context, shell.registry, project, sync);
    await attachEnds(ends, workspace);
    await workspace.lock([project.dir]);
    return await lookAt(sync, ends, attempt);
  });
  return { sync, ...(found ?? { columns: null, billed: null, schema: null, bound: null, identity: null }), problems: unique(problems) };
}

type Attempt = <T>(work: () => Promise<T>) => Promise<T | null>;

async function lookAt(
  sync: Sync,
  { source, destination, ...rest }: Ends,
  attempt: Attempt,
): Promise<Omit<Inspection, 'sync' | 'problems'>> {
  const { query, lines } = sync.source;
  const columns = await attempt(async () => source.describe({ sql: query, lines, sync: sync.name }));
  const schema = await attempt(async () => destination.describe(sync.destination.object));
  const identity = await attempt(async () => destination.identify());
  const bound = await attempt(async () => bindEnds(sync, { source, destination, ...rest }));
  const estimate = bound === null ? null : await attempt(async () => source.estimate?.(bound.query));
  const billed = estimate?.bytesBilled === undefined ? null : Number(estimate.bytesBilled);
  return { columns, billed, schema, identity, bound };
}

function problemsIn(error: unknown): readonly Problem[] {
  if (error instanceof UserError) return error.problems;
  if (error instanceof TransientError) return [{ message: messageOf(error), hint: 'The same command may succeed later.' }];
  throw error;
}

/** Binding repeats what describing one end has said. */
function unique(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((problem) => [problem.message, problem])).values()];
}
