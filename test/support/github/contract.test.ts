/** The fake's own conscience: what GitHub's description does not allow is noticed. */
import { expect, test } from 'vitest';

import { type Matched, match, problemsOfRequest, problemsOfResponse, sample } from './contract.ts';

const COMMENTS = '/repos/acme/revops/issues/7/comments';

function matched(method: string, path: string): Matched {
  const found = match(method, path);
  if (found === undefined) throw new Error(`no ${method} ${path}`);
  return found;
}

test('requests are held against the description', () => {
  const post = matched('POST', COMMENTS);
  const list = matched('GET', COMMENTS);
  const edit = matched('PATCH', '/repos/acme/revops/issues/7');
  expect(problemsOfRequest(post, new URLSearchParams(), { body: 'fine' })).toEqual([]);
  expect(problemsOfRequest(post, new URLSearchParams(), {})).toEqual(["body: data must have required property 'body'"]);
  expect(problemsOfRequest(post, new URLSearchParams(), { body: 5 })).toEqual(['body: data/body must be string']);
  expect(problemsOfRequest(post, new URLSearchParams(), { body: 'a', text: 'b' })).toEqual(['body: there is no property text']);
  expect(problemsOfRequest(list, new URLSearchParams('perpage=100'), undefined)).toEqual(['query: there is no parameter perpage']);
  expect(problemsOfRequest(list, new URLSearchParams('per_page=many'), undefined)).toHaveLength(1);
  expect(problemsOfRequest(edit, new URLSearchParams(), { state: 'done' })).toHaveLength(1);
  expect(problemsOfRequest(edit, new URLSearchParams(), { body: null, state: 'closed', state_reason: 'completed' })).toEqual([]);
  expect(match('PUT', COMMENTS)).toBeUndefined();
});

test('the answers of the fake are held against it, too', () => {
  const { operation } = matched('POST', COMMENTS);
  const comment = sample('issue-comment');
  expect(problemsOfResponse(operation, 201, comment)).toEqual([]);
  expect(problemsOfResponse(operation, 201, { ...comment, id: 'x' })).toEqual([expect.stringContaining('data/id must be integer')]);
  expect(problemsOfResponse(operation, 201, { ...comment, user: undefined })).toEqual([
    expect.stringContaining("required property 'user'"),
  ]);
  expect(problemsOfResponse(operation, 200, comment)).toEqual(['the operation never answers 200']);
  expect(problemsOfResponse(operation, 403, { text: 5, message: 5 })).toHaveLength(1);
});
