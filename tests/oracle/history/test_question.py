"""What may be asked in SQL, and what may not; no file is looked at for that."""

import duckdb
import pytest

from actors import Refused
from oracle.history.functions import FUNCTIONS, GROWING, TABLES
from oracle.history.question import MOST_CHARACTERS, read_question

FINE = """
SELECT symbol, avg(close) FROM bars WHERE ts > now() - INTERVAL 1 DAY GROUP BY ALL HAVING count(*) > 3 ORDER BY 2 LIMIT 5 OFFSET 1
FROM trades
TABLE bars
VALUES (1, 2)
SELECT 1; -- and that is all
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 9) SELECT * FROM t
SELECT time_bucket(INTERVAL '1 hour', ts) AS h, arg_min(open, ts), max(high) FROM bars WHERE interval = '1m' GROUP BY h
SELECT *, avg(close) OVER (PARTITION BY symbol ORDER BY ts ROWS 19 PRECEDING) FROM bars QUALIFY row_number() OVER () < 9
SELECT data->>'$.change_pct', data->'$.x', json_extract_string(data, '$.y') FROM events WHERE summary ILIKE '%fell%'
SELECT t.price, q.bid FROM trades t ASOF JOIN quotes q ON t.symbol = q.symbol AND t.ts >= q.ts
SELECT * FROM (PIVOT (SELECT symbol, ts, close FROM bars) ON symbol IN ('BTC-USD', 'AAPL') USING last(close))
SELECT DISTINCT ON (symbol) * EXCLUDE (ts_us) REPLACE (close / 2 AS close) FROM bars ORDER BY symbol, ts DESC
SELECT symbol || ':' || side, replace(symbol, '-USD', ''), concat(symbol, '/', side) FROM trades
SELECT CASE WHEN a THEN 1 END, CAST(b AS DECIMAL(9, 2)), c::INTEGER[], DATE '2026-01-01', x IN (1, 2), (FROM bars) FROM runs
SELECT extract(hour FROM ts), ts AT TIME ZONE 'America/New_York', date_trunc('day', ts) FROM bars USING SAMPLE 10
SELECT * FROM range(10) UNION ALL BY NAME SELECT * FROM generate_series(1, 3)
SELECT list(price ORDER BY ts)[1:3], median(price), quantile_cont(price, [0.5, 0.9]), histogram(side), unnest([1, 2]) FROM trades
SELECT COUNT(*) FROM "Bars" WHERE ts_us >= ? AND symbol = $2
WITH größe AS (SELECT sum(size) AS s FROM trades), views AS (FROM größe) SELECT * FROM views
""".strip().splitlines()

NOT_HERE = """
SELECT * FROM read_csv('/etc/passwd')
SELECT * FROM read_text('/etc/passwd')
SELECT * FROM read_blob('/etc/passwd')
SELECT * FROM read_parquet('/x')
SELECT * FROM glob('/*')
SELECT * FROM '/etc/passwd'
SELECT * FROM "exports/x.parquet"
SELECT * FROM sniff_csv('/etc/passwd')
SELECT getenv('HOME')
SELECT current_setting('memory_limit')
SELECT getvariable('words')
SELECT current_query()
SELECT sleep_ms(10000)
SELECT write_log('x')
SELECT nextval('x')
SELECT setseed(0.5)
SELECT * FROM query('SELECT 1')
SELECT * FROM query_table('meta')
SELECT json_execute_serialized_sql('x')
SELECT * FROM duckdb_settings()
SELECT * FROM duckdb_secrets()
SELECT * FROM duckdb_tables()
SELECT * FROM duckdb_logs
SELECT * FROM pragma_storage_info('meta')
SELECT * FROM information_schema.tables
SELECT * FROM pg_catalog.pg_tables
SELECT * FROM sqlite_master
SELECT * FROM meta
SELECT * FROM main.meta
SELECT * FROM history.main.meta
SELECT * FROM history.meta
SELECT * FROM main.bars
SELECT (SELECT value FROM meta)
SELECT 1 WHERE EXISTS (FROM words)
WITH x AS (SELECT * FROM state) SELECT * FROM x
WITH x AS (INSERT INTO meta VALUES ('a', 'b') RETURNING *) SELECT * FROM x
WITH x AS (DELETE FROM meta RETURNING *) SELECT * FROM x
SELECT * FROM trade_202611
SELECT b.* FROM (WITH duckdb_tables AS (SELECT 1) FROM duckdb_tables) a, duckdb_tables b
SELECT b.* FROM (WITH "PRAGMA_database_list" AS (SELECT 1) SELECT 1) a, pragma_database_list b
SELECT b.* FROM (WITH "exports/x.parquet" AS (SELECT 1) SELECT 1) a, "exports/x.parquet" b
COPY bars TO '/x.csv'
COPY (SELECT 1) TO '/x.csv'
ATTACH '/x.db'
DETACH history
INSTALL httpfs
LOAD httpfs
SET memory_limit = '1TB'
RESET memory_limit
PRAGMA database_list
CALL pragma_version()
USE history
CREATE TABLE x (a INT)
CREATE TEMP VIEW bars AS SELECT 1
CREATE MACRO f() AS 1
DROP TABLE meta
DELETE FROM meta
UPDATE meta SET value = ''
INSERT INTO meta VALUES ('a', 'b')
EXPORT DATABASE '/x'
CHECKPOINT
EXPLAIN SELECT 1
PREPARE x AS SELECT 1
BEGIN
DESCRIBE bars
SHOW TABLES
SUMMARIZE bars
SELECT * FROM (DESCRIBE meta)
PIVOT bars ON symbol
SELECT repeat('x', 1000000000)
SELECT lpad('x', 1000000000, 'x')
SELECT range(1000000000)
SELECT printf('%1000000000d', 1)
SELECT format('{:>1000000000}', 1)
SELECT list_resize([1], 1000000000)
SELECT [x FOR x IN [1]]
SELECT NULL::INTEGER[100000][100000]
SELECT 'x'::BIT
SELECT 'x'::BLOB
SELECT main.lower('x')
SELECT replace(summary, 'a', data) FROM events
SELECT replace(replace(replace(replace(symbol, 'a', 'aaaaaaaa'), 'a', 'aaaaaaaa'), 'a', 'aaaaaaaa'), 'a', 'aaaaaaaa') FROM bars
""".strip().splitlines()


