/** Functions of texts and bytes. */

/** The n-th place, from 1, at which a text holds another, looked for from a position (from the end when negative); 0: none. */
export function position(text: string, part: string, from: number, nth: number): number {
  const points = [...text];
  const wanted = [...part];
  const matches = (index: number): boolean => wanted.every((point, offset) => points[index + offset] === point);
  const step = from < 0 ? -1 : 1;
  let found = 0;
  for (let index = from < 0 ? points.length + from : from - 1; index >= 0 && index < points.length; index += step) {
    if (!matches(index)) continue;
    found += 1;
    if (found === nth) return index + 1;
  }
  return 0;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export function toBase32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const characters = (bits.match(/.{1,5}/g) ?? []).map((five) => ALPHABET[parseInt(five.padEnd(5, '0'), 2)] ?? '');
  return characters.join('').padEnd(Math.ceil(characters.length / 8) * 8, '=');
}

export function fromBase32(text: string): Buffer {
  const bits = [...text.replace(/=+$/, '')].map((character) => {
    const value = ALPHABET.indexOf(character.toUpperCase());
    if (value === -1) throw new Error('Failed to decode invalid base32 string');
    return value.toString(2).padStart(5, '0');
  });
  return Buffer.from((bits.join('').match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
}

const CODES: Readonly<Record<string, string>> = Object.fromEntries(
  ['BFPV', 'CGJKQSXZ', 'DT', 'L', 'MN', 'R'].flatMap((letters, index) => [...letters].map((letter) => [letter, String(index + 1)])),
);

export function soundex(text: string): string {
  const letters = [...text.toUpperCase()].filter((letter) => /[A-Z]/.test(letter));
  const [first] = letters;
  if (first === undefined) return '';
  let code = first;
  let before = CODES[first] ?? '';
  for (const letter of letters.slice(1)) {
    const digit = CODES[letter] ?? '';
    if (digit !== '' && digit !== before) code += digit;
    if (letter !== 'H' && letter !== 'W') before = digit;
  }
  return code.padEnd(4, '0').slice(0, 4);
}
