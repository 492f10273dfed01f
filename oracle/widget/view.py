"""The widget of a notebook: what is to be seen goes into two traits, and `live.js` draws it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from oracle.remote import RemoteFailed
from oracle.sdk.portal import Closed
from oracle.sdk.table import Missing

__all__ = ["MODULE", "view_of"]

MODULE = Path(__file__).with_name("live.js")
"""The only module there is in the browser; it asks nobody for anything."""


def view_of(ear: Any) -> Any:
    """An anywidget that shows what an ear hears, and has it hear while somebody looks. Raises Missing."""
    view = _live()(said=ear.picture.said(), past=ear.picture.past())
    eyes = _Eyes(ear, view)
    view.on_msg(eyes.heard)
    view.over = eyes.over
    ear.show = eyes.show
    return view


class _Eyes:
    """How many look at a view."""

    def __init__(self, ear: Any, view: Any) -> None:
        self._ear, self._view = ear, view
        self._looking = 0

    def show(self) -> None:
        """Tell them what is new."""
        if self._looking:
            self._view.said = self._ear.picture.said()

    def heard(self, _: Any, word: Any, __: Any) -> None:
        """One begins to look, or looks no more."""
        self._looking = max(0, self._looking + (1 if word.get("look") else -1))
        if not self._looking:
            self._ear.stop("nobody looks")
            return
        try:
            self._ear.start()
        except (RemoteFailed, Closed) as gone:
            self._ear.picture.stands("ended", str(gone))
        self._view.past = self._ear.picture.past()
        self.show()

    def over(self) -> None:
        """The view is gone."""
        self._ear.show = None
        self._ear.stop("closed")


@cache
def _live() -> type[Any]:
    try:
        import anywidget
        import traitlets
    except ImportError as error:
        raise Missing("anywidget is not installed here: pip install 'oracle-runtime[notebook]'", name="anywidget") from error

    class Live(anywidget.AnyWidget):  # type: ignore[misc]
        """`said` is how it is now, `past` the points of a chart so far, told to who begins to look."""

        _esm = MODULE
        said = traitlets.Dict().tag(sync=True)
        past = traitlets.Dict().tag(sync=True)

        def close(self) -> None:
            """Hear no more, and be gone."""
            self.over()
            super().close()

    return Live
