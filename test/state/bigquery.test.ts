import { afterAll } from 'vitest';

import { bigqueryBackend } from './bigquery-backend.ts';
import { stateSuite } from './suite.ts';

const backend = await bigqueryBackend();
afterAll(async () => backend[Symbol.asyncDispose]());

stateSuite('bigquery', backend);
