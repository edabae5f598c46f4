/** Rejects for people: grouped by code and field, with the first examples. */
import { PLANNED_REJECTS, type RejectGroup } from '../plan/document.ts';
import { visible } from './escape.ts';
import { count, keyText } from './format.ts';

const EXAMPLES = 3;

/** Every group on lines of its own: what and how many, then the first records. */
export function rejectLines(groups: readonly RejectGroup[]): readonly string[] {
  return groups.flatMap((group) => groupLines(group));
}

function groupLines(group: RejectGroup): readonly string[] {
  const name = [group.code, group.field]
    .filter((part) => part !== null)
    .map((part) => visible(part))
    .join(' ');
  const number = group.count === 1 ? '' : `${count(group.known)} `;
  const known = group.known > 0 ? ` (${number}known${waitsFor(group.code)})` : '';
  const [first] = group.examples;
  if (first === undefined) return [`${name} ${count(group.count)}${known}`];
  if (group.count === 1) return [`${name}: ${visible(first.message)} (key ${keyText(first.key)})${known}`];
  const shown = group.examples.slice(0, EXAMPLES);
  const left = group.count - shown.length;
  return [
    `${name} ${count(group.count)}${known}`,
    ...shown.map((example) => `  key ${keyText(example.key)}: ${visible(example.message)}`),
    ...(left > 0 ? [`  ... ${count(left)} more`] : []),
  ];
}

/** What a plan finds is looked at by every plan; what the destination refused is not sent again. */
function waitsFor(code: string): string {
  return (PLANNED_REJECTS as readonly string[]).includes(code) ? ' from an earlier run' : ', not sent again until the row changes';
}
