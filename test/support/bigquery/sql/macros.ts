/**
 * DuckDB macros that behave as BigQuery's functions of that name. Where the type of an argument decides, a macro asks `typeof`, which DuckDB
 * answers while it binds; every branch must bind for every type, which casts do.
 *
 * Two ways to fail: `error`, which may not stand in TRY, and `bq_error`, which DuckDB computes ahead of time if its message is a constant.
 */
const BYTES_OF = 'CAST(x AS BLOB)';

/** `.5` becomes `.500`, `.1234` becomes `.123400`: BigQuery shows three or six digits of a second, or none. */
const FRACTION = (x: string): string => `CASE WHEN contains(${x}, '.') THEN regexp_replace(${x}, '\\.\\d+', '.' ||
  rpad(regexp_extract(${x}, '\\.(\\d+)', 1), CASE WHEN length(regexp_extract(${x}, '\\.(\\d+)', 1)) <= 3 THEN 3 ELSE 6 END, '0')) ELSE ${x} END`;

const CASTS = `
bq_error(m) AS CASE WHEN bq_fail(m) THEN NULL END;
bq_comparable(x, l, r, place) AS CASE WHEN bq_fail(bq_mismatch(l, r, place)) THEN NULL ELSE x END;
bq_trimmed(x) AS CASE WHEN contains(x, '.') THEN rtrim(rtrim(x, '0'), '.') ELSE x END;
bq_string(x) AS CASE
  WHEN typeof(x) IN ('VARCHAR', 'BIGINT', 'INTEGER', 'HUGEINT', 'DATE', 'BOOLEAN', '"NULL"', 'UBIGINT', 'UINTEGER') THEN CAST(x AS VARCHAR)
  WHEN typeof(x) IN ('TIMESTAMP WITH TIME ZONE', 'TIMESTAMP', 'TIME') THEN ${FRACTION('CAST(x AS VARCHAR)')}
  WHEN starts_with(typeof(x), 'DECIMAL') THEN bq_trimmed(CAST(x AS VARCHAR))
  WHEN typeof(x) IN ('DOUBLE', 'FLOAT') THEN bq_double_text(CAST(x AS DOUBLE))
  WHEN typeof(x) = 'BLOB' THEN decode(${BYTES_OF})
  WHEN typeof(x) = 'BIGNUM' THEN bq_big_text(CAST(x AS VARCHAR))
  WHEN typeof(x) = 'INTERVAL' THEN bq_interval_text(CAST(x AS INTERVAL))
  ELSE bq_error('Invalid cast from ' || typeof(x) || ' to STRING') END;
bq_bytes(x) AS CASE WHEN typeof(x) = 'BLOB' THEN ${BYTES_OF} ELSE encode(CAST(x AS VARCHAR)) END;
bq_whole(x) AS CASE WHEN x IS NULL THEN NULL
  WHEN regexp_full_match(trim(x), '[+-]?[0-9]+') THEN CAST(trim(x) AS BIGINT)
  WHEN regexp_full_match(trim(x), '0[xX][0-9a-fA-F]+') THEN CAST(trim(x) AS BIGINT)
  ELSE bq_error('Bad int64 value: ' || x) END;
bq_int64(x) AS CASE WHEN typeof(x) = 'VARCHAR' THEN bq_whole(CAST(x AS VARCHAR))
  WHEN typeof(x) IN ('DOUBLE', 'FLOAT') OR starts_with(typeof(x), 'DECIMAL') THEN CAST(bq_half_away(CAST(x AS VARCHAR)) AS BIGINT)
  WHEN typeof(x) = 'BOOLEAN' THEN CASE CAST(x AS VARCHAR) WHEN 'true' THEN 1::BIGINT WHEN 'false' THEN 0::BIGINT END
  WHEN typeof(x) = 'BIGNUM' THEN CAST(bq_half_away(bq_big_text(CAST(x AS VARCHAR))) AS BIGINT)
  ELSE CAST(x AS BIGINT) END;
bq_float64(x) AS CASE WHEN typeof(x) = 'VARCHAR' THEN bq_double(CAST(x AS VARCHAR))
  WHEN typeof(x) = 'BIGNUM' THEN CAST(bq_big_text(CAST(x AS VARCHAR)) AS DOUBLE) ELSE CAST(x AS DOUBLE) END;
bq_bool(x) AS CASE WHEN typeof(x) = 'VARCHAR' THEN
    CASE lower(CAST(x AS VARCHAR)) WHEN 'true' THEN true WHEN 'false' THEN false ELSE CASE WHEN x IS NULL THEN NULL ELSE bq_error('Bad bool value: ' || CAST(x AS VARCHAR)) END END
  ELSE CAST(x AS BOOLEAN) END;
bq_numeric(x) AS CASE WHEN typeof(x) IN ('BIGINT', 'INTEGER') OR starts_with(typeof(x), 'DECIMAL') THEN CAST(x AS DECIMAL(38, 9)) ELSE CAST(bq_numeric_text(CASE WHEN typeof(x) = 'BIGNUM' THEN bq_big_text(CAST(x AS VARCHAR)) ELSE CAST(x AS VARCHAR) END) AS DECIMAL(38, 9)) END;
bq_bignumeric(x) AS CAST(bq_bignumeric_text(CASE WHEN typeof(x) = 'BIGNUM' THEN bq_big_text(CAST(x AS VARCHAR)) ELSE CAST(x AS VARCHAR) END) AS BIGNUM);
bq_date(x) AS CASE WHEN typeof(x) = 'VARCHAR' THEN CAST(bq_date_text(CAST(x AS VARCHAR)) AS DATE) ELSE CAST(x AS DATE) END;
bq_datetime(x) AS CASE WHEN typeof(x) = 'VARCHAR' THEN CAST(bq_datetime_text(CAST(x AS VARCHAR)) AS TIMESTAMP)
  ELSE CAST(x AS TIMESTAMP) END;
bq_time(x) AS CASE WHEN typeof(x) = 'VARCHAR' THEN CAST(bq_time_text(CAST(x AS VARCHAR)) AS TIME)
  WHEN typeof(x) = 'TIME' THEN CAST(x AS TIME) ELSE CAST(CAST(x AS TIMESTAMP) AS TIME) END;
bq_timestamp(x) AS CASE WHEN typeof(x) = 'VARCHAR' THEN CAST(bq_timestamp_checked(CAST(x AS VARCHAR)) AS TIMESTAMPTZ) ELSE CAST(x AS TIMESTAMPTZ) END;
`;

