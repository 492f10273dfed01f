"""Rows as they come back: looked at, iterated, and taken on."""

from datetime import UTC, datetime

import pytest

from oracle.history.database import connect
from oracle.sdk.table import Missing, Table

AT = datetime(2026, 11, 27, 6, 30, tzinfo=UTC)


@pytest.fixture
def parquet(tmp_path):
    connection = connect(tmp_path / "x.duckdb", 64, tmp_path)
    connection.execute("SET TimeZone = 'UTC'")
    rows = "SELECT 'S' || i AS symbol, TIMESTAMPTZ '2026-11-27 06:30:00Z' AS ts, i * 1.5::DOUBLE AS price FROM range(25) t(i)"
    connection.execute(f"COPY ({rows}) TO '{tmp_path}/rows.parquet' (FORMAT parquet)")
    connection.close()
    return (tmp_path / "rows.parquet").read_bytes()


@pytest.fixture(params=["parquet", "rows"])
def table(request, parquet):
    """The same from either."""
    whole = Table.of_parquet(parquet, 25, truncated=False)
    if request.param == "parquet":
        return whole
    rows = [{**row, "ts": "2026-11-27T06:30:00Z", "more": 1} for row in whole]
    return Table.of_rows(("symbol", "ts", "price"), rows, ("ts",))


def test_it_is_a_list_of_rows_with_named_columns(table):
    assert (len(table), table.columns) == (25, ("symbol", "ts", "price"))
    assert table[2] == {"symbol": "S2", "ts": AT, "price": 3.0}
    assert table["price"][:3] == [0.0, 1.5, 3.0] and [row["symbol"] for row in table][-1] == "S24"
    assert table.head(2) == list(table.rows[:2])


def test_it_becomes_arrow_polars_and_pandas(table):
    assert table.arrow().column_names == ["symbol", "ts", "price"] and table.arrow().num_rows == 25
    assert table.polars()["ts"][0] == AT
    assert str(table.pandas()["ts"].dtype) == "datetime64[us, UTC]"
    assert table.pandas()["price"].sum() == table.polars()["price"].sum() == 450.0


def test_it_shows_itself_as_text_and_as_a_table_that_says_how_much_there_is(table):
    lines = repr(table).splitlines()
    assert lines[0].split() == ["symbol", "ts", "price"] and lines[2].split() == ["S1", "2026-11-27", "06:30:00Z", "1.5"]
    assert lines[-1] == "25 rows, the first 10 shown"
    shown = table._repr_html_()
    assert shown.count("<tr>") == 21 and "25 rows, the first 20 shown" in shown and '<th scope="col">symbol</th>' in shown


def test_what_it_shows_is_text_and_never_markup():
    shown = Table.of_rows(("<b>",), [{"<b>": "<script>x</script>" + "y" * 100}])._repr_html_()
    assert "<script>" not in shown and "<b>" not in shown and "…" in shown
    assert "there are more" in Table((), [], truncated=True)._repr_html_()


def test_a_package_that_is_missing_is_named_with_what_installs_it(table, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "polars", None)
    with pytest.raises(Missing, match=r"polars is not installed here: pip install 'oracle-runtime\[notebook\]'"):
        table.polars()
