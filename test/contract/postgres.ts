/** Postgres under contract: a real server, a database for each test, and a proxy that loses acknowledgements. */
import { type Major, onPostgres, type Postgres, startPostgres } from '../support/postgres.ts';
import { tcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { objectsSql, type Run, sqlStage } from './sql-stage.ts';
import { DATABASE, type Stage, type Target, type TypeCase } from './target.ts';

const TYPES: readonly TypeCase[] = [
  { native: 'smallint', samples: [['-32768', '-32768'], ["'7'", '7']], key: true },
  { native: 'bigint', samples: [["'-9223372036854775808'", '-9223372036854775808'], ['9007199254740993', '9007199254740993']], key: true },
  { native: 'numeric(10,2)', samples: [['1.5', '1.50'], ["'-99999999.99'", '-99999999.99']], key: true },
  { native: 'numeric', samples: [["'12345678901234567890123456.000001'", '12345678901234567890123456.000001'], ['0', '0']] },
  { native: 'real', samples: [['0.1::FLOAT', '0.1']] },
  { native: 'double precision', samples: [['0.1::DOUBLE', '0.1'], ["'1.7976931348623157e308'", '1.7976931348623157e+308'], ["'5e-324'", '5e-324']] },
  { native: 'boolean', samples: [['true', 'true'], ["'no'", 'false']] },
  { native: 'date', samples: [["DATE '2024-02-29'", '2024-02-29'], ["'0001-01-01'", '0001-01-01'], ["'9999-12-31'", '9999-12-31']], key: true },
  { native: 'timestamp', samples: [["TIMESTAMP '2024-05-01 10:00:00.123456'", '2024-05-01 10:00:00.123456'], ["'1969-12-31 23:59:59.999999'", '1969-12-31 23:59:59.999999']], key: true },
  { native: 'timestamp(3)', samples: [["TIMESTAMP '2024-05-01 10:00:00.1239'", '2024-05-01 10:00:00.123'], ["TIMESTAMP '1969-12-31 23:59:59.9999'", '1969-12-31 23:59:59.999']] },
  { native: 'timestamp(0)', samples: [["TIMESTAMP '2024-05-01 10:00:00.9'", '2024-05-01 10:00:00']] },
  { native: 'timestamptz', samples: [["TIMESTAMPTZ '2024-05-01 12:00:00.5+02'", '2024-05-01 10:00:00.5+00'], ["'2024-11-03 01:30:00-05:00'", '2024-11-03 06:30:00+00']], key: true },
  { native: 'text', samples: [["'line\r\nend\\ '", 'line\r\nend\\ '], ["''", ''], ["'\\N'", '\\N'], ["'NULL'", 'NULL'], ["'\u{1F469}\u200D\u{1F680}'", '\u{1F469}\u200D\u{1F680}'], ["'e\u0301'", 'e\u0301'], [`'O''Brien said "hi",\t{}'`, `O'Brien said "hi",\t{}`]], key: true },
  { native: 'varchar(5)', samples: [["'\u6f22\u5b57\u6f22\u5b57\u6f22'", '\u6f22\u5b57\u6f22\u5b57\u6f22'], ["' a '", ' a ']], key: true },
  { native: 'citext', samples: [["'Ada@Example.com'", 'Ada@Example.com']], key: true },
  { native: 'uuid', samples: [["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']], key: true },
  { native: '"Mood"', samples: [["'so so'", 'so so'], [`'it''s "fine"'`, `it's "fine"`]], key: true },
  { native: 'positive', samples: [['7', '7']], key: true },
  { native: 'json', samples: [[`'{"b":1.50,"a":[null]}'`, '{"b":1.50,"a":[null]}']] },
  { native: 'jsonb', samples: [[`'{"b":1.50,"a":[null]}'`, '{"a": [null], "b": 1.50}'], ["'[]'", '[]'], ["'null'", 'null']] },
  { native: 'text[]', samples: [[`['b', 'a,"c', '', NULL, 'NULL']`, '{b,"a,\\"c","",NULL,"NULL"}'], ['[]::VARCHAR[]', '{}']] },
  { native: 'integer[]', samples: [['[3, 1, 2]', '{3,1,2}']] },
  { native: 'bytea', samples: [["'\\x00\\xFF'::BLOB", '\\x00ff'], ["''::BLOB", '\\x']] },
  { native: 'time', samples: [["TIME '10:00:00.5'", '10:00:00.5']] },
  { native: 'interval', samples: [["'1 year 2 mons 3 days 04:05:06.5'", '1 year 2 mons 3 days 04:05:06.5']] },
  { native: 'inet', samples: [["'10.0.0.1/8'", '10.0.0.1/8'], ["'::1'", '::1/128']] },
  { native: 'int4range', samples: [["'[1,5)'", '[1,5)'], ["'empty'", 'empty']] },
]; // prettier-ignore

const TYPES_SQL = [
  'CREATE EXTENSION citext',
  `CREATE TYPE "Mood" AS ENUM ('sad', 'so so', 'it''s "fine"')`,
  'CREATE DOMAIN positive AS integer CHECK (VALUE > 0)',
];

/** A server whose defaults are those of nobody: what a connector does not set itself shows. */
const STRANGE = {
  TimeZone: 'Asia/Kathmandu',
  DateStyle: 'SQL, DMY',
  IntervalStyle: 'sql_standard',
  bytea_output: 'escape',
  extra_float_digits: '-5',
};

/** What a person's psql shows, whatever the server's defaults. */
const PLAIN = [
  "SET TimeZone = 'UTC'",
  "SET DateStyle = 'ISO, YMD'",
  "SET IntervalStyle = 'postgres'",
  "SET bytea_output = 'hex'",
  'SET extra_float_digits = 1',
];

export async function postgresTarget(major: Major): Promise<Target> {
  const server = await startPostgres({ major, settings: STRANGE });
  const proxy = await tcpProxy(server.port);
  return {
    type: 'postgres',
    can: DATABASE,
    types: TYPES,
    stage: async () => stage(server, proxy),
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]();
      await server.stop();
    },
  };
}

async function stage(server: Postgres, proxy: TcpProxy): Promise<Stage> {
  const url = await server.createDatabase();
  const run: Run = async (...statements) => onPostgres(url, ...PLAIN, ...statements);
  await run(...TYPES_SQL, ...objectsSql('integer PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY', 'REFERENCES "Node" ("Row")'));
  await proxy.pass();
  return {
    connection: { type: 'postgres', url: proxy.through(url), tls: 'disable' },
    ...sqlStage(run, TYPES),
    fault: async (kind) => {
      await proxy.cut(kind === 'refused' ? { match: WRITE, when: 'before' } : { match: /COMMIT/, armedBy: WRITE, when: 'after' });
      return {};
    },
  };
}

const WRITE = /INSERT INTO|UPDATE |MERGE |DELETE FROM/;
