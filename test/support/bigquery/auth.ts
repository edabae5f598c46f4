/** Who may call: nobody is asked, or a token is wanted that this server's own token endpoint gave out (workload identity federation). */
import { ApiError } from './errors.ts';
import type { Call, Reply } from './world.ts';

/** What STS takes: https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token */
const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';

export class Tokens {
  readonly #required: boolean;
  readonly #given = new Set<string>();
  /** Tokens of the identity provider that were exchanged, oldest first. */
  readonly subjects: string[] = [];

  constructor(required: boolean) {
    this.#required = required;
  }

  /** Forgets all tokens: what was given out is refused from now on. */
  expire(): void {
    this.#given.clear();
  }

  /** `POST /v1/token`. */
  exchange(call: Call): Reply {
    const form = new URLSearchParams(call.body.toString('utf8'));
    const subject = form.get('subject_token') ?? '';
    if (form.get('grant_type') !== GRANT) return refused('unsupported_grant_type', `Invalid grant_type: ${String(form.get('grant_type'))}`);
    if (subject === '' || form.get('audience') === null) return refused('invalid_request', 'Missing subject_token or audience');
    if (subject.startsWith('bad')) return refused('invalid_grant', 'The given credential is rejected by the attribute condition.');
    this.subjects.push(subject);
    const token = `ya29.federated-${this.subjects.length}`;
    this.#given.add(token);
    const issued = 'urn:ietf:params:oauth:token-type:access_token';
    return { body: { access_token: token, issued_token_type: issued, token_type: 'Bearer', expires_in: 3600 } };
  }

  check(authorization: string | undefined): void {
    if (!this.#required) return;
    const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1];
    if (token !== undefined && this.#given.has(token)) return;
    const message =
      token === undefined
        ? 'Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential.'
        : 'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.';
    const place = { code: 401, location: 'Authorization', locationType: 'header' };
    throw new ApiError(token === undefined ? 'required' : 'authError', message, place);
  }
}

function refused(error: string, description: string): Reply {
  return { status: 400, body: { error, error_description: description } };
}

/** The credentials file that Google's GitHub action writes, pointed at this server; the subject token is read from a file. */
export function externalAccount(url: string, subjectTokenFile: string): Readonly<Record<string, unknown>> {
  return {
    type: 'external_account',
    audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github/providers/github',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `${url}/v1/token`,
    credential_source: { file: subjectTokenFile },
  };
}
