/** The life of a plan: what it says as JSON and as text, what applying it does, and that planning again shows nothing new. */
import { expect } from 'vitest';

import type { ApplyCounts, PlanDocument, Summary } from '../../src/plan/document.ts';
import { PLAIN } from '../../src/report/colour.ts';
import { renderPlan } from '../../src/report/text.ts';
import { type Account, nonZero, planOf, project, type Setup, type TestProject } from '../support/project.ts';

export interface Cycle {
  /** Counts of the plan that are not zero. */
  readonly plan: Partial<Summary>;
  /** What the text for people says. */
  readonly shows?: readonly (string | RegExp)[];
  readonly planCode?: number;
  /** Counts of the apply that are not zero. */
  readonly apply: Partial<ApplyCounts>;
  readonly applyCode?: number;
  /** Every record of the destination afterwards. */
  readonly live: readonly (readonly (string | null)[])[];
  /** `sent` of every record in state afterwards. */
  readonly sent?: Readonly<Record<string, Readonly<Record<string, string | null>> | null>>;
  /** Counts of the next plan that are not zero. */
  readonly again: Partial<Summary>;
  readonly againCode?: number;
  /** Options of `plan` and `apply`. */
  readonly args?: readonly string[];
}

/** Returns the first plan. */
export async function expectCycle(p: TestProject, cycle: Cycle): Promise<PlanDocument> {
  const { args = [] } = cycle;
  const planned = await p.plan(args, cycle.planCode);
  expect(nonZero(planned.summary), 'plan').toEqual(cycle.plan);
  // What `plan` prints of the document: `plan-text.test.ts` holds the two against each other.
  const text = renderPlan(planned, { paint: PLAIN });
  for (const part of cycle.shows ?? []) expect(text).toMatch(part);
  const applied = await p.apply(args, cycle.applyCode);
  expect(nonZero(applied.summary), 'apply').toEqual(cycle.apply);
  expect(await p.live(), 'destination').toEqual(cycle.live);
  if (cycle.sent !== undefined) expect(await p.sent(), 'state').toEqual(cycle.sent);
  expect(await p.summary(args, cycle.againCode), 'plan again').toEqual(cycle.again);
  return planned;
}

/** A project whose first run is over: Sluice has base of every row. */
export async function established(setup: Setup & { readonly source: readonly Account[] }): Promise<TestProject> {
  const p = await project(setup);
  await p.apply();
  return p;
}

/** How many updates write each field. */
export function written(document: PlanDocument, sync = 'accounts'): Readonly<Record<string, number>> {
  return planOf(document, sync).fields;
}
