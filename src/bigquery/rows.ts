/** Pages of rows become a table of the workspace: exact text, one page in memory at a time. */
import { ident } from '../workspace/quote.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { cellText, type Row } from './types.ts';

/** Makes the temporary table with a column of text for each name, and fills it. Returns the number of rows. */
export async function loadPages(
  workspace: Workspace,
  into: string,
  names: readonly string[],
  pages: AsyncIterable<readonly Row[]>,
): Promise<number> {
  await workspace.run(`CREATE OR REPLACE TEMP TABLE ${ident(into)} (${names.map((name) => `${ident(name)} VARCHAR`).join(', ')})`);
  const appender = await workspace.connection.createAppender(into, 'main', 'temp');
  let count = 0;
  try {
    for await (const rows of pages) {
      for (const { f } of rows) {
        for (let index = 0; index < names.length; index += 1) {
          const text = cellText(f[index]?.v);
          if (text === null) appender.appendNull();
          else appender.appendVarchar(text);
        }
        appender.endRow();
      }
      count += rows.length;
      appender.flushSync();
    }
  } finally {
    appender.closeSync();
  }
  return count;
}