/**
 * Of decimals a quotient is a decimal, of whole numbers a double: `list_median` is a function with just these types, and is never computed,
 * since `cast_to_type` wants no more than a type.
 */
const NUMBERS = `
bq_quotient(a, b) AS cast_to_type(a / b, list_median([a, b]));
bq_divide(a, b) AS CASE WHEN b = 0 THEN bq_error('division by zero: ' || bq_string(a) || ' / ' || bq_string(b)) ELSE bq_quotient(a, b) END;
bq_safe_divide(a, b) AS CASE WHEN b = 0 THEN NULL ELSE bq_quotient(a, b) END;
bq_round(x) AS round(x), (x, n) AS round(x, n::INTEGER);
bq_div(a, b) AS CASE WHEN b = 0 THEN bq_error('division by zero: ' || bq_string(a) || ' / ' || bq_string(b)) ELSE a // b END;
bq_mod(a, b) AS CASE WHEN b = 0 THEN bq_error('division by zero: MOD(' || bq_string(a) || ', ' || bq_string(b) || ')') ELSE a % b END;
bq_log(a) AS ln(a), (a, b) AS ln(a) / ln(b);
bq_sign(x) AS CASE WHEN x IS NULL THEN x WHEN typeof(x) IN ('DOUBLE', 'FLOAT') AND lower(CAST(x AS VARCHAR)) = 'nan' THEN x
  WHEN x > 0 THEN cast_to_type(1, x) WHEN x < 0 THEN cast_to_type(-1, x) ELSE cast_to_type(0, x) END;
bq_greatest(l) AS CASE WHEN len(list_filter(l, lambda e: e IS NULL)) > 0 THEN NULL ELSE list_max(l) END;
bq_least(l) AS CASE WHEN len(list_filter(l, lambda e: e IS NULL)) > 0 THEN NULL ELSE list_min(l) END;
`;

