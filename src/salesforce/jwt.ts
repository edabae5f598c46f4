/** The assertion of the JWT bearer flow: https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_jwt_flow.htm */
import { sign } from 'node:crypto';

import type { Auth } from './options.ts';

/** Salesforce takes no assertion that holds for longer than three minutes. */
const LIFETIME_SECONDS = 180;

/** Signed with RS256. `now` in milliseconds since 1970. */
export function assertion(auth: Auth & { readonly type: 'jwt' }, now: number): string {
  const claims = { iss: auth.clientId, sub: auth.username, aud: auth.audience, exp: Math.floor(now / 1000) + LIFETIME_SECONDS };
  const text = `${encoded({ alg: 'RS256' })}.${encoded(claims)}`;
  return `${text}.${sign('RSA-SHA256', Buffer.from(text), auth.privateKey.key).toString('base64url')}`;
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
