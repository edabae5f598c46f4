/** `sluice show FILE`: a saved plan as a report, record by record, or asked with SQL. */
import { resolve } from 'node:path';

import { EXIT, UserError } from '../errors.ts';
import { openPlanFile, type PlanFile } from '../plan/plan-file.ts';
import { visible } from '../report/escape.ts';
import { renderComment, renderSummary } from '../report/comment.ts';
import { jsonText } from '../report/json.ts';
import { renderMarkdown } from '../report/markdown.ts';
import { sampleLine } from '../report/sync-text.ts';
import { table } from '../report/table.ts';
import { textOption } from './arguments.ts';
import type { Invocation } from './invocation.ts';
import { outPath, shellWord, showPlan } from './planning.ts';
import type { Shell } from './shell.ts';
import { checkReplaces, type Kind, writeStream } from './write-stream.ts';

export async function show(shell: Shell, { args, options }: Invocation): Promise<number> {
  const typed = String(args[0]);
  checkPageOptions(options);
  await using file = await openPlanFile(shell.context, resolve(shell.context.cwd, typed));
  const sql = textOption(options.sql);
  const json = shell.options.json || options.format === 'json';
  if (sql !== undefined) await showQuery(shell, file, sql, json);
  else if (options.format === 'html') await showHtml(shell, file, typed, options);
  else if (options.records === true) await showRecords(shell, file, chosenSync(file, textOption(options.sync)), json);
  else if (json) await shell.printJson(file.document);
  else if (options.format === 'markdown') await shell.print(renderMarkdown(file.document));
  else if (options.format === 'comment') await shell.print(renderComment(file.document));
  else if (options.format === 'summary') await shell.print(renderSummary(file.document));
  else await showPlan(shell, file.document, typed);
  return EXIT.ok;
}

/** Options that would be passed over in silence. */
function checkPageOptions(options: Invocation['options']): void {
  if (options.format === 'html') return;
  const [first] = ['out', 'values'].filter((name) => options[name] !== undefined);
  if (first !== undefined)
    throw new UserError(`--${first} belongs to --format html`, { hint: `Add --format html, or leave --${first} out.` });
}

const REPORT: Kind = { name: 'a report', begins: (text) => /^<!doctype html>/i.test(text) };

/** To stdout or into a file, as it comes: a page may be larger than memory. */
async function showHtml(shell: Shell, file: PlanFile, typed: string, options: Invocation['options']): Promise<void> {
  const { renderHtml } = await import('../report/html/index.ts');
  const values = options.values === 'masked' || options.values === 'shown' ? options.values : undefined;
  const page = renderHtml(file, { values, planFile: shellWord(typed) });
  const out = outPath(shell, options);
  if (out === undefined) for await (const part of page) await shell.print(part);
  else {
    await checkReplaces(out, String(options.out), REPORT);
    await writeStream(out, page);
  }
}

async function showQuery(shell: Shell, file: PlanFile, sql: string, json: boolean): Promise<void> {
  const { columns, rows } = await file.query(sql);
  if (json) return shell.printJson({ columns, rows });
  await shell.print(`${table(columns, rows, { empty: 'null' })}\n`);
}

function chosenSync(file: PlanFile, name: string | undefined): string | undefined {
  const names = file.document.syncs.map((sync) => sync.name);
  if (name === undefined || names.includes(name)) return name;
  throw new UserError(`the plan has no sync "${name}"`, { hint: `It has ${names.join(', ')}.` });
}

/** As they come: a plan may hold millions. JSON is one document all the same. */
async function showRecords(shell: Shell, file: PlanFile, sync: string | undefined, json: boolean): Promise<void> {
  if (json) return writeJsonRecords(shell, file, sync);
  let heading: string | undefined;
  for await (const batch of file.records(sync)) {
    const title = batch.sync === heading ? '' : `${shell.paint.bold(visible(batch.sync))}\n`;
    heading = batch.sync;
    await shell.print(title + batch.samples.map((sample) => `  ${sampleLine(sample, shell.paint, true)}\n`).join(''));
  }
  if (heading === undefined) await shell.print('No changes.\n');
}

async function writeJsonRecords(shell: Shell, file: PlanFile, sync: string | undefined): Promise<void> {
  let separator = '[\n';
  for await (const batch of file.records(sync)) {
    for (const sample of batch.samples) {
      await shell.print(`${separator}${jsonText({ sync: batch.sync, ...sample })}`);
      separator = ',\n';
    }
  }
  await shell.print(separator === '[\n' ? '[]\n' : '\n]\n');
}
