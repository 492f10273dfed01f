"""`/metrics`: what the system knows about itself, in Prometheus' words, read when asked and kept nowhere.

Sockets come and go, so their numbers are summed under `socket`; every other actor has its own row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from actors import Node
from oracle.system import System
from oracle.trading import tripped
from web.desk import Desk
from web.hourly import Hours

__all__ = ["Metrics"]


class Metrics:
    """A registry of its own (nothing of the process or of other libraries is in it) over one running system."""

    def __init__(self, system: System, hours: Hours) -> None:
        self._system = system
        self._hours = hours
        self._desk: Desk | None = None
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def text(self, desk: Desk | None = None) -> bytes:
        """The exposition text, `text/plain; version=0.0.4`; with the counts of the server where it is known."""
        self._desk = desk
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Called by the registry at each scrape."""
        yield from self._feeds()
        yield from self._actors()
        yield from self._bus()
        yield from self._history()
        yield from self._events()
        yield from self._commands()
        off = float(tripped(self._system.board) is not None)
        yield GaugeMetricFamily("oracle_kill_switch_tripped", "1 while trading must not go on.", value=off)
        yield from self._connections()
        yield from self._counted()

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: a scrape at registration would read a system that is still starting."""
        return ()

    def _feeds(self) -> Iterator[Metric]:
        feeds = self._system.statistics
        frames = CounterMetricFamily("oracle_feed_frames", "Frames a feed received, by kind.", labels=["feed", "kind"])
        for name, statistics in feeds.items():
            for kind, count in sorted(statistics.frames.items()):
                frames.add_metric([name, kind], count)
        yield frames
        rows = {
            name: [float(s.connected), float(s.stale), s.messages, s.failures, s.last_frame_us / 1e6, s.lag_ms / 1e3]
            for name, s in feeds.items()
        }
        yield _gauge("oracle_feed_connected", "1 while the feed is connected.", "feed", rows, 0)
        yield _gauge("oracle_feed_stale", "1 while a connected feed is silent for too long.", "feed", rows, 1)
        yield _counter("oracle_feed_messages", "Messages published.", "feed", rows, 2)
        yield _counter("oracle_feed_failures", "Connections lost or refused.", "feed", rows, 3)
        yield _gauge(
            "oracle_feed_last_frame_timestamp_seconds", "When the newest frame came; 0 for never.", "feed", rows, 4
        )
        yield _gauge("oracle_feed_lag_seconds", "Venue's time to ours, newest message.", "feed", rows, 5)

    def _actors(self) -> Iterator[Metric]:
        rows: dict[str, list[float]] = {}
        for node in _walk(self._system.runtime.tree()):
            name = "socket" if node.name.startswith("socket:") else node.name
            up = 1.0 if node.state == "running" else 0.0
            numbers = (1.0, up, node.restarts, node.depth, node.oldest_s, node.handled, node.dropped)
            rows[name] = [a + b for a, b in zip(rows.get(name, [0.0] * len(numbers)), numbers, strict=True)]
        yield _gauge("oracle_actors", "Actors alive, by name; sockets together.", "actor", rows, 0)
        yield _gauge(
            "oracle_actor_up", "Actors that are running (not starting, backing off, failed).", "actor", rows, 1
        )
        yield _counter("oracle_actor_restarts", "Restarts since the process began.", "actor", rows, 2)
        yield _gauge("oracle_mailbox_depth", "Messages waiting.", "actor", rows, 3)
        yield _gauge("oracle_mailbox_oldest_seconds", "Age of the oldest waiting message.", "actor", rows, 4)
        yield _counter("oracle_mailbox_handled", "Messages handled.", "actor", rows, 5)
        yield _counter("oracle_mailbox_dropped", "Messages a full mailbox did not take.", "actor", rows, 6)
        sockets = rows.get("socket", [0.0])[0]
        yield GaugeMetricFamily("oracle_sockets", "Clients of live streams.", value=sockets)

    def _bus(self) -> Iterator[Metric]:
        runtime = self._system.runtime
        yield CounterMetricFamily("oracle_bus_published", "Messages published.", value=max(0, runtime.bus.offset))
        yield CounterMetricFamily("oracle_dead_letters", "Messages nobody handled.", value=runtime.dead_letter_count)
        ring = self._system.ring
        yield GaugeMetricFamily("oracle_ring_messages", "Newest messages kept for clients that return.", value=len(ring))
        yield GaugeMetricFamily("oracle_ring_bytes", "About how much memory they take.", value=ring.bytes)
        yield CounterMetricFamily("oracle_ring_evicted", "Messages that are only in history now.", value=ring.evicted)

    def _history(self) -> Iterator[Metric]:
        statistics = self._system.store.statistics
        yield CounterMetricFamily("oracle_history_rows", "Rows committed.", value=statistics.rows_written)
        lost = CounterMetricFamily("oracle_history_rows_lost", "Rows not stored, by reason.", labels=["reason"])
        lost.add_metric(["dropped"], statistics.rows_dropped)
        lost.add_metric(["unfit"], statistics.rows_unfit)
        yield lost
        yield GaugeMetricFamily("oracle_history_pending_rows", "Rows waiting for a commit.", value=statistics.pending)
        yield CounterMetricFamily("oracle_history_commits", "Transactions committed.", value=statistics.commits)
        yield CounterMetricFamily("oracle_history_reopened", "Times the file was reopened.", value=statistics.reopened)
        p50 = statistics.commit_ms_p50 / 1000
        yield GaugeMetricFamily("oracle_history_commit_seconds", "Median of the last 512 commits.", value=p50)
        yield GaugeMetricFamily("oracle_history_watermark", "Last committed offset.", value=statistics.watermark)
        up = float(statistics.state == "ok")
        yield GaugeMetricFamily("oracle_history_up", "1 while the database takes writes.", value=up)

    def _events(self) -> Iterator[Metric]:
        tally = self._system.tally
        events = CounterMetricFamily(
            "oracle_watchdog_events", "Watchdog events since the data began.", labels=["severity"]
        )
        for severity, count in tally.by_severity.items():
            events.add_metric([severity], count)
        yield events

    def _commands(self) -> Iterator[Metric]:
        receipts = self._system.receipts
        yield GaugeMetricFamily("oracle_receipts", "Commands remembered by their ids.", value=len(receipts))
        yield GaugeMetricFamily("oracle_receipts_bytes", "About how much memory they take.", value=receipts.bytes)
        yield GaugeMetricFamily("oracle_commands_under_way", "Commands with an id at work.", value=receipts.under_way)
        yield CounterMetricFamily("oracle_receipts_replayed", "Answers given again.", value=receipts.replayed)
        forgotten = receipts.forgotten
        yield CounterMetricFamily("oracle_receipts_forgotten", "Ids that had to go before 24 hours.", value=forgotten)

    def _counted(self) -> Iterator[Metric]:
        windows = {"ordinary": self._hours.ordinary, "live": self._hours.live}
        rows = {name: [float(len(window)), window.refused, window.forgotten] for name, window in windows.items()}
        yield _gauge("oracle_hours", "Clients of /api/v1 whose hour is counted.", "kind", rows, 0)
        yield _counter("oracle_hours_refused", "Requests beyond the limit of an hour.", "kind", rows, 1)
        yield _counter("oracle_hours_forgotten", "Hours forgotten for want of room before their end.", "kind", rows, 2)

    def _connections(self) -> Iterator[Metric]:
        desk = self._desk
        if desk is None:
            return
        yield GaugeMetricFamily("oracle_connections", "Open connections.", value=len(desk.open))
        yield CounterMetricFamily("oracle_connections_accepted", "Connections accepted.", value=desk.accepted)
        ended = CounterMetricFamily("oracle_connections_ended", "Connections the server ended, by why.", labels=["why"])
        ended.add_metric(["crashed"], desk.crashed)
        ended.add_metric(["turned_away"], desk.turned_away)
        ended.add_metric(["no_handshake"], desk.no_handshake)
        ended.add_metric(["cut_off"], desk.cut_off)
        yield ended


def _gauge(name: str, doc: str, label: str, rows: dict[str, list[float]], column: int) -> Metric:
    metric = GaugeMetricFamily(name, doc, labels=[label])
    for key, values in rows.items():
        metric.add_metric([key], values[column])
    return metric


def _counter(name: str, doc: str, label: str, rows: dict[str, list[float]], column: int) -> Metric:
    metric = CounterMetricFamily(name, doc, labels=[label])
    for key, values in rows.items():
        metric.add_metric([key], values[column])
    return metric


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _walk(child)
