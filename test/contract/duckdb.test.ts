import { contract } from './suite.ts';
import { DATABASE } from './target.ts';
import { duckDbTarget } from './duckdb.ts';

contract('duckdb', { can: DATABASE, hasTypes: true, hasFaults: false }, duckDbTarget);
