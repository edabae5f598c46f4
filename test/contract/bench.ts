/** The suite's way to a project over a fresh stage of the destination, and its records as the destination shows them. */
import { expect } from 'vitest';

import { project, type Setup, syncOf, type TestProject } from '../support/project.ts';
import { renamed } from './names.ts';
import type { Stage, Target, Values, Yaml } from './target.ts';

/** A project whose destination is a stage of its own. */
export interface Scene extends AsyncDisposable {
  readonly p: TestProject;
  readonly stage: Stage;
}

export class Bench {
  #target: Target | undefined;

  get target(): Target {
    if (this.#target === undefined) throw new Error('the target is not open');
    return this.#target;
  }

  async open(open: () => Promise<Target>): Promise<void> {
    this.#target = await open();
  }

  async close(): Promise<void> {
    await this.#target?.[Symbol.asyncDispose]();
  }

  async scene(setup: Setup = {}): Promise<Scene> {
    const { names } = this.target;
    const named = names === undefined ? {} : { sync: renamed(syncOf(setup.sync as Yaml | undefined), names) };
    const p = await project({ connection: { type: this.target.type }, ...setup, ...named });
    const stage = await this.target.stage(p.root);
    await p.connect(stage.connection);
    return { p, stage, [Symbol.asyncDispose]: async () => p[Symbol.asyncDispose]() };
  }

  /** What the destination calls a field of the suite. */
  field(name: string): string {
    return this.target.names?.field(name) ?? name;
  }

  /** Options of a plan that looks at every record, where that is possible. */
  get everyRecord(): readonly string[] {
    return this.target.can.readAll ? ['--refresh', 'all'] : [];
  }

  /** What the destination makes of a text. */
  stored(text: string): string | null {
    return this.target.stores === undefined ? text : this.target.stores(text);
  }

  /** A record as Sluice leaves it. */
  account(id: string, name: string, plan: string | null, seats: string | null, notes: string | null = null): Values {
    return { Id: id, Name: this.stored(name), Plan: plan === null ? null : this.stored(plan), Seats: seats, Notes: notes };
  }

  /** A record as a person makes it: nobody changes what is typed in. */
  byHand(id: string, name: string, plan: string | null, seats: string | null): Values {
    return { Id: id, Name: name, Plan: plan, Seats: seats, Notes: 'by hand' };
  }

  /** The end of every test: planning again shows nothing to do, `left` aside, with every record looked at where that is possible. */
  async settled(p: TestProject, left: object = {}): Promise<void> {
    const again = await p.summary(this.everyRecord);
    const { unchanged: _unchanged, unverified: _unverified, skipped: _skipped, ...rest } = again;
    expect(rest, 'plan again').toEqual(left);
  }
}
