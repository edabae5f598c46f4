import { afterAll } from 'vitest';

import { postgresBackend } from './postgres-backend.ts';
import { stateProperty } from './property.ts';

const backend = await postgresBackend();
afterAll(async () => backend[Symbol.asyncDispose]());

stateProperty('postgres', async (context, folder) => backend.open(context, folder));
