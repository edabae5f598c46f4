/** Salesforce puts session ids into some of its messages; they are secrets that no document mentions. */

/** Session ids (`00D...!...`), assertions and JWT sessions (`eyJ...`), refresh tokens (`5Aep...`). */
const TOKENS = /\b00D[A-Za-z0-9]{9,15}![\w.]+|\beyJ[\w-]+\.[\w-]+(\.[\w-]+)?|\b5Aep[\w.]{20,}/g;

export function withoutTokens(text: string): string {
  return text.replace(TOKENS, '***');
}
