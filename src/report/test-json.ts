/** Results of Test documents as JSON; described by `schemas/test-results.schema.json`. */
import type { Difference, FieldDifference } from '../rehearsal/compare.ts';
import type { TestResult } from '../rehearsal/rehearse.ts';
import { type ErrorEntry, problemDocument, whereOf } from './json.ts';
import { differenceSentence } from './test-text.ts';

export interface TestResultsDocument {
  readonly passed: number;
  readonly failed: number;
  readonly duration_ms: number;
  readonly tests: readonly TestDocument[];
}

interface TestDocument {
  readonly name: string;
  readonly sync: string;
  readonly where: string | null;
  readonly passed: boolean;
  readonly duration_ms: number;
  readonly problems: readonly ErrorEntry[];
  readonly differences: readonly DifferenceDocument[];
  readonly notes: readonly string[];
}

interface DifferenceDocument {
  readonly kind: Difference['kind'];
  readonly action: string | null;
  readonly key: readonly (string | null)[] | null;
  readonly message: string;
  readonly where: string | null;
  readonly fields: readonly FieldDocument[];
}

interface FieldDocument {
  readonly field: string;
  readonly problem: 'differs' | 'not_written' | 'not_expected';
  readonly expected: string | null;
  readonly got: string | null;
  readonly sensitive: boolean;
}

export function testResultsDocument(
  results: readonly TestResult[],
  totals: { readonly passed: number; readonly failed: number; readonly ms: number },
): TestResultsDocument {
  return {
    passed: totals.passed,
    failed: totals.failed,
    duration_ms: Math.round(totals.ms),
    tests: results.map((result) => testDocument(result)),
  };
}

function testDocument({ test, ms, problems, differences, notes }: TestResult): TestDocument {
  return {
    name: test.name,
    sync: test.sync,
    where: whereOf(test.location),
    passed: problems.length === 0 && differences.length === 0,
    duration_ms: Math.round(ms),
    problems: problems.map((problem) => problemDocument(problem)),
    differences: differences.map((difference) => differenceDocument(difference)),
    notes,
  };
}

function differenceDocument(difference: Difference): DifferenceDocument {
  return {
    kind: difference.kind,
    action: 'action' in difference ? difference.action : null,
    key: 'key' in difference ? difference.key : null,
    message: differenceSentence(difference),
    where: whereOf(difference.at),
    fields: difference.kind === 'different' ? difference.fields.map((field) => fieldDocument(field)) : [],
  };
}

/** Sensitive values are withheld. */
function fieldDocument({ field, expected, got, sensitive }: FieldDifference): FieldDocument {
  const problem = expected === undefined ? 'not_expected' : got === undefined ? 'not_written' : 'differs';
  const shown = (text: string | null | undefined): string | null => (sensitive ? null : (text ?? null));
  return { field, problem, expected: shown(expected), got: shown(got), sensitive };
}
