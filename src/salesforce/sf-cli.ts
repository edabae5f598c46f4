/** The login of the Salesforce CLI on this machine. */
import { execFile } from 'node:child_process';

import type { Context } from '../context.ts';
import { type Location, UserError } from '../errors.ts';
import { withoutTokens } from './mask.ts';

export interface CliLogin {
  readonly accessToken: string;
  readonly instanceUrl: string;
  readonly username: string;
  readonly orgId: string;
}

interface Where {
  readonly name: string;
  readonly location: Location;
  readonly targetOrg: string | undefined;
}

const TIMEOUT_MS = 60_000;
const LOGIN_HINT = 'Log in: sf org login web --alias NAME, and write `target_org: NAME`.';

/**
 * Since May 2026 `sf org display` hides the token and another command shows it
 * (https://github.com/salesforcecli/plugin-org/pull/1667); older ones have no other command. Both renew a session that ended.
 */
export async function cliLogin(where: Where, env: Context['env'], signal: AbortSignal | undefined): Promise<CliLogin> {
  const sf = async (args: readonly string[]): Promise<unknown> =>
    resultOf(args, where, await run(sfCommand(args, where, process.platform), env, signal));
  const org = where.targetOrg === undefined ? [] : ['--target-org', where.targetOrg];
  const shown = (await sf(['org', 'display', '--json', ...org])) as Readonly<Record<string, unknown>>;
  const token = tokenIn(shown) ?? tokenIn(await sf(['org', 'auth', 'show-access-token', '--json', '--no-prompt', ...org]));
  if (token === undefined) throw new UserError(`${where.name}: sf does not show its token`, { location: where.location, hint: LOGIN_HINT });
  return {
    accessToken: token,
    instanceUrl: textIn(shown['instanceUrl']),
    username: textIn(shown['username']),
    orgId: textIn(shown['id']),
  };
}

/** A word about hiding it stands where the token was. */
function tokenIn(result: unknown): string | undefined {
  const value = typeof result === 'object' && result !== null ? (result as Readonly<Record<string, unknown>>)['accessToken'] : result;
  return typeof value === 'string' && /^[\w.!-]{30,}$/.test(value) ? value : undefined;
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

interface Ran {
  readonly failure: Error | undefined;
  readonly stdout: string;
}

export interface SfCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly shell: boolean;
}

/** What a shell gives no meaning: aliases and user names are of it. */
const PLAIN = /^[\w.@+-]+$/;

/** On Windows `sf` is a batch file, which only a shell starts: there, nothing that a shell could read goes into the line. */
export function sfCommand(
  args: readonly string[],
  { name, location }: Pick<Where, 'name' | 'location'>,
  platform: NodeJS.Platform,
): SfCommand {
  if (platform !== 'win32') return { file: 'sf', args, shell: false };
  if (args.every((arg) => PLAIN.test(arg))) return { file: ['sf', ...args].join(' '), args: [], shell: true };
  const hint = 'Write a user name, or give the org an alias of letters, digits, - and _: sf alias set NAME=USERNAME.';
  throw new UserError(`${name}: \`auth.target_org\` has characters that a Windows shell would read`, { location, hint });
}

/** With colours, what it writes would be no JSON. Throws the signal's reason when it was aborted. */
async function run({ file, args, shell }: SfCommand, env: Context['env'], signal: AbortSignal | undefined): Promise<Ran> {
  const options = { env: { ...env, NO_COLOR: '1', FORCE_COLOR: '0' }, timeout: TIMEOUT_MS, encoding: 'utf8' as const, signal, shell };
  const ran = await new Promise<Ran>((resolve) => {
    execFile(file, args, options, (error, stdout) => resolve({ failure: error ?? undefined, stdout }));
  });
  signal?.throwIfAborted();
  return ran;
}

/** `result` of a command that answers in JSON. */
function resultOf(args: readonly string[], { name, location }: Where, { failure, stdout }: Ran): unknown {
  if (failure !== undefined && 'code' in failure && failure.code === 'ENOENT') {
    throw new UserError(`${name}: the Salesforce CLI (sf) is not installed here, or not in PATH`, {
      location,
      hint: 'Install it, or choose another `auth.type`: jwt is the one for jobs.',
    });
  }
  const answer = parsed(stdout);
  if (failure === undefined && answer?.['result'] !== undefined) return answer['result'];
  const message = answer?.['message'];
  const why = typeof message === 'string' ? withoutTokens(message) : 'it does not answer in JSON';
  throw new UserError(`${name}: sf ${args.slice(0, 2).join(' ')} failed: ${why}`, { location, hint: LOGIN_HINT });
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
