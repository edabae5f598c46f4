/** Plans and their pages, made by the command line. */
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';

import { must, project, type TestProject } from '../../support/project.ts';

export const HOSTILE: readonly string[] = [
  `<script>document.title = 'pwned'; alert(1)</script>`,
  `</script><script>alert(2)</script>`,
  `<img src=x onerror="alert(3)">`,
  `"><svg onload=alert(4)>`,
  `' onmouseover='alert(5)`,
  `<!--<script>`,
  `]]>&lt;b&gt;`,
  `javascript:alert(6)`,
  `http://127.0.0.1:1/pixel.png`,
  `safe\u202egnp.exe`,
  `bell\u0007 null\u0001 esc\u001b[31m line\nfeed\ttab`,
  `zero\u200bwidth and \ufeffmark`,
  `{{constructor.constructor('alert(7)')()}}`,
];

/** Records of every kind, with hostile keys, names and values; the last value has a million characters. */
export async function hostileProject(report: 'masked' | 'shown'): Promise<TestProject> {
  const made = await project({
    env: { SLUICE_STATE_KEY: 'a passphrase of enough characters' },
    project: { state: { path: '../state.duckdb', key: '${env.SLUICE_STATE_KEY}' } },
    warehouse: ['CREATE TABLE account (id VARCHAR, name VARCHAR, plan VARCHAR, seats VARCHAR, phone VARCHAR)'],
    crm: ['CREATE TABLE Account (Id VARCHAR UNIQUE, Name VARCHAR, "<b>Plan" VARCHAR, Seats INTEGER, Phone VARCHAR)'],
    sync: {
      fields: {
        Name: 'name',
        '<b>Plan': { column: 'plan', on_drift: 'keep' },
        Seats: 'seats',
        Phone: { column: 'phone', sensitive: true },
      },
      guards: { updates: { percent: 100 }, rejects: { percent: 100 }, nulls: { percent: 100 } },
      report: { values: report },
    },
  });
  const rows = HOSTILE.map((text, index) => `(${sql(`K${index} ${text}`)}, ${sql(text)}, 'SMB', '1', '+49 30 ${index}')`);
  await made.warehouse(
    `INSERT INTO account VALUES ${rows.join(', ')}, ('DRIFT', 'Drifting', 'SMB', '1', '+49 40'), ('LONG', 'before', 'SMB', '1', '+49 50')`,
  );
  must(await made.run(['apply', '--yes']), 0);
  await made.warehouse(
    `UPDATE account SET name = name || ' ' || name, seats = 2, phone = '+49 99' WHERE id NOT IN ('DRIFT', 'LONG', 'NEW', 'BAD')`,
    `UPDATE account SET name = repeat('long ', 200000) || 'end' WHERE id = 'LONG'`,
    `INSERT INTO account VALUES ('NEW <b>', '<i>new</i>', 'Free', '3', '+1'), ('BAD <b>', 'bad', 'Free', 'not a number <script>alert(8)</script>', '+1')`,
  );
  await made.crm(`UPDATE Account SET "<b>Plan" = 'moved <b>' WHERE Id = 'DRIFT'`);
  return made;
}

/** A plan with so many changes: nine updates to one create. */
export async function largeProject(changes: number): Promise<TestProject> {
  const made = await project({ sync: { guards: { updates: { percent: 100 } }, report: { values: 'shown' } } });
  await made.warehouse(
    `INSERT INTO account SELECT 'A' || lpad(i::VARCHAR, 6, '0'), 'Company ' || i, ['SMB', 'Free'][1 + i % 2], i FROM range(${changes}) AS t(i)`,
  );
  await made.crm(
    `INSERT INTO Account SELECT 'A' || lpad(i::VARCHAR, 6, '0'), 'Company ' || i, 'Trial', i, NULL FROM range(${changes} // 10 * 9) AS t(i)`,
  );
  return made;
}

/** Plans and writes the page; the path of the file. */
export async function pageOf(made: TestProject, ...options: readonly string[]): Promise<string> {
  must(await made.run(['plan', '--refresh', 'all', '--out', 'plan.duckdb']), 0);
  must(await made.run(['show', 'plan.duckdb', '--format', 'html', '--out', 'page.html', ...options]), 0);
  return made.file('page.html');
}

/** Everything that the page holds, unpacked. */
export async function unpackedPage(path: string): Promise<string> {
  const text = await readFile(path, 'utf8');
  const chunks = [...text.matchAll(/<script type="application\/gzip"[^>]*>([^<]*)</g)].map(([, data]) =>
    gunzipSync(Buffer.from(data ?? '', 'base64')).toString(),
  );
  return [text, ...chunks].join('\n');
}

function sql(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
