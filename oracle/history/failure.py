"""What the database can answer instead of rows, as classes of ours."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import duckdb

from actors import Refused
from oracle.history.columns import Unfit

__all__ = ["Broken", "Interrupted", "asked", "translated"]

# What is wrong with a question, not with the database.
_ASKED = (
    duckdb.ParserException, duckdb.SyntaxException, duckdb.BinderException, duckdb.CatalogException, duckdb.DataError,
    duckdb.InvalidInputException, duckdb.InvalidTypeException, duckdb.NotImplementedException, duckdb.PermissionException,
)  # fmt: skip
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


@contextlib.contextmanager
def asked() -> Iterator[None]:
    """Raise Refused for what the database says of a question that somebody asks in its own language: `invalid` with its words, or
    `too_large` where there is not memory enough. The rest is for `translated`."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise Refused("this takes more memory than a question may; ask for less", "too_large") from error
    except _ASKED as error:
        raise Refused(str(error).strip(), "invalid") from error
