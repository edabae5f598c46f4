/**
 * Why the token endpoint says no, in words that tell what to do. Its own words are few and some mislead: an assertion that
 * is too old is an "expired authorization code" (https://github.com/simple-salesforce/simple-salesforce/issues/371).
 */
import { UserError } from '../errors.ts';
import type { Auth, ClientOptions } from './options.ts';
import { apiErrorOf, type Refused } from './refusal.ts';

const NEW_CERTIFICATE = 'Make a new key and certificate, upload the certificate to the app, and use the key as `auth.private_key`.';

/** Beyond this, an assertion that holds for three minutes is too old or too far ahead. Milliseconds. */
const CLOCK_TOLERANCE = 120_000;

export function loginRefusal(refused: Refused, options: ClientOptions): UserError {
  const { code, message } = apiErrorOf(refused.reply);
  const { name, location, auth, loginUrl } = options;
  const skew = clockSkew(refused);
  if (auth.type === 'jwt' && /expired|assertion/i.test(message) && skew !== undefined) {
    return new UserError(`${name}: this machine's clock is ${skew} Salesforce's: assertions that it signs do not hold`, {
      location,
      hint: 'Let it keep time by the network (NTP).',
    });
  }
  if (auth.type === 'jwt' && auth.privateKey.expired !== undefined && /expired|assertion|certificate/i.test(message)) {
    return new UserError(`${name}: the certificate of the app expired on ${auth.privateKey.expired}: ${message} (${code})`, {
      location,
      hint: NEW_CERTIFICATE,
    });
  }
  const reason = REASONS.find(({ is, of }) => is.test(`${code} ${message}`) && (of === undefined || of.includes(auth.type)));
  const what = reason === undefined ? 'Salesforce refuses the login' : reason.what(auth);
  const hint = reason === undefined ? `Check \`auth\` and \`login_url\` (${loginUrl}); Setup, Login History says more.` : reason.hint;
  return new UserError(`${name}: ${what}: ${message} (${code})`, { location, hint });
}

/** `7 minutes ahead of`; undefined when the clocks agree well enough, or when there is no telling. */
function clockSkew({ reply, now }: Refused): string | undefined {
  const theirs = Date.parse(reply.headers['date'] ?? '');
  const ahead = now - theirs;
  if (Number.isNaN(ahead) || Math.abs(ahead) <= CLOCK_TOLERANCE) return undefined;
  return `${Math.round(Math.abs(ahead) / 60_000)} minutes ${ahead > 0 ? 'ahead of' : 'behind'}`;
}

interface Reason {
  /** Of `error error_description`. */
  readonly is: RegExp;
  /** Only for these ways to log in. */
  readonly of?: readonly Auth['type'][];
  readonly what: (auth: Auth) => string;
  readonly hint: string;
}

/** The first that fits. */
const REASONS: readonly Reason[] = [
  {
    is: /app_blocked|blocked by admin|app must be installed|invalid_app_access|not admin approved|app_access_denied|ec_app_not_found/i,
    what: () => 'the app is blocked in the org, or not allowed for this user',
    hint: "An administrator can allow it: Setup, Connected Apps OAuth Usage (unblock or install), and the app's policies: permitted users, with a profile or permission set of this user.",
  },
  {
    is: /ip restricted|restricted (ip|domain|time)|outside.*(hours|ip)/i,
    what: () => 'the org does not let the user in from this address or at this time',
    hint: 'Look at the login IP ranges and login hours of the profile, and at the IP relaxation of the app.',
  },
  {
    is: /certificate/i,
    of: ['jwt'],
    what: () => 'the certificate of the app does not hold',
    hint: NEW_CERTIFICATE,
  },
  {
    is: /hasn't approved this consumer|not approved/i,
    what: (auth) => `${'username' in auth ? `"${auth.username}"` : 'the user'} may not use the app, or is not known at this login URL`,
    hint: 'Let administrators pre-authorise the app for a profile or permission set of the user; a sandbox needs login_url: https://test.salesforce.com and its own user name.',
  },
  {
    is: /audience/i,
    of: ['jwt'],
    what: (auth) => `the assertion is for ${'audience' in auth ? auth.audience : 'another login URL'}, and the org is not there`,
    hint: 'Write login_url: https://test.salesforce.com for a sandbox, https://login.salesforce.com else, or set `auth.audience`.',
  },
  {
    is: /expired authorization code|assertion.*expired|expired.*assertion/i,
    of: ['jwt'],
    what: () => 'Salesforce takes the assertion for too old',
    hint: "Is this machine's clock right, by the network (NTP)? Does the certificate of the app still hold?",
  },
  {
    is: /invalid assertion|signature/i,
    of: ['jwt'],
    what: () => 'the key does not belong to the certificate of the app, or the certificate expired',
    hint: 'Upload the certificate of `auth.private_key` to the app (digital signatures), or use the key of the one that is there.',
  },
  {
    is: /inactive_(user|org)|inactive (user|organization)|user is (locked|frozen)/i,
    what: () => 'the user or the org is not active',
    hint: 'An administrator can activate it.',
  },
  {
    is: /expired access\/refresh token|token.*(expired|revoked)|invalid refresh/i,
    what: () => 'the refresh token was revoked or has expired',
    hint: "Approve the app again and put the new token in; the app's refresh token policy says how long it holds.",
  },
  {
    is: /no client credentials user|not enabled.*client credentials/i,
    what: () => 'the app has no user to run as',
    hint: 'Set one in the policies of the app: client credentials flow, run as.',
  },
  {
    is: /request not supported on this domain|not supported on this domain/i,
    what: () => 'this login URL does not serve this way to log in',
    hint: 'client_credentials needs the My Domain of the org as `login_url`: https://acme.my.salesforce.com.',
  },
  {
    is: /invalid_client_id|client identifier/i,
    what: () => 'the app is not known here',
    hint: 'Correct `auth.client_id`, or `login_url`: a new app is known after some minutes.',
  },
  {
    is: /invalid_client\b|invalid client credentials/i,
    what: () => 'the secret of the app is wrong',
    hint: 'Correct `auth.client_secret`.',
  },
  {
    is: /unsupported_grant_type|grant type|invalid_grant_type/i,
    what: (auth) => `the app does not allow ${auth.type}`,
    hint: 'Turn the flow on in the OAuth settings of the app, or choose another `auth.type`.',
  },
  {
    is: /api.*(disabled|not enabled)|rest api/i,
    what: () => 'the API is off for this user or org',
    hint: 'Give the user the permission "API Enabled" (profile or permission set).',
  },
];
