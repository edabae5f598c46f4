/** A plan file as a state backend sees it: its tables `adoptions` and `rejects`. */
import { Workspace } from '../../src/workspace/workspace.ts';

export interface AdoptionRow {
  sync: string;
  kind: 'adopt' | 'rehash' | 'left' | 'forget' | 'hold' | 'settle';
  key: string;
  key_hash: string;
  remote_id?: string | null;
  sent?: string | null;
  returned?: string | null;
  row_hash?: string | null;
  live_hash?: string | null;
  origin?: 'created' | 'adopted';
  verified?: boolean;
}

export interface PlanRejectRow {
  sync: string;
  key: string | null;
  row_hash: string | null;
  code: string;
  message: string;
  field?: string | null;
  known?: boolean;
}

const ADOPTIONS = `{sync: 'VARCHAR', kind: 'VARCHAR', key: 'VARCHAR', key_hash: 'UBIGINT', remote_id: 'VARCHAR', sent: 'VARCHAR', returned: 'VARCHAR',
  row_hash: 'UBIGINT', live_hash: 'UBIGINT', origin: 'VARCHAR', verified: 'BOOLEAN'}`;
const REJECTS = `{sync: 'VARCHAR', key: 'VARCHAR', row_hash: 'UBIGINT', code: 'VARCHAR', message: 'VARCHAR', field: 'VARCHAR', known: 'BOOLEAN'}`;

export async function writePlanFile(
  path: string,
  rows: { adoptions?: readonly AdoptionRow[]; rejects?: readonly PlanRejectRow[] },
): Promise<string> {
  await using workspace = await Workspace.open();
  await workspace.attach(path, 'plan', 'write');
  for (const [table, columns, data] of [
    ['adoptions', ADOPTIONS, rows.adoptions ?? []],
    ['rejects', REJECTS, rows.rejects ?? []],
  ] as const) {
    const structure = `[${columns.replaceAll(/(\w+): '(\w+)'/g, '"$1": "$2"')}]`;
    await workspace.run(`CREATE TABLE plan.${table} AS SELECT unnest(from_json($data, $structure), recursive := true)`, {
      data: JSON.stringify(data),
      structure,
    });
  }
  await workspace.detach('plan');
  return path;
}
