import { describe, expect, it } from 'vitest';

import type { WriteBatch } from '../../../src/destinations/destination.ts';
import type { BoundBatch } from '../../../src/destinations/salesforce/columns.ts';
import { errorOf } from '../../../src/destinations/salesforce/ingest-results.ts';
import { isRace, refusalOf } from '../../../src/destinations/salesforce/outcome.ts';
import { withoutValues } from '../../../src/destinations/salesforce/reject.ts';

const boundTo = (action: WriteBatch['action'], columns: BoundBatch['columns'] = []): BoundBatch => ({
  batch: { action } as WriteBatch,
  object: 'Account',
  key: { field: 'Ext__c', type: { kind: 'text' } },
  columns,
});
const error = (code: string, message = 'sentence', fields: readonly string[] = []) => ({ code, message, fields });

describe('a refusal', () => {
  it.each([
    ['UNABLE_TO_LOCK_ROW', 'unable to obtain exclusive access to this record', 'busy'],
    ['SERVER_UNAVAILABLE', 'try later', 'busy'],
    ['STORAGE_LIMIT_EXCEEDED', 'storage limit exceeded', 'busy'],
    [
      'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY',
      'T: execution of AfterUpdate caused by: System.LimitException: Apex CPU time limit exceeded',
      'too_much',
    ],
    ['CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', 'T: System.LimitException: Too many SOQL queries: 101', 'too_much'],
  ])('%s: %s may pass (%s)', (code, message, why) => {
    expect(refusalOf(error(code, message), boundTo('update'), [])).toEqual({ status: 'again', why, code, message });
  });

  it.each([
    'FIELD_CUSTOM_VALIDATION_EXCEPTION', 'REQUIRED_FIELD_MISSING', 'STRING_TOO_LONG', 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', 'DUPLICATE_VALUE',
    'INVALID_CROSS_REFERENCE_KEY', 'INSUFFICIENT_ACCESS_OR_READONLY', 'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', 'UNKNOWN_EXCEPTION', 'A_CODE_OF_TOMORROW',
  ])('%s rejects the record, in the words of the org', (code) => {
    expect(refusalOf(error(code, 'sentence', ['Name']), boundTo('update'), [])).toEqual({ status: 'rejected', code, message: 'sentence' });
  }); // prettier-ignore

  it('of a deleted record is no refusal of a delete', () => {
    const deleted = error('ENTITY_IS_DELETED', 'entity is deleted');
    expect(refusalOf(deleted, boundTo('delete'), [])).toEqual({ status: 'unchanged' });
    expect(refusalOf(deleted, boundTo('update'), []).status).toBe('held');
    expect(refusalOf(deleted, boundTo('create'), []).status).toBe('rejected');
  });

  it('of an id is about the record only when no other id was sent', () => {
    const wrong = error('INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id');
    const owner = [{ index: 0, field: 'OwnerId', type: { kind: 'text', id18: true } }] as const;
    expect(refusalOf(wrong, boundTo('update'), []).status).toBe('held');
    expect(refusalOf(wrong, boundTo('update', owner), []).status).toBe('rejected');
  });

  it('is a race only where two create one key', () => {
    const taken = error('DUPLICATE_VALUE', 'duplicate value found: Ext__c duplicates value on record with id: 001000000000001');
    expect(isRace(taken, boundTo('create'))).toBe(true);
    expect(isRace(taken, boundTo('update'))).toBe(false);
    expect(
      isRace(error('DUPLICATE_VALUE', 'duplicate value found: Other_Ext__c duplicates value on record with id: 001'), boundTo('create')),
    ).toBe(false);
  });
});

describe('a message of the org', () => {
  it.each([
    ['Account Name: data value too large: Ada, "Lovelace" (max length=40)', 'Account Name: data value too large (max length=40)'],
    ['Industry: bad value for restricted picklist field: tech\nnology', 'Industry: bad value for restricted picklist field'],
    ['Email: invalid email address: ada@', 'Email: invalid email address'],
    ['Account ID: id value of incorrect type: 003', 'Account ID: id value of incorrect type'],
    ['ARR: value outside of valid range on numeric field: 1', 'ARR: value outside of valid range on numeric field'],
    ['Duplicate external id specified: 42', 'Duplicate external id specified'],
    ['Cannot deserialize instance of date from VALUE_STRING value 1 or 2 or request may be missing a required field at [line:1, column:9]', 'Cannot deserialize instance of date from VALUE_STRING or request may be missing a required field at [line:1, column:9]'],
  ])('%j repeats no value, however short', (message, told) => {
    expect(withoutValues(message, [])).toBe(told);
  }); // prettier-ignore

  it('repeats none of the values that were sent, in any case and with any sign in them', () => {
    const message = 'The plan of ADA (a+b)? with +49 30 1 costs 1200: ask Adalbert';
    expect(withoutValues(message, ['Ada', '(a+b)?', ' +49 30 1 ', '1200', null, ''])).toBe(
      'The plan of ... ... with ... costs ...: ask Adalbert',
    );
  });

  it('keeps words that only look like a value', () => {
    expect(withoutValues('REQUIRED: true or 1 of 2 is missing', ['true', '1', 'is'])).toBe('REQUIRED: true or 1 of 2 is missing');
  });
});

describe('an error in the results of a job', () => {
  it.each([
    ['REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --', error('REQUIRED_FIELD_MISSING', 'Required fields are missing: [LastName]', ['LastName'])],
    ['UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record:--', error('UNABLE_TO_LOCK_ROW', 'unable to obtain exclusive access to this record')],
    ['STRING_TOO_LONG:Name: data value too large: a:b --c (max length=2):Name,Other --', error('STRING_TOO_LONG', 'Name: data value too large: a:b --c (max length=2)', ['Name', 'Other'])],
    ['INVALID_EMAIL_ADDRESS:one:Email --STRING_TOO_LONG:two:Name --', error('INVALID_EMAIL_ADDRESS', 'one', ['Email'])],
    ['SOMETHING:without an end', error('SOMETHING', 'without an end')],
    ['no code at all', error('UNKNOWN_EXCEPTION', 'no code at all')],
  ])('%j is read as code, message and fields', (text, read) => {
    expect(errorOf(text)).toEqual(read);
  }); // prettier-ignore
});
