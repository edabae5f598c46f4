/** Statements and scripts: what they change, what they count, what they refuse. */
import { afterEach, beforeEach, expect, it } from 'vitest';

import { NOW, SqlSession, text } from './sql-session.ts';

let sql: SqlSession;
beforeEach(async () => {
  sql = await SqlSession.open();
  await sql.results(`CREATE SCHEMA d; CREATE TABLE d.t (k STRING NOT NULL, n INT64, made DATETIME);
    INSERT INTO d.t (k, n) VALUES ('a', 1), ('b', 2), ('c', NULL)`);
});
afterEach(async () => sql[Symbol.asyncDispose]());

const ROWS = 'SELECT k, n FROM d.t ORDER BY k';

it('merges, and counts what it inserted, updated and deleted', async () => {
  const [result] = await sql.results(`MERGE \`acme-test.d.t\` AS b
    USING (SELECT 'a' AS k, 10 AS n, 'put' AS op UNION ALL SELECT 'b', 0, 'gone' UNION ALL SELECT 'z', 26, 'put' UNION ALL SELECT 'y', 25, 'gone') AS o
    ON b.k = o.k
    WHEN MATCHED AND o.op = 'gone' THEN DELETE
    WHEN MATCHED THEN UPDATE SET n = COALESCE(o.n, b.n), made = CAST('2024-01-02T03:04:05' AS DATETIME)
    WHEN NOT MATCHED AND o.op = 'put' THEN INSERT (k, n) VALUES (o.k, o.n)`);
  expect(result).toMatchObject({ statementType: 'MERGE', dml: { inserted: 1, updated: 1, deleted: 1 } });
  expect(await sql.rows(ROWS)).toEqual([['a', '10'], ['c', null], ['z', '26']]); // prettier-ignore
});

it('refuses a MERGE or UPDATE in which two source rows meet one target row, and changes nothing', async () => {
  const twice = `(SELECT 'a' AS k, 1 AS n UNION ALL SELECT 'a', 2)`;
  const refusal = 'invalidQuery: UPDATE/MERGE must match at most one source row for each target row';
  expect(await sql.refusal(`MERGE d.t AS t USING ${twice} AS s ON t.k = s.k WHEN MATCHED THEN UPDATE SET n = s.n`)).toBe(refusal);
  expect(await sql.refusal(`UPDATE d.t AS t SET n = s.n FROM ${twice} AS s WHERE t.k = s.k`)).toBe(refusal);
  expect(await sql.rows(ROWS)).toEqual([['a', '1'], ['b', '2'], ['c', null]]); // prettier-ignore
});

it('updates and deletes with counts, and only with WHERE', async () => {
  const results = await sql.results(
    `UPDATE d.t SET n = n + 1, made = NULL WHERE n IS NOT NULL; DELETE FROM d.t WHERE k IN UNNEST(JSON_VALUE_ARRAY(@keys)); SELECT @@row_count`,
    [text('keys', '["a","x"]')],
  );
  expect(results.map((result) => result.dml)).toEqual([
    { inserted: 0, updated: 2, deleted: 0 },
    { inserted: 0, updated: 0, deleted: 1 },
    undefined,
  ]);
  expect(await sql.refusal('UPDATE d.t SET n = 1')).toBe('invalidQuery: UPDATE must have a WHERE clause at [1:1]');
  expect(await sql.refusal('DELETE FROM d.t')).toBe('invalidQuery: DELETE must have a WHERE clause at [1:1]');
});

it('refuses values that a column does not take', async () => {
  expect(await sql.refusal(`INSERT INTO d.t (k, n) VALUES ('x', 'y')`)).toContain(
    'Value has type STRING which cannot be inserted into column n, which has type INT64',
  );
  expect(await sql.refusal(`INSERT INTO d.t (n) VALUES (1)`)).toBe('invalidQuery: Required field k cannot be null');
  expect(await sql.refusal(`INSERT INTO d.t (k, m) VALUES ('x', 1)`)).toContain('Column m is not present in table t at [1:21]');
  expect(await sql.refusal(`SELECT k FROM d.t WHERE k = 5`)).toContain(
    'No matching signature for operator = for argument types: STRING, INT64',
  );
});

