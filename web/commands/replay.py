"""`oracle replay FILE`: a recording, served as the exchange served it."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import trio

from oracle.listen import Listen
from oracle.problems import Bad, Invalid
from oracle.recording import BadRecording, read_recording
from oracle.replay import Played, replay_url, serve_recording
from web.ending import told_to_end
from web.failures import AddressTaken

__all__ = ["replay"]


async def replay(file: Path, listen: str, *, speed: float, as_json: bool) -> None:
    """Serve until told to end; says where, and how far each client is. Raises Invalid, AddressTaken."""
    address = _address(listen)
    try:
        recording = read_recording(file)
    except (OSError, BadRecording) as error:
        raise Invalid([Bad("recording", f"{file} can't be replayed: {error}").at((), str(file))]) from error
    with trio.CancelScope() as scope, told_to_end(scope.cancel):
        try:
            await serve_recording(recording, host=address.host, port=address.port, speed=speed,
                                  report=_say_json if as_json else _say, task_status=_Ready(address.host, as_json))
        except OSError as error:
            raise AddressTaken(f"{address}: {error.strerror or error}") from error


@attrs.frozen
class _Ready:
    """Takes the place of a nursery: says where the recording is served."""

    host: str
    as_json: bool

    def started(self, port: int) -> None:
        url = replay_url(self.host, port)
        print(json.dumps({"ready": url}) if self.as_json else f"oracle replay ready {url}", flush=True)


def _address(text: str) -> Listen:
    try:
        address = Listen.parse(text)
        if address.secure:
            raise Bad("listen_parsing", "a recording is served without TLS, at HOST:PORT")
        return address
    except Bad as bad:
        raise Invalid([bad.at(("listen",), text)]) from bad


def _say(played: Played) -> None:
    print(f"client {played.client} {played.what}: {played.frames} of {played.of} frames", flush=True)


def _say_json(played: Played) -> None:
    print(json.dumps(attrs.asdict(played)), flush=True)
