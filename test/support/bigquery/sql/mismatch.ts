/** Types that are not compared with each other. */

/** Types of a family are. */
function family(type: string): string {
  if (type === 'DATE' || type === 'TIMESTAMP') return 'DATE';
  if (/^(BIGINT|INTEGER|HUGEINT|U?(BIG|TINY|SMALL)?INT|DOUBLE|FLOAT|BIGNUM|DECIMAL.*)$/.test(type)) return 'NUMBER';
  return ['VARCHAR', 'BLOB', 'BOOLEAN', 'JSON', 'TIMESTAMP WITH TIME ZONE', 'TIME'].includes(type) ? type : 'ANY';
}

const NAMES: Readonly<Record<string, string>> = {
  VARCHAR: 'STRING',
  BIGINT: 'INT64',
  INTEGER: 'INT64',
  HUGEINT: 'INT64',
  DOUBLE: 'FLOAT64',
  BOOLEAN: 'BOOL',
  BLOB: 'BYTES',
  BIGNUM: 'BIGNUMERIC',
  TIMESTAMP: 'DATETIME',
  'TIMESTAMP WITH TIME ZONE': 'TIMESTAMP',
};

/** BigQuery's name of one of DuckDB's types. */
export function nameOf(type: string): string {
  return NAMES[type] ?? (type.startsWith('DECIMAL') ? 'NUMERIC' : type);
}

/** BigQuery's error for a comparison; null: it may be made. `place` is the operator, `!` if a side is a text literal, and the position. */
export function mismatch(left: string, right: string, place: string): string | null {
  const [one, other] = [family(left), family(right)];
  const literal = /[!]at /.test(place) && (left === 'VARCHAR' || right === 'VARCHAR');
  const fits = one === other || one === 'ANY' || other === 'ANY' || (literal && [one, other].some((side) => /^(DATE|TIME)/.test(side)));
  if (fits) return null;
  const [operator = '=', where = ''] = place.split(/[! ](?=at )/);
  const types = [nameOf(left), nameOf(right)];
  return `No matching signature for operator ${operator} for argument types: ${types.join(', ')}
  Signature: T1 ${operator} T1
    Unable to find common supertype for templated argument <T1>
      Input types for <T1>: {${types.toSorted().join(', ')}} ${where}`;
}
