"""Which functions a question in SQL may use: they reach nothing outside, change nothing, and give no more than they are given.

Functions that make much of little (`repeat`, `lpad`, `range` as a list, ...) take memory that the database counts for nobody,
and can't be interrupted while they do. They are left out; texts that are put together are counted (`GROWING`). What is missing
here is done with the rows, in Python.
"""

from __future__ import annotations

__all__ = ["FUNCTIONS", "GROWING", "TABLES", "TYPES"]

_AGGREGATES = """
any_value approx_count_distinct approx_quantile arg_max arg_max_null arg_min arg_min_null argmax argmin array_agg avg
bit_and bit_or bit_xor bool_and bool_or corr count count_if count_star countif covar_pop covar_samp entropy favg first
fsum geomean geometric_mean group_concat histogram kahan_sum kurtosis kurtosis_pop last list listagg mad max max_by
mean median min min_by mode product quantile quantile_cont quantile_disc regr_avgx regr_avgy regr_count regr_intercept
regr_r2 regr_slope regr_sxx regr_sxy regr_syy reservoir_quantile sem skewness stddev stddev_pop stddev_samp string_agg
sum sumkahan var_pop var_samp variance wavg weighted_avg row_number rank rank_dense dense_rank percent_rank cume_dist
ntile lag lead first_value last_value nth_value fill grouping grouping_id
"""
_NUMBERS = """
+ - * / // % ** ^ & | ~ << >> @ ! abs acos acosh add asin asinh atan atan2 atanh bit_count cbrt ceil ceiling cos cosh
cot degrees divide even exp factorial fdiv floor fmod gamma gcd greatest greatest_common_divisor hash isfinite isinf
isnan lcm least least_common_multiple lgamma ln log log10 log2 mod multiply nextafter nullif pi pow power radians
random round round_even roundbankers sign signbit sin sinh sqrt subtract tan tanh trunc xor coalesce if ifnull
constant_or_null switch
"""
_TIMES = """
age ago century current_date current_localtime current_localtimestamp date_add date_diff date_part date_sub date_trunc
datediff datepart datesub datetrunc day dayname dayofmonth dayofweek dayofyear days_in_month decade epoch epoch_ms
epoch_ns epoch_us era get_current_time get_current_timestamp hour isodow isoyear julian last_day make_date make_time
make_timestamp make_timestamp_ms make_timestamp_ns make_timestamptz microsecond millennium millisecond minute month
monthname nanosecond now quarter second strftime strptime time_bucket timezone timezone_hour timezone_minute
to_centuries to_days to_decades to_hours to_microseconds to_millennia to_milliseconds to_minutes to_months to_quarters
to_seconds to_timestamp to_weeks to_years today transaction_timestamp try_strptime week weekday weekofyear year
yearweek
"""
_TEXTS = """
~~ !~~ ~~* !~~* ~~~ ^@ like_escape not_like_escape ilike_escape not_ilike_escape ascii bit_length char_length
character_length contains ends_with format_bytes formatreadablesize instr lcase left len length lower ltrim md5
nfc_normalize octet_length ord position prefix regexp_extract regexp_full_match regexp_matches reverse right rtrim
sha1 sha256 split_part starts_with strip_accents strlen strpos substr substring suffix trim ucase unicode upper uuid
gen_random_uuid typeof
"""
_NESTED = """
-> ->> <@ @> json json_array_length json_contains json_exists json_extract json_extract_path json_extract_path_text
json_extract_string json_keys json_structure json_type json_valid json_value array_contains array_distinct
array_extract array_has array_has_all array_has_any array_intersect array_length array_position array_reverse_sort
array_slice array_sort array_unique cardinality element_at list_any_value list_avg list_contains list_count
list_distinct list_element list_extract list_first list_has list_has_all list_has_any list_indexof list_intersect
list_last list_max list_median list_min list_position list_reverse list_reverse_sort list_slice list_sort
list_stddev_pop list_stddev_samp list_sum list_unique list_var_pop list_var_samp list_where map_contains map_entries
map_extract map_extract_value map_keys map_values struct_extract unnest
"""

_TYPES = """
boolean bool tinyint smallint integer int bigint hugeint utinyint usmallint uinteger ubigint uhugeint int1 int2 int4
int8 long short float real float4 double float8 decimal numeric varchar text string char bpchar date time timestamp
datetime timestamptz interval uuid json list timetz timestamp_s timestamp_ms timestamp_ns timestamp_us
"""

FUNCTIONS = frozenset(f"{_AGGREGATES} {_NUMBERS} {_TIMES} {_TEXTS} {_NESTED}".split())
"""Those that may be called, by their names in lower case."""

GROWING = {
    **dict.fromkeys(("||", "concat", "concat_ws", "list_concat", "list_cat", "array_concat", "array_cat", "list_append",
                     "array_append", "list_prepend", "array_prepend", "list_zip"), 0),
    **dict.fromkeys(("list_value", "list_pack", "array_value", "struct_pack", "row", "to_json", "row_to_json"), 2),
    **dict.fromkeys(("string_split", "str_split", "split", "string_to_array", "regexp_split_to_array", "regexp_extract_all"), 4),
    **dict.fromkeys(("replace", "regexp_replace"), -1),
}  # fmt: skip
"""Those whose value is longer than their arguments: at least how many times, and as many as there are arguments that are not
written out. -1: as many as the third, which is written out, has characters."""

TABLES = frozenset({"range", "generate_series", "unnest", "json_each"})
"""Those that may stand for a table."""

TYPES = frozenset(_TYPES.split()) | {"timestamp with time zone", "time with time zone"}
"""Those that a value may be cast to; of the others some take more room than anybody gave them (`INTEGER[100000]`)."""
