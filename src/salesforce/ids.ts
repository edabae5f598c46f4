/** Ids of records: 15 characters that tell upper from lower case, or 18 that need not. */

const CHECKSUM = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';

/** The 18-character form of an id of 15: three characters more, each of which says which of five are capitals. */
export function id18(id: string): string {
  if (id.length !== 15) return id;
  const bits = [0, 5, 10].map((start) => {
    const capitals = [...id.slice(start, start + 5)].map((character, place) => (/[A-Z]/.test(character) ? 2 ** place : 0));
    return capitals.reduce((sum, value) => sum + value, 0);
  });
  return id + bits.map((index) => CHECKSUM.charAt(index)).join('');
}