it('keeps a transaction whole: a failed assertion rolls it back, and its text is the error', async () => {
  const script = `BEGIN TRANSACTION;
    INSERT INTO d.t (k, n) SELECT @k, 5;
    UPDATE d.t SET n = (SELECT COUNT(*) FROM d.t) WHERE k = 'a';
    ASSERT (SELECT COUNT(*) FROM d.t WHERE k = @k AND n = CAST(@n AS INT64)) = 1 AS 'somebody else was faster';
    COMMIT TRANSACTION;
    SELECT k, n FROM d.t WHERE n > 3 ORDER BY k`;
  expect(await sql.refusal(script, [text('k', 'z'), text('n', '6')])).toBe('invalidQuery: somebody else was faster');
  expect(await sql.rows(ROWS)).toHaveLength(3);
  expect(await sql.rows(script, [text('k', 'z'), text('n', '5')])).toEqual([['a', '4'], ['z', '5']]); // prettier-ignore
});

it('keeps what a rolled back transaction had selected', async () => {
  expect(await sql.rows(`BEGIN TRANSACTION; DELETE FROM d.t WHERE TRUE; SELECT COUNT(*) FROM d.t; ROLLBACK TRANSACTION;`)).toEqual([['0']]);
  expect(await sql.rows(ROWS)).toHaveLength(3);
});

it('runs scripts: variables, conditions, loops, temporary tables, exceptions', async () => {
  const results = await sql.results(`
    DECLARE doubled, total INT64 DEFAULT 0; DECLARE message STRING;
    CREATE TEMP TABLE cur AS SELECT k, n FROM d.t UNION ALL SELECT 'a', 3;
    SET doubled = (SELECT COUNT(*) FROM (SELECT k FROM cur GROUP BY k HAVING COUNT(*) > 1));
    WHILE total < 3 DO SET total = total + 1; IF total = 2 THEN CONTINUE; END IF; SELECT total; END WHILE;
    BEGIN
      IF doubled > 0 THEN RAISE USING MESSAGE = FORMAT('%d keys come twice', doubled); ELSE SELECT 'fine'; END IF;
    EXCEPTION WHEN ERROR THEN SET message = @@error.message; END;
    SELECT message, doubled`);
  expect(results.map((result) => result.statementType)).toEqual(['CREATE_TABLE_AS_SELECT', 'SELECT', 'SELECT', 'SELECT']);
  expect(await sql.rows(`BEGIN SELECT ERROR('no'); EXCEPTION WHEN ERROR THEN SELECT CONCAT('caught: ', @@error.message); END`)).toEqual([
    ['caught: no'],
  ]);
  expect(await sql.refusal('SELECT * FROM cur')).toContain('must be qualified with a dataset');
});

it('makes tables with clustering, expiration and labels, and tells a taken name', async () => {
  const [result] = await sql.results(`CREATE TABLE IF NOT EXISTS d.scratch CLUSTER BY k
    OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 DAY), labels = [('run', '42')]) AS SELECT 'a' AS k, 1 AS one`);
  expect(result).toMatchObject({ statementType: 'CREATE_TABLE_AS_SELECT', ddl: { operation: 'CREATE' } });
  expect(sql.catalog.table({ projectId: 'acme-test', datasetId: 'd', tableId: 'scratch' })).toMatchObject({
    clustering: ['k'], labels: { run: '42' }, expirationTime: String(NOW + 86_400_000),
    fields: [{ name: 'k', type: 'STRING', mode: 'NULLABLE' }, { name: 'one', type: 'INTEGER', mode: 'NULLABLE' }],
  }); // prettier-ignore
  expect((await sql.results('CREATE TABLE IF NOT EXISTS d.scratch AS SELECT 2 AS x'))[0]?.ddl?.operation).toBe('SKIP');
  expect(await sql.refusal('CREATE TABLE d.scratch (x INT64)')).toBe('duplicate: Already Exists: Table acme-test:d.scratch');
});

