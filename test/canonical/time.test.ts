import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { FieldType } from '../../src/canonical/types.ts';
import type { Workspace } from '../../src/workspace/workspace.ts';
import { canonical, ofText, openBench } from './bench.ts';
import { timeTrips } from './time-trips.ts';

const INSTANT: FieldType = { kind: 'timestamp', precision: 6, zoned: true };
const WALL: FieldType = { kind: 'timestamp', precision: 6, zoned: false };
const DATE: FieldType = { kind: 'date' };

let workspace: Workspace;
beforeAll(async () => {
  workspace = await openBench();
});
afterAll(async () => workspace[Symbol.asyncDispose]());

describe('a declared zone', () => {
  it.each([
    ['Asia/Tokyo', '2024-05-01 10:00:00', '2024-05-01T01:00:00Z'],
    ['Asia/Kolkata', '2024-05-01 10:00:00.5', '2024-05-01T04:30:00.5Z'],
    ['America/New_York', '2024-01-15 12:00:00', '2024-01-15T17:00:00Z'],
    ['America/New_York', '2024-07-15 12:00:00', '2024-07-15T16:00:00Z'],
    // A time that the clock skips is read with the offset before the gap, one that it shows twice with the later, standard one.
    ['America/New_York', '2024-03-10 01:59:59', '2024-03-10T06:59:59Z'],
    ['America/New_York', '2024-03-10 02:30:00', '2024-03-10T07:30:00Z'],
    ['America/New_York', '2024-03-10 03:00:00', '2024-03-10T07:00:00Z'],
    ['America/New_York', '2024-11-03 01:30:00', '2024-11-03T06:30:00Z'],
    ['Europe/Berlin', '2024-03-31 02:30:00', '2024-03-31T01:30:00Z'],
    ['Europe/Berlin', '2024-10-27 02:30:00', '2024-10-27T01:30:00Z'],
    ['Australia/Lord_Howe', '2024-04-07 01:45:00', '2024-04-06T15:15:00Z'],
  ])('%s: %s is %s, as text and as a timestamp', async (zone, wall, instant) => {
    expect(await ofText(workspace, INSTANT, wall, zone)).toBe(instant);
    expect(await canonical(workspace, INSTANT, { type: 'TIMESTAMP', values: [`'${wall}'`] }, zone)).toEqual([instant]);
    expect(await canonical(workspace, INSTANT, { type: 'TIMESTAMP_NS', values: [`'${wall}'`] }, zone)).toEqual([instant]);
  });

  it('does not move what names its own zone', async () => {
    expect(await ofText(workspace, INSTANT, '2024-05-01T10:00:00+02:00', 'Asia/Tokyo')).toBe('2024-05-01T08:00:00Z');
    expect(await ofText(workspace, INSTANT, '2024-05-01T10:00:00Z', 'Asia/Tokyo')).toBe('2024-05-01T10:00:00Z');
  });

  it('decides the day and the wall-clock time of an instant', async () => {
    const instant = { type: 'TIMESTAMP WITH TIME ZONE', values: ["'2024-05-01 20:00:00+00'"] };
    expect(await canonical(workspace, DATE, instant, 'Asia/Tokyo')).toEqual(['2024-05-02']);
    expect(await canonical(workspace, DATE, instant, 'America/New_York')).toEqual(['2024-05-01']);
    expect(await canonical(workspace, WALL, instant, 'Asia/Tokyo')).toEqual(['2024-05-02T05:00:00']);
    expect(await ofText(workspace, WALL, '2024-05-01T20:00:00Z', 'Asia/Tokyo')).toBe('2024-05-02T05:00:00');
  });

  it('makes the beginning of a day there of a date', async () => {
    expect(await canonical(workspace, INSTANT, { type: 'DATE', values: ["'2024-05-01'"] }, 'Asia/Tokyo')).toEqual(['2024-04-30T15:00:00Z']);
  });

  it('makes a time unreadable that it moves out of the range, and nothing else', async () => {
    const values = ["'290309-12-22 (BC) 00:00:00'", "'2024-05-01 00:00:00'"];
    expect(await canonical(workspace, INSTANT, { type: 'TIMESTAMP', values }, 'Asia/Tokyo')).toEqual([null, '2024-04-30T15:00:00Z']);
  });
});

const script = `
  import { openBench } from './test/canonical/bench.ts';
  import { timeTrips } from './test/canonical/time-trips.ts';
  await using bench = await openBench();
  process.stdout.write(new Date(2024, 0, 1).getTimezoneOffset() + '\\n' + JSON.stringify(await timeTrips(bench)));`;

describe('the zone of the process', () => {
  it.each([
    ['Asia/Tokyo', -540],
    ['America/New_York', 300],
    ['UTC', 0],
  ])('%s changes nothing', async (TZ, offset) => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: new URL('../..', import.meta.url),
      env: { ...process.env, TZ },
      maxBuffer: 1 << 26,
    });
    const [seen, result] = stdout.split('\n', 2);
    expect(Number(seen)).toBe(offset);
    expect(JSON.parse(result ?? '')).toEqual(await timeTrips(workspace));
  });
});
