/** What Salesforce says and what the network does, as our errors, chosen by who has to act. No message holds a secret. */
import { TransientError, UserError } from '../errors.ts';

/** A refusal that is about the request, not about the session: the caller knows what it means. */
export class SalesforceError extends UserError {
  /** HTTP status. */
  readonly status: number;
  /** `errorCode` of the reply: `INVALID_FIELD`; `MULTIPLE_CHOICES` when several records match (status 300). */
  readonly code: string;
  /** API names of the fields that the reply blames. */
  readonly fields: readonly string[];

  constructor(refusal: { status: number; code: string; message: string; fields?: readonly string[] }) {
    super(refusal.message, { hint: `Salesforce calls it ${refusal.code} (HTTP ${refusal.status}).` });
    this.status = refusal.status;
    this.code = refusal.code;
    this.fields = refusal.fields ?? [];
  }
}

/** The request went out and no answer came back: what it asked for may have happened or not. */
export class LostReplyError extends TransientError {}
