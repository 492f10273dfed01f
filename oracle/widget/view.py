"""The widget of a notebook: what is to be seen goes into two traits, and `live.js` draws it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from oracle.remote import RemoteFailed
from oracle.sdk.portal import Closed
from oracle.sdk.table import Missing

__all__ = ["MODULE", "view_of"]

MODULE = Path(__file__).with_name("live.js")
"""The only module there is in the browser; it asks nobody for anything."""


def view_of(ear: Any) -> Any:
    """An anywidget that shows what an ear hears. Raises Missing."""
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
            ear.show = None
            ear.stop("closed")
            super().close()

    picture = ear.picture
    view = Live(said=picture.said(), past=picture.past())
    looking = 0

    def show() -> None:
        if looking:
            view.said = picture.said()

    def heard(_: Any, word: Any, __: Any) -> None:
        nonlocal looking
        looking = max(0, looking + (1 if word.get("look") else -1))
        if not looking:
            ear.stop("nobody looks")
            return
        try:
            ear.start()
        except (RemoteFailed, Closed) as gone:
            picture.stands("ended", str(gone))
        view.past = picture.past()
        show()

    view.on_msg(heard)
    ear.show = show
    return view