const STRINGS = `
bq_octets(x) AS CASE WHEN typeof(x) = 'BLOB' THEN octet_length(${BYTES_OF}) ELSE strlen(CAST(x AS VARCHAR)) END;
bq_length(x) AS CASE WHEN typeof(x) = 'BLOB' THEN octet_length(${BYTES_OF}) ELSE length(CAST(x AS VARCHAR)) END;
bq_from(s, p) AS CASE WHEN p = 0 OR p < -length(s) THEN 1 ELSE p END;
bq_substr(s, p) AS substr(s, bq_from(s, p)), (s, p, n) AS CASE WHEN n < 0 THEN error('Third argument in SUBSTR() cannot be negative') ELSE substr(s, bq_from(s, p), n) END;
bq_lpad(s, n) AS lpad(s, n::INTEGER, ' '), (s, n, p) AS lpad(s, n::INTEGER, p);
bq_rpad(s, n) AS rpad(s, n::INTEGER, ' '), (s, n, p) AS rpad(s, n::INTEGER, p);
bq_trim(s) AS regexp_replace(s, '^[\\s\\pZ]+|[\\s\\pZ]+$', '', 'g'), (s, c) AS trim(s, c);
bq_ltrim(s) AS regexp_replace(s, '^[\\s\\pZ]+', ''), (s, c) AS ltrim(s, c);
bq_rtrim(s) AS regexp_replace(s, '[\\s\\pZ]+$', ''), (s, c) AS rtrim(s, c);
bq_split(s) AS string_split(s, ','), (s, d) AS string_split(s, d);
bq_reverse(x) AS CASE WHEN typeof(x) = 'BLOB' THEN error('the fake BigQuery does not know REVERSE of BYTES') ELSE array_to_string(list_reverse(string_split(x, '')), '') END;
bq_instr(s, w) AS strpos(s, w), (s, w, p) AS bq_position(s, w, p::BIGINT, 1::BIGINT), (s, w, p, n) AS bq_position(s, w, p::BIGINT, n::BIGINT);
bq_code_points_to_bytes(l) AS unhex(array_to_string(list_transform(l, lambda p: lpad(to_hex(p), 2, '0')), ''));
bq_array_to_string(l, d) AS array_to_string(list_filter(l, lambda e: e IS NOT NULL), d),
  (l, d, n) AS array_to_string(list_transform(l, lambda e: coalesce(e, n)), d);
`;

const ARRAYS = `
bq_offset(l, i) AS CASE WHEN i < 0 OR i >= len(l) THEN error('Array index ' || i || ' is out of bounds') ELSE l[i + 1] END;
bq_ordinal(l, i) AS CASE WHEN i < 1 OR i > len(l) THEN error('Array index ' || i || ' is out of bounds') ELSE l[i] END;
bq_safe_offset(l, i) AS CASE WHEN i < 0 THEN NULL ELSE l[i + 1] END;
bq_safe_ordinal(l, i) AS CASE WHEN i < 1 THEN NULL ELSE l[i] END;
bq_array_first(l) AS CASE WHEN len(l) = 0 THEN error('ARRAY_FIRST cannot get the first element of an empty array') ELSE l[1] END;
bq_array_last(l) AS CASE WHEN len(l) = 0 THEN error('ARRAY_LAST cannot get the last element of an empty array') ELSE l[-1] END;
`;

const DATES = `
bq_range_contains(r, x) AS coalesce(x >= r."$from", true) AND coalesce(x < r."$to", true);
bq_range_overlaps(a, b) AS coalesce(a."$from" < b."$to", true) AND coalesce(b."$from" < a."$to", true);
bq_local(t, z) AS timezone(bq_zone(z), CAST(t AS TIMESTAMPTZ)) + to_seconds(bq_zone_offset(z));
bq_in_zone(t, z) AS timezone(bq_zone(z), CAST(t AS TIMESTAMP)) - to_seconds(bq_zone_offset(z));
bq_datetime_of(x, y) AS CASE WHEN typeof(x) = 'DATE' THEN CAST(CAST(x AS VARCHAR) || ' ' || CAST(y AS VARCHAR) AS TIMESTAMP)
  ELSE bq_local(CAST(CAST(x AS VARCHAR) AS TIMESTAMPTZ), CAST(y AS VARCHAR)) END;
bq_time_trunc(p, t) AS CAST(date_trunc(p, DATE '2000-01-01' + t) AS TIME);
bq_unix_date(d) AS CAST(epoch_us(CAST(d AS TIMESTAMP)) // 86400000000 AS BIGINT);
bq_date_from_unix(n) AS CAST(DATE '1970-01-01' + n::INTEGER AS DATE);
bq_unix_seconds(t) AS CAST(floor(epoch_us(t) / 1000000) AS BIGINT);
bq_unix_millis(t) AS CAST(floor(epoch_us(t) / 1000) AS BIGINT);
bq_timestamp_seconds(n) AS make_timestamptz(n * 1000000);
bq_timestamp_millis(n) AS make_timestamptz(n * 1000);
bq_local_text(t) AS strftime(t, '%Y-%m-%d %H:%M:%S.%f');
bq_format_datetime(f, t) AS bq_strftime(f, bq_local_text(CAST(t AS TIMESTAMP)), '', 0::BIGINT);
bq_format_time(f, t) AS bq_strftime(f, bq_local_text(DATE '1970-01-01' + t), '', 0::BIGINT);
bq_format_timestamp(f, t) AS bq_strftime(f, bq_local_text(CAST(t AS TIMESTAMP)), 'UTC', 0::BIGINT),
  (f, t, z) AS bq_strftime(f, bq_local_text(bq_local(t, z)), z, (epoch_us(bq_local(t, z)) - epoch_us(CAST(t AS TIMESTAMP))) // 1000000);
bq_parse_date(f, s) AS CAST(bq_strptime(f, s, 'date') AS DATE);
bq_parse_datetime(f, s) AS CAST(bq_strptime(f, s, 'datetime') AS TIMESTAMP);
bq_parse_time(f, s) AS CAST(bq_strptime(f, s, 'time') AS TIME);
bq_parse_timestamp(f, s) AS CAST(bq_strptime(f, s, 'timestamp') AS TIMESTAMPTZ), (f, s, z) AS CASE WHEN contains(f, '%z') OR contains(f, '%Ez')
  THEN CAST(bq_strptime(f, s, 'timestamp') AS TIMESTAMPTZ) ELSE bq_in_zone(CAST(bq_strptime(f, s, 'datetime') AS TIMESTAMP), z) END;
bq_timestamp_text(t, z) AS bq_format_timestamp('%F %H:%M:%E*S%Ez', t, z);
bq_make_interval(y, m, d, h, i, s) AS to_years(y::INTEGER) + to_months(m::INTEGER) + to_days(d::INTEGER) + to_hours(h) + to_minutes(i) + to_seconds(s);
`;

