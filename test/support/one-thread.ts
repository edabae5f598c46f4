/**
 * DuckDB in a test's own process works with one thread: handing its tiny tables from thread to thread costs a fifth of all
 * processor time, and as many tests as there are cores run side by side anyway. Processes that a test starts, and whoever
 * names a number of threads, have what users have.
 */
import { DuckDBInstance } from '@duckdb/node-api';

const create = DuckDBInstance.create.bind(DuckDBInstance);
DuckDBInstance.create = async (path, options) => create(path, { threads: '1', ...options });
