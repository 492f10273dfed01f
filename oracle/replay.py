"""A stand-in for an exchange: speaks a recording to whoever connects, over a real WebSocket.

Each client hears the whole recording from its start, with the original gaps, faster, or as fast as it reads. Where our
side spoke first in the recording (a subscription), the client has to speak first too. After the last frame the
connection stays open, silent, until the client goes.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
import trio
import trio_websocket

from oracle.recording import Recording

__all__ = ["Played", "replay_url", "serve_recording"]

_UNREAD = 1024  # messages of the client that may wait; while one more waits, its pings are not answered


@attrs.frozen
class Played:
    """How far a client has been served. `what`: connected, finished (all `of` frames sent) or gone."""

    client: int
    what: str
    frames: int
    of: int


async def serve_recording(
    recording: Recording, *, host: str = "127.0.0.1", port: int = 0, speed: float = 1.0,
    report: Callable[[Played], None] = lambda played: None,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:  # fmt: skip
    """Serve until cancelled; the task's start value is the port.

    `speed` 2.0 halves the gaps, 0 leaves none. `report` hears of each client. Raises OSError for a taken address.
    """
    stage = _Stage(recording, speed, report)
    listeners = await trio.open_tcp_listeners(port, host=host)
    task_status.started(listeners[0].socket.getsockname()[1])
    await trio_websocket.WebSocketServer(
        stage.welcome, listeners, message_queue_size=_UNREAD, disconnect_timeout=1.0
    ).run()


def replay_url(host: str, port: int) -> str:
    """What a feed's `url` should say; the server takes any path and query."""
    return f"ws://[{host}]:{port}" if ":" in host else f"ws://{host}:{port}"


class _Stage:
    def __init__(self, recording: Recording, speed: float, report: Callable[[Played], None]) -> None:
        self._recording = recording
        self._speed = speed
        self._report = report
        self._clients = 0

    async def welcome(self, request: trio_websocket.WebSocketRequest) -> None:
        """Serve one client until it goes."""
        self._clients += 1
        client, of, sent = self._clients, len(self._recording.frames), 0
        try:
            connection = await request.accept()
            self._report(Played(client, "connected", 0, of))
            if self._recording.sent:
                await connection.get_message()
            began_s = trio.current_time()
            for frame in self._recording.frames:
                if self._speed:
                    gap_s = (frame.at_us - self._recording.opened_us) / 1e6 / self._speed
                    await trio.sleep_until(began_s + gap_s)
                await connection.send_message(frame.text)
                sent += 1
            self._report(Played(client, "finished", sent, of))
            while True:
                await connection.get_message()
        except trio_websocket.ConnectionClosed:
            self._report(Played(client, "gone", sent, of))
