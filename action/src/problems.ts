/** Problems as annotations: GitHub shows them beside the lines of the pull request. */
import * as core from '@actions/core';

import { markdownCode as code, markdownText as text } from '../../src/report/markdown-escape.ts';
import type { PlanDocument, ProblemDocument } from './documents.ts';

export function annotate(problems: readonly ProblemDocument[]): void {
  for (const { message, where, hint } of problems) {
    core.error(hint === null ? message : `${message}\n${hint}`, { title: 'Sluice', ...placeOf(where) });
  }
}

/** `syncs/accounts.yaml:12:3`. A Windows path has a colon of its own. */
function placeOf(where: string | null): core.AnnotationProperties {
  const match = /^(.+):(\d+):(\d+)$/.exec(where ?? '');
  if (match === null) return {};
  return { file: match[1] ?? '', startLine: Number(match[2]), startColumn: Number(match[3]) };
}

/** Syncs that could not be planned. */
export function problemsOf(document: PlanDocument): readonly ProblemDocument[] {
  return document.syncs.flatMap(({ name, error }) => (error === null ? [] : [{ ...error, message: `${name}: ${error.message}` }]));
}

/** A comment or a summary has room for so many. */
const SHOWN = 50;

export function problemsMarkdown(title: string, problems: readonly ProblemDocument[]): string {
  const lines = problems.slice(0, SHOWN).map(({ message, where, hint }) => {
    const place = where === null ? '' : `${code(where)}: `;
    return `- ${place}${text(message)}${hint === null ? '' : `<br>${text(hint)}`}`;
  });
  const more = problems.length > SHOWN ? [`- and ${problems.length - SHOWN} more`] : [];
  return `## ${title}\n\n${[...lines, ...more].join('\n')}\n`;
}
