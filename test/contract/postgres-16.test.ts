import { postgresTarget } from './postgres.ts';
import { contract } from './suite.ts';
import { DATABASE } from './target.ts';

contract('postgres 16', { can: DATABASE, hasTypes: true, hasFaults: true }, async () => postgresTarget(16));
