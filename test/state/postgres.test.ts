import { afterAll } from 'vitest';

import { postgresBackend } from './postgres-backend.ts';
import { stateSuite } from './suite.ts';

const backend = await postgresBackend();
afterAll(async () => backend[Symbol.asyncDispose]());

stateSuite('postgres', backend);
