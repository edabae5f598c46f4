/** The command line with the test-only destination among its connectors, as a program of its own: `node cli.ts plan ...`. */
import { main } from '../../../src/cli.ts';
import { TEST_DESTINATIONS, testConnectionSchemas } from './index.ts';

process.exitCode = await main(process.argv.slice(2), {
  registry: { destinations: TEST_DESTINATIONS },
  connectionSchemas: testConnectionSchemas(),
});
