"""A disk that is full: for this process no file can grow."""

from __future__ import annotations

import contextlib
import resource
import sys
from collections.abc import Iterator

__all__ = ["full_disk"]


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """Writes beyond the first byte of any file fail, as the kernel does it (EFBIG), until the block ends."""
    before, kept = resource.getrlimit(resource.RLIMIT_FSIZE), sys.dont_write_bytecode
    sys.dont_write_bytecode = True  # what python compiles would be cut off without a word
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        sys.dont_write_bytecode = kept
