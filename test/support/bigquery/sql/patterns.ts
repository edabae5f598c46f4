/** Normal forms, and regular expressions: both sides use RE2. What is found is the whole match, or the one group if the pattern has one. */
import { type Call, checkArity, type Translate } from './calls.ts';
import { invalidQuery, unknownToFake } from './error.ts';

function group({ name, arguments: items, where }: Call): number {
  const pattern = items[1]?.constant;
  if (pattern === undefined) throw unknownToFake(`${name} with a pattern that is not a literal`, where);
  const plain = pattern.replace(/\\[\s\S]|\[(?:\\[\s\S]|[^\]])*\]/g, '');
  const groups = (plain.match(/\((?!\?(?!P?<[A-Za-z]))/g) ?? []).length;
  if (groups > 1) throw invalidQuery(`Regular expressions passed into extraction functions must not have more than 1 capturing group`);
  return groups;
}

const extract: Translate = (call) => {
  checkArity(call, 2, 4);
  const [value, pattern, position, occurrence] = call.arguments.map((item) => item.sql);
  const from = position === undefined ? value : `bq_substr(${value}, ${position})`;
  return `CAST(regexp_extract_all(${from}, ${pattern}, ${group(call)})[${occurrence ?? '1'}] AS VARCHAR)`;
};

/** The form is a word, not an expression. */
function normal(macro: string): Translate {
  return (call) => {
    checkArity(call, 1, 2);
    const form = call.arguments[1]?.name ?? 'NFC';
    if (!/^NFK?[CD]$/.test(form)) throw invalidQuery(`Invalid normalization mode: ${form}`, call.where);
    return `${macro}(${call.arguments[0]?.sql}, '${form}')`;
  };
}

export const PATTERN_FUNCTIONS: Readonly<Record<string, Translate>> = {
  NORMALIZE: normal('bq_normal'),
  NORMALIZE_AND_CASEFOLD: normal('bq_folded'),
  REGEXP_CONTAINS: (call) => {
    checkArity(call, 2);
    return `regexp_matches(${call.arguments[0]?.sql}, ${call.arguments[1]?.sql})`;
  },
  REGEXP_EXTRACT: extract,
  REGEXP_SUBSTR: extract,
  REGEXP_EXTRACT_ALL: (call) => {
    checkArity(call, 2);
    return `regexp_extract_all(${call.arguments[0]?.sql}, ${call.arguments[1]?.sql}, ${group(call)})`;
  },
  REGEXP_REPLACE: (call) => {
    checkArity(call, 3);
    const [value, pattern, replacement] = call.arguments.map((item) => item.sql);
    return `regexp_replace(${value}, ${pattern}, ${replacement}, 'g')`;
  },
  REGEXP_INSTR: (call) => {
    checkArity(call, 2);
    const [value, pattern] = call.arguments.map((item) => item.sql);
    return `strpos(${value}, coalesce(regexp_extract_all(${value}, ${pattern}, ${group(call)})[1], ${value} || 'x'))`;
  },
};
