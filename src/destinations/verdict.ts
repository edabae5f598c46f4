/** What a database found about a change that it compared with the live record, and what people read about it. */
import type { Outcome, WriteBatch } from './destination.ts';

/** Why a change was not written. `same`: live holds it already; for the others, what is in the way. */
export type Verdict = 'same' | 'gone' | 'moved' | 'exists' | 'copies' | 'orphan' | 'ambiguous';

/** `field`: the one that the verdict is about. */
export function outcomeOf(verdict: Verdict, batch: WriteBatch, field: string | undefined): Outcome {
  switch (verdict) {
    case 'same':
      return { status: 'unchanged' };
    case 'gone':
      return batch.action === 'delete'
        ? { status: 'unchanged' }
        : { status: 'held', message: 'the record is gone: it was deleted since the plan' };
    case 'exists':
      return { status: 'held', message: 'the record exists: it was created since the plan' };
    case 'moved':
      return { status: 'held', message: `${field ?? 'the record'} moved since the plan` };
    case 'copies':
      return { status: 'held', message: `several records have this ${keyOf(batch)}: which one is meant is not known` };
    case 'orphan':
      return { status: 'rejected', code: 'REFERENCE_NOT_FOUND', message: `${field ?? 'a field'}: ${parentSentence(batch, field, 'no')}` };
    case 'ambiguous':
      return {
        status: 'rejected',
        code: 'REFERENCE_AMBIGUOUS',
        message: `${field ?? 'a field'}: ${parentSentence(batch, field, 'more than one')}`,
      };
  }
}

function keyOf(batch: WriteBatch): string {
  return batch.key.map((each) => each.field).join(', ');
}

function parentSentence(batch: WriteBatch, field: string | undefined, count: string): string {
  const reference = batch.fields.find((each) => each.field === field)?.reference;
  return `${count} ${reference?.object ?? 'record'} has this ${reference?.key ?? 'key'}`;
}
