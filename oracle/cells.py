"""Classes that live in this process alone, as those of a notebook's cells do: each known by a kind, `oracle.cells:NAME`, to the
door that takes `module:Class`. A worker process is sent them, with what they use of their cells."""

from __future__ import annotations

import pickle
from collections.abc import Iterable

from actors import Refused

__all__ = ["forget", "keep", "packed", "unpack"]

_CLASSES: dict[str, type] = {}
_NOT_PACKED = (pickle.PicklingError, TypeError, AttributeError, ValueError, RecursionError, OSError)


def __getattr__(name: str) -> type:
    """The class that is kept under a name."""
    try:
        return _CLASSES[name]
    except KeyError:
        raise AttributeError(f"this process keeps no class under {name!r}") from None


def keep(name: str, cls: type) -> str:
    """Keep a class, in the place of one of that name; its kind."""
    _CLASSES[name] = cls
    return f"{__name__}:{name}"


def forget(name: str) -> None:
    """Keep it no longer."""
    _CLASSES.pop(name, None)


def packed(kinds: Iterable[str]) -> dict[str, bytes]:
    """What another process needs of those kinds that are kept here, by name. Raises Refused `stays_here`, which says why one
    can't be sent."""
    names = [name for module, _, name in (kind.partition(":") for kind in kinds) if module == __name__]
    return {name: _packed(_CLASSES[name]) for name in names}


def unpack(classes: dict[str, bytes]) -> None:
    """Keep what was packed, in the process that it was sent to."""
    for name, bytes_ in classes.items():
        keep(name, pickle.loads(bytes_))


def _packed(cls: type) -> bytes:
    try:
        import cloudpickle  # type: ignore[import-untyped, unused-ignore]

        return bytes(cloudpickle.dumps(cls))
    except ImportError as gone:
        why = f"{cls.__name__} was defined here, and sending it to a worker process takes cloudpickle (the extra notebook)"
        raise Refused(why, "stays_here") from gone
    except _NOT_PACKED as error:
        why = f"{cls.__name__} can't be sent to the worker process: {error}; it may use only what can be copied there"
        raise Refused(why, "stays_here") from error
