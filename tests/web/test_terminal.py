"""What is shown to people goes whole into pipes, and no further than somebody reads."""

import contextlib
import io
import os

import pytest

from web.terminal import show_table


def test_a_table_in_a_file_is_as_wide_as_what_is_in_it():
    file = io.StringIO()
    show_table([f"c{n}" for n in range(40)], [[str(n) * 9 for n in range(40)]], file=file)
    assert file.getvalue().splitlines()[1].split() == [str(n) * 9 for n in range(40)]


def test_a_reader_who_goes_away_is_told_apart_from_a_failure():
    reads, writes = os.pipe()
    os.close(reads)
    file = open(writes, "w", buffering=1)  # noqa: SIM115 -- closing it tries once more
    with pytest.raises(BrokenPipeError):
        show_table(["a"], [["b"]], file=file)
    with contextlib.suppress(BrokenPipeError):
        file.close()
