import { contract } from './suite.ts';
import type { Abilities } from './target.ts';
import { apiTarget } from './test-destination.ts';

const API: Abilities = { atomicCompare: false, storesExactly: false, readByKey: true, readAll: true, keyOfParts: true };
const BLIND: Abilities = { ...API, readByKey: false, readAll: false };
const terms = (can: Abilities): { can: Abilities; hasTypes: boolean; hasFaults: boolean } => ({ can, hasTypes: false, hasFaults: true });

contract('an API', terms(API), async () => apiTarget({ batch_size: 7 }, API));
contract('an API that changes all text', terms(API), async () =>
  apiTarget({ batch_size: 100 }, API, ['trim', 'crlf', 'upper', 'truncate', 'empty_null']),
);
contract('an API that compares', terms({ ...API, atomicCompare: true }), async () =>
  apiTarget({ atomic: true }, { ...API, atomicCompare: true }),
);
contract('an API that cannot list', terms({ ...API, readAll: false }), async () =>
  apiTarget({ no_read_all: true }, { ...API, readAll: false }),
);
contract('an API that cannot be read and changes all text', terms(BLIND), async () =>
  apiTarget({ no_read: true }, BLIND, ['trim', 'crlf', 'upper', 'truncate', 'empty_null']),
);
