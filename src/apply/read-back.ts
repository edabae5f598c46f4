/** What the destination made of the values it acknowledged: fills `returned`, so that its own notation is not drift. */
import { selectionOf } from '../destinations/batch.ts';
import type { WriteBatch } from '../destinations/destination.ts';
import { look, type Looking } from './look.ts';
import type { Settled } from './outcomes.ts';
import type { LiveComparison } from './reread.ts';

/** Records read back in one run before it turns to samples, and the records of a batch in a sample. */
const VERIFY_ALL = 2_000;
const VERIFY_SAMPLE = 20;

type Returned = Readonly<Record<string, string | null>>;

/** What the read-backs of one sync's run have seen. */
export class ReadBack {
  readonly #looking: Looking;
  readonly #verify: 'all' | 'sample' | 'none';
  /** By key: a second pass writes a record again, and what the first pass learned of it stays known. Bounded as the read-backs are. */
  readonly #seen = new Map<string, Returned>();
  readonly #normalised = new Map<string, number>();
  #verified = 0;

  constructor(looking: Looking, verify: 'all' | 'sample' | 'none') {
    this.#looking = looking;
    this.#verify = verify;
  }

  /** Fields that came back in another form than they were sent, and of how many records. */
  get normalised(): ReadonlyMap<string, number> {
    return this.#normalised;
  }

  /** The outcomes with what a look at the acknowledged records shows. */
  async add(batch: WriteBatch, outcomes: readonly Settled[]): Promise<readonly Settled[]> {
    const { capabilities } = this.#looking.destination;
    if (capabilities.storesExactly.can) return verifiedAlike(outcomes);
    const chosen = this.#chosen(batch, outcomes);
    if (chosen.length === 0) return outcomes;
    const looked = await selectionOf(batch, chosen);
    const live = await look(this.#looking, looked, 'after');
    if (live instanceof Error) return outcomes;
    const former = await this.#former(looked);
    this.#verified += chosen.length;
    const known = new Map(chosen.map((position, index) => [position, { now: live.get(index), former: former.get(index) }]));
    return outcomes.map((outcome, position) => {
      const { now, former: planned } = known.get(position) ?? {};
      return now?.exists === true && now.mistaken === undefined ? this.#verifiedAs(outcome, batch, now, planned) : outcome;
    });
  }

  #chosen(batch: WriteBatch, outcomes: readonly Settled[]): number[] {
    if (this.#verify === 'none' || !this.#looking.destination.capabilities.readByKey.can || batch.action === 'delete') return [];
    const acknowledged = [...outcomes.entries()].flatMap(([position, { status, verified }]) =>
      (status === 'applied' || status === 'unchanged') && verified !== true ? [position] : [],
    );
    const left = this.#verify === 'all' ? VERIFY_ALL - this.#verified : 0;
    return acknowledged.slice(0, Math.max(VERIFY_SAMPLE, left));
  }

  #verifiedAs(outcome: Settled, batch: WriteBatch, now: LiveComparison, former: Former | undefined): Settled {
    const key = former?.key ?? '';
    const written = new Set(batch.fields.map(({ field }) => field));
    const kept = Object.entries({ ...former?.returned, ...this.#seen.get(key) }).filter(([field]) => !written.has(field));
    const returned = { ...Object.fromEntries(kept), ...now.differing };
    const isPlain = Object.keys(returned).length === 0;
    if (!isPlain) this.#seen.set(key, returned);
    for (const field of Object.keys(now.differing)) this.#normalised.set(field, (this.#normalised.get(field) ?? 0) + 1);
    return {
      ...outcome,
      verified: true,
      returned: isPlain ? undefined : JSON.stringify(returned),
      remoteId: outcome.remoteId ?? now.remoteId ?? undefined,
    };
  }

  /** Key of each change, and what the plan knows of the fields that it does not write; by position. */
  async #former(batch: WriteBatch): Promise<ReadonlyMap<number, Former>> {
    const { workspace, planned } = this.#looking;
    const rows = await workspace.rows(
      `SELECT b.pos, c.key, c.returned FROM ${batch.relation} AS b JOIN plan.changes AS c ON c.seq = b.seq WHERE c.sync = $sync`,
      { sync: planned.sync },
    );
    return new Map(
      rows.map(({ pos, key, returned }) => [
        Number(pos),
        { key: String(key), returned: typeof returned === 'string' ? (JSON.parse(returned) as Returned) : {} },
      ]),
    );
  }
}

interface Former {
  readonly key: string;
  readonly returned: Returned;
}

/** Outcomes that were one object stay one: a million equal outcomes take no room. */
function verifiedAlike(outcomes: readonly Settled[]): readonly Settled[] {
  const made = new Map<Settled, Settled>();
  return outcomes.map((outcome) => {
    const known = made.get(outcome);
    if (known !== undefined) return known;
    const verified = { ...outcome, verified: true };
    made.set(outcome, verified);
    return verified;
  });
}
