/** Who is logged in, and where. */
import { UserError } from '../errors.ts';
import { SalesforceError } from './errors.ts';
import { id18 } from './ids.ts';
import type { Login } from './login.ts';
import type { Identity, Request } from './request.ts';

interface Asked {
  readonly orgId: string | undefined;
  readonly userId: string | undefined;
  readonly username: string | undefined;
}

/** What the login did not tell is asked for. */
export async function identityOf(login: Login, json: <T>(request: Request) => Promise<T>): Promise<Identity> {
  const { orgId, userId, username, instanceUrl } = login;
  if (orgId !== undefined && userId !== undefined && username !== undefined) return { orgId, userId, username, instanceUrl };
  const asked = await askWho(json);
  const org = orgId ?? asked.orgId ?? (await askOrg(json));
  if (org === undefined) throw new UserError('Salesforce does not tell which org this is');
  const user = userId ?? asked.userId ?? '';
  return { orgId: org, userId: user, username: username ?? asked.username ?? (user === '' ? 'this user' : user), instanceUrl };
}

/** An app without the scopes `id` or `openid` is not told: 403, whatever the session. */
async function askWho(json: <T>(request: Request) => Promise<T>): Promise<Asked> {
  try {
    const info = await json<Readonly<Record<string, unknown>>>({ method: 'GET', path: '/services/oauth2/userinfo', essential: true });
    return { orgId: idIn(info['organization_id']), userId: idIn(info['user_id']), username: textIn(info['preferred_username']) };
  } catch (error) {
    if (!(error instanceof SalesforceError)) throw error;
    return { orgId: undefined, userId: undefined, username: undefined };
  }
}

async function askOrg(json: <T>(request: Request) => Promise<T>): Promise<string | undefined> {
  const path = `/query?q=${encodeURIComponent('SELECT Id FROM Organization')}`;
  const { records } = await json<{ readonly records: readonly { readonly Id: string }[] }>({ method: 'GET', path, essential: true });
  return idIn(records[0]?.Id);
}

function idIn(value: unknown): string | undefined {
  const text = textIn(value);
  return text === undefined ? undefined : id18(text);
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
