"""Watches live things and acts on them. In a program or a notebook: `oracle.start()` runs it here, `oracle.connect()` uses a
server that runs elsewhere; both give the same (`oracle.notebook`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oracle.notebook import connect, start

__all__ = ["connect", "start"]


def __getattr__(name: str) -> Any:
    """What is behind the two words is loaded when one is said: `import oracle` costs nothing."""
    if name in __all__:
        import oracle.notebook

        return getattr(oracle.notebook, name)
    raise AttributeError(f"module 'oracle' has no attribute {name!r}")


def __dir__() -> list[str]:
    """The two words, for those who look."""
    return sorted({*globals(), *__all__})
