import { join } from 'node:path';

import { LocalState } from '../../src/state/local/local.ts';
import { stateSuite } from './suite.ts';

stateSuite('local', {
  open: (context, folder) => new LocalState(context, { path: join(folder, '.sluice', 'state.duckdb'), project: 'acme', environment: null }),
  elapse: (ms, context) => {
    context.moveClock(ms);
  },
});
