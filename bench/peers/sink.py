"""A far end of webhooks that takes every POST: answers 204, and remembers by the id of the event in the body when it had the
whole request. `GET` gives that as JSON: nanoseconds of the monotonic clock, which all processes of a machine share."""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time

TAKEN = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"


class Connection:
    """What came of a request that is not whole yet."""

    def __init__(self, own: socket.socket) -> None:
        self.own = own
        self.came = b""

    def serve(self, received: dict[str, int]) -> bool:
        """Take what there is; whether there may be more to come."""
        chunk = self.own.recv(65_536)
        if not chunk:
            return False
        self.came += chunk
        while (end := self.came.find(b"\r\n\r\n")) >= 0:
            first, *lines = self.came[:end].decode().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            size = end + 4 + int(headers.get("content-length", 0))
            if len(self.came) < size:
                break
            body, self.came = self.came[end + 4 : size], self.came[size:]
            if first.startswith("GET"):
                told = json.dumps(received).encode()
                self.own.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(told), told))
            else:
                now_ns = time.monotonic_ns()
                self.own.sendall(TAKEN)
                received[json.loads(body)["event"]["event_id"]] = now_ns
        return True


def main() -> None:
    """Serve until killed; the port is the only argument."""
    received: dict[str, int] = {}
    waiting = selectors.DefaultSelector()
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as door:
        waiting.register(door, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is door:
                    own, _ = door.accept()
                    waiting.register(own, selectors.EVENT_READ, Connection(own))
                elif not key.data.serve(received):
                    waiting.unregister(key.fileobj)
                    key.data.own.close()


if __name__ == "__main__":
    main()
