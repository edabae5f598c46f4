import { afterAll } from 'vitest';

import { postgresBackend } from './postgres-backend.ts';
import { stateProperty } from './property.ts';

// The oldest that is supported.
const backend = await postgresBackend(14);
afterAll(async () => backend[Symbol.asyncDispose]());

stateProperty('postgres', async (context, folder) => backend.open(context, folder));
