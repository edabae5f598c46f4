/** The Bulk jobs of an org, oldest first. */
import type { IngestJob } from './bulk-ingest-job.ts';
import type { QueryJob } from './bulk-query-job.ts';
import { makeId, toId18 } from './ids.ts';
import type { Org } from './org.ts';
import { notFound } from './reply.ts';

/** Jobs on one page of a list. */
const LIST = 1_000;

export class JobStore<Job> {
  readonly #jobs = new Map<string, Job>();

  add(id: string, job: Job): void {
    this.#jobs.set(id, job);
  }

  /** Throws a refusal for an id that no job has. */
  get(id: string | undefined): Job {
    const job = this.#jobs.get(toId18(id ?? '') ?? '');
    if (job === undefined) throw notFound();
    return job;
  }

  delete(id: string | undefined): void {
    this.#jobs.delete(toId18(id ?? '') ?? '');
  }

  all(): IterableIterator<Job> {
    return this.#jobs.values();
  }
}

export class Jobs {
  readonly ingest = new JobStore<IngestJob>();
  readonly query = new JobStore<QueryJob>();
  #count = 0;

  /** A number that no job of the org has had, and the id made of it. */
  nextId(): { readonly number: number; readonly id: string } {
    this.#count += 1;
    return { number: this.#count, id: makeId('750', this.#count) };
  }
}

const stores = new WeakMap<Org, Jobs>();

export function jobsOf(org: Org): Jobs {
  const known = stores.get(org) ?? new Jobs();
  stores.set(org, known);
  return known;
}

/** A list of jobs as `GET /jobs/ingest` answers it. `path` is that of the list. */
export function listPage(descriptions: readonly unknown[], path: string, locator: string | null): Readonly<Record<string, unknown>> {
  const start = Number(locator ?? 0);
  const end = start + LIST;
  const done = end >= descriptions.length;
  return { done, records: descriptions.slice(start, end), nextRecordsUrl: done ? null : `${path}?queryLocator=${end}` };
}