it('says what is missing as BigQuery does', async () => {
  expect(await sql.refusal('SELECT 1 FROM d.nope')).toBe('notFound: Not found: Table acme-test:d.nope was not found in location US');
  expect(await sql.refusal('SELECT 1 FROM nope.t')).toBe('notFound: Not found: Dataset acme-test:nope was not found in location US');
  expect(await sql.refusal('SELECT 1 FROM `other.d.t`')).toMatch(
    /^accessDenied: Access Denied: Table other:d.t: User does not have permission/,
  );
  expect(await sql.refusal('SELECT k,\n  nope FROM d.t')).toBe('invalidQuery: Unrecognized name: nope at [2:3]');
  // A tab goes on to the next multiple of eight, and what is one character to a reader is one here.
  expect(await sql.refusal(`SELECT '😀',\tnope FROM d.t`)).toBe('invalidQuery: Unrecognized name: nope at [1:17]');
  expect(await sql.refusal('SELECT k FROM d.t\nWHERE')).toBe('invalidQuery: Syntax error: Unexpected end of script at [2:6]');
  expect(await sql.refusal('SELECT NO_SUCH(k) FROM d.t')).toBe('invalidQuery: Function not found: NO_SUCH at [1:8]');
});

it('names what it does not know instead of guessing', async () => {
  expect(await sql.refusal(`SELECT 1;\nEXPORT DATA OPTIONS (uri = 'gs://x') AS SELECT 1`)).toBe(
    'notImplemented: the fake BigQuery does not know the statement EXPORT at [2:1]',
  );
  expect(await sql.refusal('SELECT ST_AREA(NULL)')).toBe('notImplemented: the fake BigQuery does not know the function ST_AREA at [1:8]');
  expect(await sql.refusal('SELECT 1 FROM d.t FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()')).toContain(
    'the fake BigQuery does not know FOR SYSTEM_TIME AS OF',
  );
});

it('compares two tables by a full join on what is equal', async () => {
  expect(
    await sql.rows(`WITH cur AS (SELECT k, FARM_FINGERPRINT(TO_JSON_STRING(STRUCT(k, CAST(n AS STRING)))) AS h FROM d.t),
      base AS (SELECT k, h FROM cur WHERE k <> 'a' UNION ALL SELECT 'gone', 7)
      SELECT COALESCE(cur.k, base.k) AS k, CASE WHEN base.h IS NULL THEN 'new' WHEN cur.h IS NULL THEN 'gone' END AS what
      FROM cur FULL OUTER JOIN base ON cur.h = base.h WHERE cur.h IS NULL OR base.h IS NULL ORDER BY k`),
  ).toEqual([['a', 'new'], ['gone', 'gone']]); // prettier-ignore
});

it('dry runs tell type, schema and bytes, and do nothing', async () => {
  expect(await sql.dryRun('SELECT n FROM d.t')).toMatchObject({
    statementType: 'SELECT',
    bytes: 16n,
    schema: [{ name: 'n', type: 'INTEGER' }],
  });
  expect(await sql.dryRun('SELECT COUNT(*) FROM d.t')).toMatchObject({ bytes: 0n });
  expect(await sql.dryRun(`DELETE FROM d.t WHERE k = 'a'`)).toMatchObject({ statementType: 'DELETE', bytes: 25n });
  expect(await sql.dryRun(`CREATE TEMP TABLE c AS SELECT k FROM d.t; ASSERT FALSE; SELECT k FROM c WHERE ERROR('x')`)).toMatchObject({
    statementType: 'SCRIPT',
    bytes: 9n,
  });
  await expect(sql.dryRun('SELECT nope FROM d.t')).rejects.toThrow('Unrecognized name: nope at [1:8]');
  expect(await sql.rows(ROWS)).toHaveLength(3);
});
