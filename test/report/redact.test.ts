import { expect, test } from 'vitest';

import { createRedact, redactData } from '../../src/report/redact.ts';

const KEY = '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n';

test('a secret is masked in every form that our own output can give it', () => {
  const redact = createRedact(['p"ss\\w€rd', 'a b/c?', KEY]);
  for (const text of [
    'p"ss\\w€rd',
    JSON.stringify('p"ss\\w€rd'),
    'postgres://u:a%20b%2Fc%3F@host',
    KEY,
    JSON.stringify(KEY),
    'only hkiG9w0BAQEFAASC of it',
  ]) {
    const masked = redact(text);
    expect(masked).toContain('***');
    expect(masked).not.toMatch(/ss\\+w|a%20b|MIIE|hkiG/);
  }
});

test('the longest secret wins, and text without secrets stays as it is', () => {
  const redact = createRedact(['token', 'token-2']);
  expect(redact('token-2 token tokens')).toBe('*** *** ***s');
  expect(redact('nothing here')).toBe('nothing here');
});

test('values too short to be secrets are not masked: that would garble every number', () => {
  expect(createRedact(['', '1', 'on'])('12 on 1')).toBe('12 on 1');
});

test('data stays data: only strings are masked, numbers and names of properties are not', () => {
  const redact = createRedact(['12345', 'secret']);
  expect(redactData({ secret: 12345, list: ['a secret', null, { deep: 'x12345' }] }, redact)).toEqual({
    secret: 12345,
    list: ['a ***', null, { deep: 'x***' }],
  });
});
