import { postgresTarget } from './postgres.ts';
import { contract } from './suite.ts';
import { DATABASE } from './target.ts';

contract('postgres 18', { can: DATABASE, hasTypes: true, hasFaults: true }, async () => postgresTarget(18));
