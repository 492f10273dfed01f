"""Rows as they come back from the history: to be looked at, iterated, or taken on into Arrow, polars or pandas."""

from __future__ import annotations

import html
import importlib
import io
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

__all__ = ["Missing", "Table"]

SHOWN_HTML, SHOWN_TEXT = 20, 10
LONGEST = 60  # characters of a value that is shown


class Missing(ImportError):
    """A package that is wanted here is not installed; the message says what to install."""


class Table:
    """Rows under named columns. `len`, iteration (each row a dict), `table[0]`, `table["close"]` (a column) and `rows` need
    nothing; `arrow()`, `polars()` and `pandas()` need `pip install oracle-runtime[notebook]`. Instants are datetimes in UTC.

    `truncated`: there were more rows than were wanted, or than are given at once."""

    def __init__(self, columns: Sequence[str], rows: Sequence[Mapping[str, Any]] | None, parquet: bytes = b"", *, count: int = 0,
                 truncated: bool = False) -> None:  # fmt: skip
        self.columns = tuple(columns)
        self.truncated = truncated
        self._rows = rows
        self._parquet = parquet
        self._count = count if rows is None else len(rows)

    @classmethod
    def of_parquet(cls, parquet: bytes, count: int, truncated: bool) -> Table:
        """What a Parquet file holds. Its rows are read when the first is wanted. Raises OSError for what is none."""
        from oracle.history.database import parquet_columns

        with _file(parquet) as path:
            return cls(parquet_columns(path), None, parquet, count=count, truncated=truncated)

    @classmethod
    def of_rows(cls, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], times: Sequence[str] = ()) -> Table:
        """Rows as JSON has them; `times` are the columns of instants in ISO 8601."""
        return cls(columns, [{name: _instant(row[name]) if name in times else row[name] for name in columns} for row in rows])

    @property
    def rows(self) -> Sequence[Mapping[str, Any]]:
        """All rows, each by the names of its columns."""
        if self._rows is None:
            from oracle.history.database import parquet_rows

            with _file(self._parquet) as path:
                self._rows = list(parquet_rows(path))
        return self._rows

    def head(self, count: int = 10) -> list[Mapping[str, Any]]:
        """The first rows."""
        if self._rows is not None:
            return list(self._rows[:count])
        from oracle.history.database import parquet_rows

        with _file(self._parquet) as path, closing(parquet_rows(path)) as rows:
            return list(islice(rows, count))

    @property
    def parquet(self) -> bytes:
        """The rows as a Parquet file. Raises Missing where they did not come as one, and pyarrow is not installed."""
        if not self._parquet:
            buffer = io.BytesIO()
            _package("pyarrow.parquet").write_table(self.arrow(), buffer)
            self._parquet = buffer.getvalue()
        return self._parquet

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter(self.rows)

    def __getitem__(self, which: int | str) -> Any:
        return self.rows[which] if isinstance(which, int) else [row[which] for row in self.rows]

    def arrow(self) -> Any:
        """A pyarrow.Table. Raises Missing."""
        arrow = _package("pyarrow")
        if self._parquet:
            return _package("pyarrow.parquet").read_table(io.BytesIO(self._parquet))
        return arrow.table({name: [row[name] for row in self.rows] for name in self.columns})

    def polars(self) -> Any:
        """A polars.DataFrame. Raises Missing."""
        polars = _package("polars")
        if self._parquet:
            return polars.read_parquet(io.BytesIO(self._parquet))
        return polars.DataFrame({name: [row[name] for row in self.rows] for name in self.columns}, strict=False)

    def pandas(self) -> Any:
        """A pandas.DataFrame. Raises Missing."""
        _package("pandas")
        return self.arrow().to_pandas()

    def __repr__(self) -> str:
        shown = [[_short(row[name]) for name in self.columns] for row in self.head(SHOWN_TEXT)]
        widths = [max(map(len, column)) for column in zip(self.columns, *shown, strict=True)]
        lines = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
                 for line in (self.columns, *shown)]  # fmt: skip
        return "\n".join([*lines, self._size(len(shown))])

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in self.columns)
        rows = self.head(SHOWN_HTML)
        body = "".join("<tr>" + "".join(_cell(row[name]) for name in self.columns) + "</tr>" for row in rows)
        size = html.escape(self._size(len(rows)))
        return f"<table><caption>{size}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def _size(self, shown: int) -> str:
        size = f"{self._count} row{'' if self._count == 1 else 's'}"
        if shown < self._count:
            size += f", the first {shown} shown"
        return size + ("; there are more, ask for less or a larger limit" if self.truncated else "")


def _cell(value: Any) -> str:
    align = ' style="text-align:right"' if isinstance(value, int | float) and not isinstance(value, bool) else ""
    return f"<td{align}>{html.escape(_short(value))}</td>"


def _short(value: Any) -> str:
    match value:
        case None:
            text = ""
        case float():
            text = f"{value:.10g}"
        case datetime():
            text = value.isoformat(" ").replace("+00:00", "Z")
        case _:
            text = str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        wanted = name.partition(".")[0]
        raise Missing(f"{wanted} is not installed here: pip install 'oracle-runtime[notebook]'", name=wanted) from error


@contextmanager
def _file(data: bytes) -> Iterator[Path]:
    """A file that holds some bytes, for the block."""
    with tempfile.TemporaryDirectory(prefix="oracle-") as folder:
        path = Path(folder) / "rows.parquet"
        path.write_bytes(data)
        yield path
