"""`oracle top` on a real terminal and without one, against real servers."""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from contextlib import contextmanager

from tests.serving import ORACLE, REPO, clean_env, oracle, serving

LATEST_S = 30.0


class Terminal:
    """A terminal of 80 by 24 with `oracle` in it."""

    def __init__(self, *args):
        self._file, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        env = clean_env(PYTHONPATH=str(REPO), TERM="xterm-256color")
        for fixed in ("COLUMNS", "LINES"):  # they would say the size for ever
            env.pop(fixed, None)
        self.process = subprocess.Popen([ORACLE, *map(str, args)], stdin=inside, stdout=inside, stderr=inside, env=env,
                                        start_new_session=True, preexec_fn=_owns_its_terminal)  # fmt: skip
        os.close(inside)

    def until(self, *words):
        """Read on until all of these were shown."""
        shown, missing, latest_s = b"", [word.encode() for word in words], time.monotonic() + LATEST_S
        while missing:
            came = select.select([self._file], [], [], max(0.0, latest_s - time.monotonic()))[0]
            assert came, f"not shown: {missing} in {shown[-4_000:].decode(errors='replace')}"
            shown += os.read(self._file, 65_536)
            missing = [word for word in missing if word not in shown]

    def press(self, keys):
        """Type."""
        os.write(self._file, keys.encode())

    def resize(self, columns, rows):
        """Change the size of the window."""
        fcntl.ioctl(self._file, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)

    @property
    def echoes(self):
        """Whether what is typed is shown, as in a shell."""
        return bool(termios.tcgetattr(self._file)[3] & termios.ECHO)

    def end(self):
        self.process.kill()
        self.process.wait()
        os.close(self._file)


def _owns_its_terminal():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # else Ctrl-C would be a character


@contextmanager
def terminal(*args):
    one = Terminal(*args)
    try:
        yield one
    finally:
        one.end()


def test_top_shows_a_server_as_it_goes_over_its_death_and_until_q(tmp_path):
    with serving(tmp_path / "data") as server, terminal("top", "--every", "0.2", "--data", server.data) as top:
        top.until("ACTORS", "live", server.url, "msg/s", "connected")
        assert not top.echoes
        top.press("\t\t\t")
        top.press("/price_anomaly\n")
        top.until("filter: price_anomaly")
        top.press("\x1b")
        top.resize(160, 50)
        top.until("ACTORS", "watchdog:arbitrage_opportunity")
        server.end(signal.SIGKILL)
        top.until("reconnecting for", "no server runs on the data folder")
        with serving(server.data) as again:
            top.until("live", again.url)
            top.press("q")
            assert top.process.wait(LATEST_S) == 0
            assert top.echoes
            once = oracle("top", "--data", again.data)
            assert (once.returncode, once.stderr) == (0, "")
            assert "FEEDS (1)" in once.stdout and "  watchdog:price_anomaly" in once.stdout and "\x1b" not in once.stdout
            told = json.loads(oracle("top", "--json", "--data", again.data).stdout)
            assert told["url"] == f"{again.url}/" and told["messages_per_s"] > 0 and told["tree"]["name"] == "root"
            assert told["alerts"][0]["alert_id"] == "demo_price_spike" and told["events"]
            with terminal("top", "--data", again.data) as other:
                other.until("live")
                other.press("\x03")
                assert other.process.wait(LATEST_S) == 130
                assert other.echoes
    nobody = oracle("top", "--data", tmp_path)
    assert nobody.returncode == 4 and "no server runs on the data folder" in nobody.stderr
