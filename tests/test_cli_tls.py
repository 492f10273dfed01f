"""`oracle serve` over TLS and nothing else: a real process, stock clients, and the commands that find it."""

from __future__ import annotations

import http.client
import http.cookiejar
import json
import signal
import ssl
import urllib.error
import urllib.request

import pytest
from certificates import authority, certified, trusting
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.serving import oracle, serving

LISTEN = ("https://127.0.0.1:0",)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The environment that names a certificate which no system believes, for a name that is not the address's."""
    chain, key = certified(tmp_path_factory.mktemp("tls"), "localhost")
    return {"ORACLE__SERVER__TLS_CERTIFICATE": str(chain), "ORACLE__SERVER__TLS_KEY": str(key)}


@pytest.fixture(scope="module")
def server(tmp_path_factory, files):
    eager = {f"ORACLE__WATCHDOGS__PRICE_ANOMALY__{key}": value for key, value in {
        "LIMIT_PCT": "0.0001", "REARM_PCT": "0.00005", "WINDOW_S": "2", "SYMBOLS": "*"}.items()}  # fmt: skip
    with serving(tmp_path_factory.mktemp("cli") / "data", listen=LISTEN, **files, **eager) as running:
        yield running


def named(url: str) -> str:
    return url.replace("127.0.0.1", "localhost")


def test_it_is_ready_and_announced_at_https(server, files):
    assert server.ready.startswith("oracle ready https://127.0.0.1:")
    card = json.loads((server.data / "server.json").read_text())
    assert card["url"] == f"{server.url}/"
    with open(files["ORACLE__SERVER__TLS_CERTIFICATE"]) as chain:
        assert chain.read().startswith(card["certificate"])
    assert card["certificate"].count("BEGIN") == 1


def test_stock_clients_are_served(server):
    with urllib.request.urlopen(f"{named(server.url)}/healthz", timeout=10, context=trusting()) as answer:
        assert json.load(answer) == {"status": "ok"}
    kept = http.client.HTTPSConnection("localhost", server.port, timeout=10, context=trusting())
    for path in ("/healthz", "/readyz", "/healthz", "/api/oracle/tree"):  # the simplest of them are answered without the app
        kept.request("GET", path)
        assert json.load(kept.getresponse())
    kept.close()
    origin = named(server.url)
    url = f"{origin.replace('https', 'wss')}/api/oracle/stream?topics=quote:*"
    with connect(url, ssl=trusting(), origin=origin) as stream:
        offsets = []
        while len(offsets) < 50:
            told = json.loads(stream.recv(10))
            if told["type"] == "quote":
                offsets.append(told["offset"])
    assert offsets[20:] == sorted(set(offsets[20:]))


def test_the_commands_find_it_and_believe_it(server):
    tail = oracle("tail", "quote:*", "--count", 3, "--json", "--data", server.data)
    assert (tail.returncode, tail.stderr) == (0, "")
    assert all(json.loads(line)["topic"].startswith("quote:") for line in tail.stdout.splitlines())
    assert "root running" in oracle("tree", "--data", server.data).stdout
    checks = json.loads(oracle("doctor", "--data", server.data, "--json").stdout)["checks"]
    (found,) = [check for check in checks if check["name"] == "server"]
    assert found["ok"] and server.url in found["found"]


def test_a_url_is_verified_as_the_system_does(server, tmp_path):
    for command in (("tree",), ("tail", "*")):
        refused = oracle(*command, "--url", named(server.url))
        assert refused.returncode == 4 and "the certificate is not believed" in refused.stderr
    (tmp_path / "authority.pem").write_bytes(authority().cert_pem.bytes())
    system = {"SSL_CERT_FILE": str(tmp_path / "authority.pem")}
    assert oracle("tree", "--url", named(server.url), **system).returncode == 0
    assert oracle("tail", "quote:*", "--count", 1, "--url", named(server.url), **system).returncode == 0
    address = oracle("tree", "--url", server.url, **system)
    assert address.returncode == 4 and "is not valid for '127.0.0.1'" in address.stderr


def test_the_demonstration_delivers_to_its_own_inbox(server):
    url = f"{named(server.url).replace('https', 'wss')}/api/oracle/stream?topics=event:webhook_received:*"
    with connect(url, ssl=trusting()) as stream:
        epoch = until(stream, "ready")["epoch"]
    with connect(f"{url}&since={epoch}:0", ssl=trusting()) as stream:  # it may have come long ago
        assert until(stream, "event")["data"]["data"]["alert_id"] == "demo_price_spike"


def until(stream, kind: str) -> dict:
    """The next message of a type."""
    while (told := json.loads(stream.recv(20)))["type"] != kind:
        pass
    return told


def test_the_end_tells_1001_and_a_session_s_cookie_is_for_https_only(tmp_path, files):
    with serving(tmp_path / "data", "--no-demo", "--auth", "token", listen=LISTEN, **files) as running:
        secret = running.ready.partition("?token=")[2]
        jar = http.cookiejar.CookieJar()
        browser = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(jar), urllib.request.HTTPSHandler(context=trusting()))
        browser.open(f"{named(running.url)}/?token={secret}", timeout=10).close()
        assert [cookie.secure for cookie in jar] == [True]
        with browser.open(f"{named(running.url)}/api/oracle/tree", timeout=10) as answer:
            assert json.load(answer)["name"] == "root"
        assert oracle("tree", "--data", running.data).returncode == 0
        url = f"{named(running.url).replace('https', 'wss')}/api/oracle/stream"
        with connect(url, ssl=trusting(), additional_headers={"Authorization": f"Bearer {secret}"}) as stream:
            stream.recv(10)
            running.process.send_signal(signal.SIGTERM)
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    stream.recv(10)
        assert closed.value.rcvd.code == 1001
        assert running.process.wait(20) == 0
        assert "Traceback" not in running.said()


def test_old_versions_and_plain_http_are_turned_away(server):
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old = trusting_old()
    with pytest.raises(urllib.error.URLError, match="ALERT_PROTOCOL_VERSION"):
        urllib.request.urlopen(f"{named(server.url)}/healthz", timeout=10, context=old)
    with pytest.raises(urllib.error.HTTPError, match="400") as refused:
        urllib.request.urlopen(f"{server.url.replace('https', 'http')}/healthz", timeout=10)
    assert json.load(refused.value)["error"]["code"] == "https_needed"


def trusting_old() -> ssl.SSLContext:
    """For a client that speaks TLS 1.1 at most."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


@pytest.mark.parametrize("command", [("serve",), ("config", "check"), ("doctor",)], ids=" ".join)
def test_files_that_will_not_do_are_refused_before_anything_starts(tmp_path, files, command):
    wrong = {**files, "ORACLE__SERVER__TLS_KEY": str(tmp_path / "nowhere.pem"), "ORACLE__DATA__FOLDER": str(tmp_path / "d")}
    refused = oracle(*command, ORACLE__SERVER__LISTEN=LISTEN[0], **wrong)
    assert refused.returncode == (5 if command == ("doctor",) else 2)
    said = refused.stdout if command == ("doctor",) else refused.stderr
    assert "server.tls_key: No such file or directory" in " ".join(said.split()) and "Traceback" not in refused.stderr
    assert not (tmp_path / "d").exists()


def test_a_replay_is_served_plainly(tmp_path):
    (tmp_path / "x.rec").write_text('wss://example.org/ws <-> 1700000000.0\n1700000000.5: {"a": 1}\n')
    refused = oracle("replay", tmp_path / "x.rec", "--listen", LISTEN[0])
    assert refused.returncode == 2 and "a recording is served without TLS" in refused.stderr
