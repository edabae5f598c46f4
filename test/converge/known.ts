/** What state remembers of a sync, by the names of the model. */
import type { State } from '../../src/state/state.ts';
import type { Workspace } from '../../src/workspace/workspace.ts';
import type { Crm } from './crm.ts';
import { type BaseRow, FIELDS } from './model.ts';

/** State of one sync: the records that it knows, and how many of them are on their way. */
export interface Known {
  readonly base: Readonly<Record<string, BaseRow>>;
  readonly pending: number;
}

export async function readBase(
  workspace: Workspace,
  state: State,
  { sync, crm }: { readonly sync: string; readonly crm: Crm },
): Promise<Known> {
  const { records } = await state.attach(workspace, sync);
  const rows = await workspace.rows(`SELECT key, sent, left_at IS NOT NULL AS gone, pending IS NOT NULL AS pending FROM ${records} AS r`);
  const known = rows.filter((row) => typeof row['sent'] === 'string');
  const base = known.map((row): [string, BaseRow] => [
    (JSON.parse(String(row['key'])) as string[])[0] ?? '',
    { sent: inModel(crm, JSON.parse(String(row['sent'])) as Record<string, string | null>), left: row['gone'] === true },
  ]);
  return { base: Object.fromEntries(base), pending: rows.filter((row) => row['pending'] === true).length };
}

/** Values by the model's names of their fields. */
function inModel(crm: Crm, sent: Readonly<Record<string, string | null>>): BaseRow['sent'] {
  const values = FIELDS.map((field): [string, string | null | undefined] => [field, sent[crm.field(field)]]);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}
