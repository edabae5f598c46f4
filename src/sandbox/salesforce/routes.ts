/** Every address below `/services/data/vNN.0` that the sandbox answers. */
import { bulkIngestRoutes } from './bulk-ingest.ts';
import { bulkQueryRoutes } from './bulk-query.ts';
import type { Route } from './call.ts';
import { collectionRoutes } from './collections.ts';
import { compositeRoutes } from './composite.ts';
import { describeRoutes } from './describe-routes.ts';
import { limitRoutes } from './limits.ts';
import { queryRoutes } from './query.ts';
import { recordRoutes } from './sobjects.ts';

export const routes: readonly Route[] = [
  ...describeRoutes,
  ...recordRoutes,
  ...collectionRoutes,
  ...compositeRoutes,
  ...queryRoutes,
  ...bulkQueryRoutes,
  ...bulkIngestRoutes,
  ...limitRoutes,
];
