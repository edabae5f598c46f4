import { join } from 'node:path';

import { LocalState } from '../../src/state/local/local.ts';
import { stateProperty } from './property.ts';

stateProperty(
  'local',
  (context, folder) => new LocalState(context, { path: join(folder, 'state.duckdb'), project: 'acme', environment: null }),
);
