/** How much of GoogleSQL the fake has right: recorded queries of the real service are run again, and the results compared. */
import { expect, it } from 'vitest';

import { type Outcome, PHASES, type Phase, score } from './corpus.ts';

/** What is not alike, by reason: all that `sql/README.md` says the fake has not, and nothing else. Who makes one alike takes it out. */
const KNOWN: Readonly<Record<string, RegExp>> = {
  'geography beyond points and texts': /^(st|spheroidal)_|^geography_column_insert$|^numeric_in_geog_predicate$/,
  'approximate aggregates and sketches': /^agg_(approx_top|hll_count)_/,
  'sessions and series of ranges': /range_sessionize|^generate_range_array_date$/,
  'intervals made just': /^justify_/,
  'JSON changed in place': /^json_(array_insert_nested|remove|strip_nulls)$/,
  'signatures of functions listed after a mismatch': /^error_(concat_no_args|safe_cast_no_swallow_when_invalid_signature)$/,
  'an error in an argument of SAFE.f()': /^div_zero_safe_swallows$/,
  COLLATE: /^str_collate_binary$/,
  partitions: /^is_partitions_|^partition_prune_/,
  'metadata that lags: a dataset made a moment ago is not listed yet': /^is_schemata_basic$/,
  CALL: /^mv_refresh_after_dml$/,
};

/** Alike on the day this was written. They may rise, and must not fall. */
const FLOORS: Readonly<Record<Phase, number>> = {
  rest_crud: 113,
  standard_functions: 368,
  specialized_types: 26,
  api_configuration: 25,
  information_schema: 9,
  partitioning_clustering: 14,
  versioning: 16,
};

it('answers recorded queries as BigQuery did, but for what it is known not to have', async () => {
  const phases: { readonly phase: Phase; readonly outcomes: readonly Outcome[] }[] = [];
  for (const phase of PHASES) phases.push({ phase, outcomes: await score(phase) });
  const all = phases.flatMap(({ outcomes }) => outcomes);
  const wrong = all.filter(({ difference }) => difference !== undefined);
  process.stderr.write(
    [
      `BigQuery fake, SQL: ${all.length - wrong.length} of ${all.length} recorded results alike`,
      ...phases.map(({ phase, outcomes }) => `  ${phase}: ${alike(outcomes)} of ${outcomes.length}`),
      `  bytes processed: ${all.filter(({ bytes }) => bytes === 'alike').length} of ${all.filter(({ bytes }) => bytes !== undefined).length}`,
      'not alike:',
      ...Object.entries(KNOWN).map(([reason, names]) => `  ${reason}: ${wrong.filter(({ name }) => names.test(name)).length}`),
      '',
    ].join('\n'),
  );
  const unexplained = wrong.filter(({ name }) => !Object.values(KNOWN).some((names) => names.test(name)));
  expect(unexplained).toEqual([]);
  const explainedInVain = Object.entries(KNOWN).filter(([, names]) => !wrong.some(({ name }) => names.test(name)));
  expect(explainedInVain.map(([reason]) => reason)).toEqual([]);
  for (const { phase, outcomes } of phases) expect(alike(outcomes), phase).toBeGreaterThanOrEqual(FLOORS[phase]);
});

function alike(outcomes: readonly Outcome[]): number {
  return outcomes.filter(({ difference }) => difference === undefined).length;
}
