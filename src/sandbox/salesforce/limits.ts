/** The day's quota of API calls, and `/limits`. */
import type { Route } from './call.ts';
import { json } from './reply.ts';

/** Set `used` or `max` at any time. */
export class Quota {
  max: number;
  used = 0;

  constructor(max: number) {
    this.max = max;
  }

  /** `api-usage=18/15000` */
  get header(): string {
    return `api-usage=${this.used}/${this.max}`;
  }
}

/** Allotments that no request here uses up. */
const OTHERS: Readonly<Record<string, number>> = {
  DailyAsyncApexExecutions: 250_000,
  DailyBulkApiBatches: 15_000,
  DailyBulkV2QueryFileStorageMB: 976_562,
  DailyBulkV2QueryJobs: 10_000,
  DataStorageMB: 1_024,
  FileStorageMB: 1_024,
};

export const limitRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/limits',
    kind: 'limits',
    handle: ({ state: { quota } }) => {
      const others = Object.entries(OTHERS).map(([name, max]) => [name, { Max: max, Remaining: max }]);
      return json({ DailyApiRequests: { Max: quota.max, Remaining: Math.max(0, quota.max - quota.used) }, ...Object.fromEntries(others) });
    },
  },
];
