/** What the doctor found, for people. */
import type { Paint } from './colour.ts';
import { displayWidth, padEnd, visible } from './escape.ts';
import { plural } from './format.ts';

export interface Finding {
  /** What was looked at: `crm (destination)`. */
  readonly on: string;
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly hint: string | null;
}

export function renderFindings(findings: readonly Finding[], paint: Paint): string {
  const width = (select: (finding: Finding) => string): number =>
    Math.max(0, ...findings.map((finding) => displayWidth(visible(select(finding)))));
  const [on, check] = [width((finding) => finding.on), width((finding) => finding.check)];
  const lines = findings.flatMap((finding) => {
    const mark = finding.ok ? paint.ok('ok  ') : paint.error('FAIL');
    const line = `${mark}  ${padEnd(visible(finding.on), on)}  ${padEnd(visible(finding.check), check)}  ${visible(finding.detail)}`;
    return [line.trimEnd(), ...(finding.hint === null ? [] : [`      ${visible(finding.hint)}`])];
  });
  const failed = findings.filter((finding) => !finding.ok).length;
  return `${[...lines, failed === 0 ? paint.ok('Everything works.') : paint.error(`${plural(failed, 'check')} failed.`)].join('\n')}\n`;
}
