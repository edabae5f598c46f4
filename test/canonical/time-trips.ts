/** Every date and time of the samples on its way to every type of time. Run here and in processes that live in another zone. */
import type { Workspace } from '../../src/workspace/workspace.ts';
import { roundTrip, type RoundTrip } from './bench.ts';
import { RAW } from './samples.ts';

const NATIVE_TIMES = ['DATE', 'TIMESTAMP_S', 'TIMESTAMP', 'TIMESTAMP_NS', 'TIMESTAMP WITH TIME ZONE', 'VARCHAR'];

export async function timeTrips(bench: Workspace): Promise<Record<string, RoundTrip[]>> {
  const trips: Record<string, RoundTrip[]> = {};
  for (const raw of RAW.filter((each) => /^(VARCHAR|DATE|TIMESTAMP.*)$/.test(each.type))) {
    for (const native of NATIVE_TIMES) trips[`${raw.type} to ${native}`] = await roundTrip(bench, native, raw, 'Europe/Berlin');
  }
  return trips;
}
