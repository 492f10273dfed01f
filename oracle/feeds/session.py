"""Both sides of what is said with a venue that has to be subscribed to: frames in, messages and further requests out."""

from __future__ import annotations

from collections.abc import Callable

from actors import Child
from oracle.feeds.connection import Booked, websocket_child
from oracle.feeds.heard import Heard
from oracle.feeds.sequence import News, Sequences, anew
from oracle.feeds.shelf import Shelf
from oracle.feeds.statistics import FeedStatistics, Parsed

__all__ = ["Session", "session_child"]


class Session:
    """One feed's talk with its venue, over all its connections.

    `parse(frame, now_us)` reads a frame, `opening` is what to say first on a connection, `again(symbol)` what asks for the
    snapshot of a book. Quotes are the best of a book as long as there is one, else those of the venue's ticker.
    """

    def __init__(
        self, parse: Callable[[str | bytes, int], Heard], opening: tuple[str, ...], again: Callable[[str], tuple[str, ...]],
        news: News, shelf: Shelf,
    ) -> None:  # fmt: skip
        self._parse = parse
        self._opening = opening
        self._again = again
        self._news = news
        self.shelf = shelf
        self._tickers = Sequences()
        self._answers: list[str] = []

    def begin(self) -> tuple[str, ...]:
        """A new connection: what to say on it first."""
        self.shelf.clear()
        self._tickers.clear()
        self._answers.clear()
        return self._opening

    def read(self, frame: str | bytes, now_us: int) -> Parsed:
        """The kind of a frame, and the messages that come of it."""
        heard = self._parse(frame, now_us)
        kind, messages = self._meaning(heard, now_us)
        for symbol in self.shelf.wishes(now_us):
            self._answers += self._again(symbol)
        return kind, messages

    def answers(self) -> tuple[str, ...]:
        """What to say now, once."""
        if not self._answers:
            return ()
        answers = tuple(self._answers)
        self._answers.clear()
        return answers

    def _meaning(self, heard: Heard, now_us: int) -> Parsed:
        if heard.levels is not None:
            return self.shelf.take(heard.kind, heard.symbol, heard.levels, now_us)
        if heard.doubt:
            return heard.kind, self.shelf.doubt(heard.symbol, f"a frame could not be read, {heard.kind}", now_us)
        if heard.trades or heard.lost:
            return self._news(heard, now_us)
        quote = heard.quote
        if quote is None:
            return heard.kind, ()
        told = () if self.shelf.book(heard.symbol) else (quote,)
        if not heard.sequence:
            return heard.kind, told
        step = self._tickers.follow(heard.symbol, heard.sequence, quote.ts_us, now_us)
        if step is None:
            return "duplicate", ()
        if step.anew:
            return "counted_anew", (anew(quote.source, heard.symbol, step, now_us), *told)
        return heard.kind, told


def session_child(
    name: str, settings: Booked, parse: Callable[[str | bytes, int], Heard], opening: tuple[str, ...],
    again: Callable[[str], tuple[str, ...]], news: News, statistics: FeedStatistics | None, *, refilled: bool,
) -> Child:  # fmt: skip
    """The spec of `feed:NAME` over such a talk. `refilled` says whether the venue tells anew what comes back into sight."""
    shelf = Shelf(name, settings.levels, refilled=refilled, within_bps=settings.within_bps,
                  sample_every_s=settings.sample_every_s)  # fmt: skip
    talk = Session(parse, opening, again, news, shelf)
    return websocket_child(name, settings, settings.url, talk.read, statistics, opening=talk.begin, answers=talk.answers)
