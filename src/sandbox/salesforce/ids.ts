/** Record ids: 15 characters that tell case apart, and 3 more that say which of them are capitals. */

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const CHECKSUM = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';
const ID = /^[0-9A-Za-z]{15}(?:[0-9A-Z]{3})?$/i;

/** The 18-character form of an id that the API was given; undefined: no id at all, or one whose last 3 characters do not fit. */
export function toId18(text: string): string | undefined {
  if (!ID.test(text)) return undefined;
  if (text.length === 18) return undoCase(text);
  return text + checksum(text);
}

/** The `n`th id of an object: key prefix, a made-up instance, and a counter to the base of 62. */
export function makeId(keyPrefix: string, n: number): string {
  let rest = n;
  let counter = '';
  while (counter.length < 9) {
    counter = (DIGITS[rest % 62] ?? '0') + counter;
    rest = Math.floor(rest / 62);
  }
  const id15 = `${keyPrefix}SB0${counter}`;
  return id15 + checksum(id15);
}

/** 18 characters name a record in whatever case they come: the last 3 say which of the others are capitals. */
function undoCase(text: string): string | undefined {
  let id15 = '';
  for (const [part, char] of [...text.slice(15).toUpperCase()].entries()) {
    const bits = CHECKSUM.indexOf(char);
    if (bits < 0) return undefined;
    for (let at = 0; at < 5; at += 1) {
      const own = text.charAt(part * 5 + at);
      const capital = (bits & (1 << at)) !== 0;
      if (capital && !/[a-z]/i.test(own)) return undefined;
      id15 += capital ? own.toUpperCase() : own.toLowerCase();
    }
  }
  return id15 + text.slice(15).toUpperCase();
}

function checksum(id15: string): string {
  let suffix = '';
  for (let part = 0; part < 3; part += 1) {
    let bits = 0;
    for (let at = 0; at < 5; at += 1) if (/[A-Z]/.test(id15.charAt(part * 5 + at))) bits |= 1 << at;
    suffix += CHECKSUM.charAt(bits);
  }
  return suffix;
}
