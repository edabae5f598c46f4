/** Functions over JSON, in a JSON column or in a text. */
import { type Call, checkArity, type Translate } from './calls.ts';
import { unknownToFake } from './error.ts';
import { text } from './strings.ts';

/** A path of GoogleSQL as one of DuckDB: `$.a['b c'][0]` is `$."a"."b c"[0]`. */
function path({ name, arguments: items, where }: Call): string {
  const argument = items[1];
  if (argument === undefined) return text('$');
  if (argument.constant === undefined) throw unknownToFake(`${name} with a path that is not a literal`, where);
  const steps = argument.constant.match(/^\$|\.[\w-]+|\."(?:[^"\\]|\\.)*"|\[\s*'[^']*'\s*\]|\[\s*"[^"]*"\s*\]|\[\d+\]/g) ?? [];
  if (steps.join('') !== argument.constant) throw unknownToFake(`the JSON path ${argument.constant}`, where);
  return text(steps.map((step) => step.replace(/^\.([\w-]+)$/, '."$1"').replace(/^\[\s*['"](.*)['"]\s*\]$/, '."$1"')).join(''));
}

function over(macro: string, least = 1, most = 2): Translate {
  return (call) => {
    checkArity(call, least, most);
    return `${macro}(${call.arguments[0]?.sql}, ${path(call)})`;
  };
}

function of(macro: string, type = ''): Translate {
  return (call) => {
    checkArity(call, 1);
    return `${macro}(${call.arguments[0]?.sql})${type}`;
  };
}

export const JSON_FUNCTIONS: Readonly<Record<string, Translate>> = {
  BOOL: of('bq_json_bool'),
  FLOAT64: of('bq_json_float64'),
  INT64: of('bq_json_int64'),
  STRING: (call) =>
    call.arguments.length === 2 ? `bq_timestamp_text(${call.arguments.map((item) => item.sql).join(', ')})` : of('bq_json_string')(call),
  JSON_ARRAY: (call) =>
    `CAST('[' || array_to_string([${call.arguments.map((item) => `bq_to_json(${item.sql})`).join(', ')}]::VARCHAR[], ',') || ']' AS JSON)`,
  JSON_EXTRACT: over('bq_json_query'),
  JSON_EXTRACT_ARRAY: over('bq_json_query_array'),
  JSON_EXTRACT_SCALAR: over('bq_json_value'),
  JSON_EXTRACT_STRING_ARRAY: over('bq_json_value_array'),
  JSON_KEYS: of('json_keys'),
  JSON_QUERY: over('bq_json_query'),
  JSON_QUERY_ARRAY: over('bq_json_query_array'),
  JSON_TYPE: of('bq_json_type'),
  JSON_VALUE: over('bq_json_value'),
  JSON_VALUE_ARRAY: over('bq_json_value_array'),
  LAX_BOOL: of('bq_lax_bool'),
  LAX_FLOAT64: of('bq_lax_float64'),
  LAX_INT64: of('bq_lax_int64'),
  LAX_STRING: of('bq_lax_string'),
  PARSE_JSON: of('bq_parse_json', '::JSON'),
  TO_JSON: of('bq_to_json', '::JSON'),
  TO_JSON_STRING: (call) => {
    checkArity(call, 1, 2);
    const [value, pretty] = call.arguments;
    if (pretty !== undefined) throw unknownToFake('TO_JSON_STRING that is pretty', call.where);
    if (value?.fields === undefined || value.fields.length === 0) return `bq_to_json(${value?.sql})`;
    // The same text, and DuckDB puts it together by itself.
    const parts = value.fields.map(({ name, sql }) => `${text(`${JSON.stringify(name)}:`)} || bq_to_json(${sql})`);
    return `('{' || ${parts.join(" || ',' || ")} || '}')`;
  },
};