@pytest.mark.parametrize("sql", FINE)
def test_what_an_analyst_asks_is_understood(sql):
    question = read_question(sql, 5)
    assert question.sql.endswith("LIMIT 6")
    assert len(duckdb.extract_statements(question.sql)) == 1


@pytest.mark.parametrize("sql", NOT_HERE)
def test_what_reaches_out_changes_something_or_grows_is_refused(sql):
    with pytest.raises(Refused) as no:
        read_question(sql, 5)
    assert no.value.code == "rejected", no.value.reason


@pytest.mark.parametrize(("sql", "why"), [
    ("", "these are 0"), ("-- nothing", "these are 0"), ("SELECT 1; SELECT 2", "these are 2"), ("SELEC 1", "syntax error"),
    ("SELECT 1) LIMIT 1; DROP TABLE meta; SELECT (1", "syntax error"), ("SELECT 1) UNION SELECT (1", "syntax error"),
    ("SELECT " + "(" * 3_000 + "1" + ")" * 3_000, ""), ("SELECT '" + "x" * MOST_CHARACTERS + "'", "at most"),
    ("SELECT 1 /*", ""),
], ids=range(9))  # fmt: skip
def test_what_is_no_single_question_is_refused_with_the_reason(sql, why):
    with pytest.raises(Refused, match=why or None) as no:
        read_question(sql, 5)
    assert no.value.code == "invalid"


def test_a_name_that_the_question_gives_itself_is_no_table_of_ours():
    assert read_question("WITH meta AS (SELECT 1) SELECT * FROM meta", 5).views == ()
    assert read_question("WITH x AS (FROM bars) SELECT * FROM x, trades", 5).views == ("trades", "bars")
    with pytest.raises(Refused, match="is bars meant"):
        read_question("SELECT * FROM bar", 5)


def test_texts_that_double_and_double_are_refused():
    doubling = "SELECT symbol AS a0" + "".join(f", a{n} || a{n} AS a{n + 1}" for n in range(40)) + " FROM bars"
    with pytest.raises(Refused, match="put together too often"):
        read_question(doubling, 5)
    nested = "[" * 40 + "symbol" + "]" * 40
    with pytest.raises(Refused, match="put together too often"):
        read_question(f"SELECT {nested} FROM bars", 5)


def test_every_function_there_is_is_known_by_name_or_left_out():
    """None with an effect is allowed, also not one that a later database brings: what is not named here is refused."""
    rows = duckdb.connect().execute(
        "SELECT DISTINCT lower(function_name), function_type, coalesce(has_side_effects, false) FROM duckdb_functions()"
    ).fetchall()
    allowed = FUNCTIONS | GROWING.keys()
    with_effects = {name for name, _, effects in rows if effects}
    assert allowed & with_effects == {"gen_random_uuid", "random", "uuid"}
    tables = {name for name, kind, _ in rows if kind in ("table", "table_macro", "pragma")}
    assert allowed & tables <= TABLES | {"histogram"}, "an aggregate too"
