"""What the database can answer instead of rows, as classes of ours."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import duckdb

from oracle.history.columns import Unfit

__all__ = ["Broken", "Interrupted", "translated"]

_UNFIT = (duckdb.InvalidInputException, duckdb.DataError, duckdb.NotSupportedError)


class Broken(Exception):
    """The database can't be used as it is: disk full, file gone, invalidated, or closed. Reopening may help."""


class Interrupted(Exception):
    """A read was stopped before its end."""


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Raise Unfit, Interrupted or Broken for what the database raises inside."""
    try:
        yield
    except _UNFIT as error:
        raise Unfit(str(error)) from error
    except duckdb.InterruptException as error:
        raise Interrupted(str(error)) from error
    except duckdb.Error as error:
        raise Broken(str(error)) from error
