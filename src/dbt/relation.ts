/** The table or view of a dbt model, in the SQL of the connection that reads it. */
import { dialectOf } from '../sql/of-connection.ts';
import type { DbtModel, Manifest, Trouble } from './manifest.ts';

/** The quoted name. dbt calls its adapters as Sluice calls its types of connections. */
export function relationOf(manifest: Manifest, model: DbtModel, connectionType: string): string | Trouble {
  const dialect = dialectOf(connectionType);
  if (dialect === undefined) {
    return {
      problem: `connections of type ${connectionType} hold no dbt models`,
      hint: 'Name the connection to the database that dbt builds in.',
    };
  }
  if (manifest.adapter !== connectionType) {
    const hint = 'Name a connection to the database that dbt builds in, or the manifest of the other dbt project.';
    return { problem: `dbt builds its models with ${manifest.adapter}, and the connection is of type ${connectionType}`, hint };
  }
  // The workspace attaches a DuckDB file under a name of its own: the database of the model is the file itself.
  const database = connectionType === 'duckdb' || model.database === null ? [] : [model.database];
  return dialect.qualified(...database, model.schema, model.alias);
}
