/** What a handler answers, and the refusals Salesforce words in JSON. */

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON value, or text of a named type that may come in pieces; undefined: no body. */
  readonly body?: { readonly json: unknown } | { readonly type: string; readonly text: string | Buffer | AsyncIterable<string | Buffer> };
}

export function json(value: unknown, status = 200): Reply {
  return { status, body: { json: value } };
}

export function text(type: string, content: string | Buffer | AsyncIterable<string | Buffer>, headers: Record<string, string> = {}): Reply {
  return { status: 200, headers, body: { type, text: content } };
}

export function noContent(): Reply {
  return { status: 204 };
}

/** A refusal of a whole request: `[{ errorCode, message, fields? }]`. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly code: string;
  readonly fields: readonly string[] | undefined;

  constructor(status: number, code: string, message: string, fields?: readonly string[]) {
    super(message);
    this.status = status;
    this.code = code;
    this.fields = fields;
  }

  reply(): Reply {
    const error = { message: this.message, errorCode: this.code, ...(this.fields === undefined ? {} : { fields: this.fields }) };
    return json([error], this.status);
  }
}

/** A request that Salesforce may well understand and this sandbox does not. */
export function unknownToSandbox(what: string): Refusal {
  return new Refusal(501, 'NOT_IN_SANDBOX', `The sandbox does not know ${what}.`);
}

export function notFound(): Refusal {
  return new Refusal(404, 'NOT_FOUND', 'The requested resource does not exist');
}

/**
 * A number as the JSON answers of Salesforce write it: the text stays as it is (`24.0`, `3.5E8`), which `JSON.stringify` of a
 * JavaScript number cannot do.
 */
export function rawNumber(number: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(number);
}
