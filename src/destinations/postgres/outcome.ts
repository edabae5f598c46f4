/** What people read about a change that was not written. */
import type { Outcome, WriteBatch } from '../destination.ts';
import type { Verdict } from './write-sql.ts';

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

function parentSentence(batch: WriteBatch, field: string | undefined, count: string): string {
  const reference = batch.fields.find((each) => each.field === field)?.reference;
  return `${count} ${reference?.object ?? 'record'} has this ${reference?.key ?? 'key'}`;
}
