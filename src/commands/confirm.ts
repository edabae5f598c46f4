/** Asks before something that cannot be taken back. */
import { UserError } from '../errors.ts';
import type { Invocation } from './invocation.ts';
import type { Shell } from './shell.ts';

/** True when `--yes` was typed or a person answers yes. Throws `UserError` when nobody can be asked. */
export async function confirm(shell: Shell, options: Invocation['options'], question: string): Promise<boolean> {
  if (options.yes === true) return true;
  if (shell.host.ask === null || shell.options.json) throw new UserError('this needs an answer', { hint: `${question} Add --yes.` });
  shell.end();
  const answer = await shell.host.ask(`${shell.redact(question)} Only 'yes' is accepted: `);
  if (answer.trim() === 'yes') return true;
  shell.tell('Nothing was done.');
  return false;
}
