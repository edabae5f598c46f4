import { afterAll } from 'vitest';

import { bigqueryBackend } from './bigquery-backend.ts';
import { stateProperty } from './property.ts';

const backend = await bigqueryBackend();
afterAll(async () => backend[Symbol.asyncDispose]());

stateProperty('bigquery', async (context, folder) => backend.open(context, folder), 4);