const JSON = `
bq_json_is_scalar(j, p) AS json_type(j, p) NOT IN ('OBJECT', 'ARRAY', 'NULL');
bq_json_value(j, p) AS CASE WHEN bq_json_is_scalar(j, p) THEN json_extract_string(j, p) END;
bq_json_query(j, p) AS cast_to_type(json_extract(j, p), j);
bq_json_query_array(j, p) AS CASE WHEN json_type(j, p) = 'ARRAY' THEN list_transform(json_extract(j, p || '[*]'), lambda e: cast_to_type(e, j)) END;
bq_json_value_array(j, p) AS CASE WHEN json_type(j, p) = 'ARRAY' THEN json_extract_string(j, p || '[*]') END;
bq_json_type(j) AS CASE json_type(j) WHEN 'VARCHAR' THEN 'string' WHEN 'BOOLEAN' THEN 'boolean' WHEN 'OBJECT' THEN 'object' WHEN 'ARRAY' THEN 'array' WHEN 'NULL' THEN 'null' ELSE 'number' END;
bq_json_string(x) AS CASE WHEN typeof(x) = 'JSON' THEN CASE WHEN json_type(CAST(x AS JSON)) = 'VARCHAR' THEN json_extract_string(CAST(x AS JSON), '$') ELSE error('The provided JSON input is not a string') END
  ELSE bq_string(x) END;
bq_json_int64(j) AS CASE WHEN json_type(j) IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN CAST(json_extract_string(j, '$') AS BIGINT) ELSE error('The provided JSON input is not an integer') END;
bq_json_float64(j) AS CASE WHEN json_type(j) IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN CAST(json_extract_string(j, '$') AS DOUBLE) ELSE error('The provided JSON input is not a number') END;
bq_json_bool(j) AS CASE WHEN json_type(j) = 'BOOLEAN' THEN CAST(json_extract_string(j, '$') AS BOOLEAN) ELSE error('The provided JSON input is not a boolean') END;
bq_lax_string(j) AS bq_json_value(j, '$');
bq_lax_int64(j) AS TRY_CAST(bq_json_value(j, '$') AS BIGINT);
bq_lax_float64(j) AS TRY_CAST(bq_json_value(j, '$') AS DOUBLE);
bq_lax_bool(j) AS TRY_CAST(bq_json_value(j, '$') AS BOOLEAN);
bq_to_json(x) AS coalesce(CASE WHEN typeof(x) = 'JSON' THEN CAST(x AS VARCHAR) WHEN typeof(x) = 'VARCHAR' THEN CAST(to_json(CAST(x AS VARCHAR)) AS VARCHAR) ELSE bq_json_text(x) END, 'null');
`;

/** Statements that make the macros, in the order in which they use each other. */
export function macros(): readonly string[] {
  return [CASTS, NUMBERS, STRINGS, ARRAYS, DATES, JSON].flatMap((group) =>
    group
      .split(/;\n/)
      .map((macro) => macro.trim())
      .filter((macro) => macro !== '')
      .map((macro) => `CREATE MACRO ${macro}`),
  );
}
