"""What is different over TLS: the handshake and its abuse, whom a client believes, and that idle clients are told everything.
That the bytes are the same is tested where they are, in test_server.py and test_outlet.py."""

from __future__ import annotations

import ssl
import subprocess

import attrs
import pytest
import trio
from certificates import authority, certified, server_shows, trusting
from live import Client, exchange, open_live

from oracle.http import Http, HttpFailed
from oracle.presence import Presence
from oracle.problems import Invalid
from oracle.remote import Remote, RemoteFailed
from oracle.settings import Server
from oracle.tls import exactly, shown
from oracle.websocket import Lost, connect
from web.desk import Bounds

LAST = b"GET %b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@attrs.frozen
class Note:
    """A message of these tests."""

    topic: str
    n: int = 0
    retained: bool = True


async def scheme(scope, receive, send):
    """An app that says over what it was called."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["scheme"].encode()})


# ---- what is spoken


async def test_an_address_says_what_it_speaks_and_so_does_the_scope():
    async with open_live(app=scheme, tls=True) as live:
        assert live.listeners[0].url == f"https://127.0.0.1:{live.port}"
        assert (await exchange(live, LAST % b"/")).endswith(b"\r\nhttps\r\n0\r\n\r\n")
    async with open_live(app=scheme) as live:
        assert (await exchange(live, LAST % b"/")).endswith(b"\r\nhttp\r\n0\r\n\r\n")


@pytest.mark.parametrize(("newest", "agreed"), [(ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")])
async def test_both_versions_are_spoken_with_http_1_1_and_end_in_good_form(newest, agreed):
    context = ssl.create_default_context(cadata=server_shows().certificate)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.maximum_version = newest
    context.set_alpn_protocols(["h2", "http/1.1"])
    async with open_live(tls=True) as live:
        bare = await trio.open_tcp_stream("127.0.0.1", live.port)
        # not https_compatible: a connection that ends without a farewell is an error to it
        stream = trio.SSLStream(bare, context, server_hostname="localhost")
        await stream.send_all(LAST % b"/big/3000000")
        assert (stream.version(), stream.selected_alpn_protocol()) == (agreed, "http/1.1")
        answer = b""
        with trio.fail_after(30):
            while data := await stream.receive_some():
                answer += data
        assert answer.partition(b"\r\n\r\n")[2] == b"x" * 3_000_000


async def test_an_idle_client_is_told_each_value_of_a_burst():
    async with open_live(tls=True) as live:
        client = await Client.connect(live, "/stream?topics=quote:*")
        await client.message_of("ready")
        offsets = [live.runtime.publish(Note("quote:X", n)) for n in range(500)]
        assert [(await client.message_of("quote"))["offset"] for _ in range(500)] == offsets
        assert client.skipped == 0


async def test_a_message_of_many_records_arrives_whole():
    async with open_live(tls=True) as live:
        client = await Client.connect(live, "/echo")
        for size in (1, 16_384, 60_000):
            await client.send(1, b"y" * size)
            assert await client.frame() == (1, b"y" * size)


# ---- the handshake and its abuse


def hello() -> bytes:
    """The first bytes of a good handshake."""
    outgoing = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        trusting().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost").do_handshake()
    return outgoing.read()


async def test_who_does_not_shake_hands_costs_only_a_connection_and_is_counted(caplog):
    junk = [b"\x00" * 5_000, b"SSH-2.0-x\r\n", b"\x16\x03\x01\x00\x05hello", b"\x16\x03\x01" + b"\xff" * 400,
            hello()[:100], hello(), b""]  # fmt: skip
    async with open_live(Bounds(head_s=0.3), tls=True) as live:
        witness = await Client.connect(live, "/stream?topics=note:*")
        await witness.message_of("ready")
        streams = [await trio.open_tcp_stream("127.0.0.1", live.port) for _ in junk]
        for stream, data in zip(streams, junk, strict=True):
            await stream.send_all(data)
        gone = await trio.open_tcp_stream("127.0.0.1", live.port)
        await gone.aclose()
        await live.when(lambda desk: desk.no_handshake == len(junk) + 1 and len(desk.open) == 1)
        desk = await live.desk()
        assert (desk.accepted, desk.crashed, desk.cut_off) == (len(junk) + 2, 0, 0)
        offset = live.runtime.publish(Note("note:x"))
        assert (await witness.message_of("note"))["offset"] == offset
        for stream in streams:
            await stream.aclose()
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "WARNING")]


async def test_plain_http_is_told_that_https_is_needed():
    async with open_live(tls=True) as live, await trio.open_tcp_stream("127.0.0.1", live.port) as stream:
        await stream.send_all(LAST % b"/" + b"more" * 5_000)
        answer = b""
        while data := await stream.receive_some():
            answer += data
        assert answer.startswith(b"HTTP/1.1 400 ") and b"https_needed" in answer
        desk = await live.desk()
        assert (desk.no_handshake, desk.crashed) == (1, 0)


async def test_a_stop_does_not_wait_for_a_handshake():
    with trio.fail_after(2):
        async with open_live(tls=True) as live:
            hanging = await trio.open_tcp_stream("127.0.0.1", live.port)
            await hanging.send_all(hello()[:50])
            await live.when(lambda desk: len(desk.open) == 1)


async def test_records_that_were_tampered_with_end_the_connection():
    async with open_live(tls=True) as live:
        client = await Client.connect(live, "/stream")
        await client.message_of("ready")
        await client.sock.send(b"\x17\x03\x03\x00\x20" + b"?" * 32)
        await live.quiet(0)
        assert (await live.desk()).crashed == 0


async def test_a_client_that_hangs_up_without_a_farewell_is_simply_gone():
    async with open_live(tls=True) as live:
        client = await Client.connect(live, "/stream")
        await client.message_of("ready")
        client.sock.close()
        await live.quiet(0)
        desk = await live.desk()
        assert (desk.crashed, desk.cut_off, desk.no_handshake) == (0, 0, 0)


# ---- files


def refusal(**files) -> str:
    with pytest.raises(Invalid) as caught:
        shown(Server(**files))
    return str(caught.value)


def test_files_that_will_not_do_are_refused_by_name(tmp_path):
    chain, key = certified(tmp_path, "a.test")
    (tmp_path / "other").mkdir()
    _, other = certified(tmp_path / "other", "b.test")
    empty, locked = tmp_path / "empty.pem", tmp_path / "locked.pem"
    empty.write_text("nothing")
    said = refusal(tls_certificate=tmp_path / "none.pem", tls_key=key)
    assert said.startswith("server.tls_certificate: No such file or directory (given ")
    assert refusal(tls_certificate=empty, tls_key=key).startswith("server.tls_certificate: no certificate in PEM is in it")
    assert refusal(tls_certificate=chain, tls_key=empty).startswith("server.tls_key: no private key in PEM is in it")
    assert refusal(tls_certificate=chain).startswith("server.tls_certificate: no private key in PEM is in it; server.tls_key")
    assert refusal(tls_certificate=chain, tls_key=tmp_path).startswith("server.tls_key: Is a directory")
    mismatch = refusal(tls_certificate=chain, tls_key=other)
    assert mismatch.startswith("server.tls_key: its private key is not that of the certificate in")
    subprocess.run(["openssl", "pkey", "-in", key, "-aes256", "-passout", "pass:abc", "-out", locked], check=True)
    assert refusal(tls_certificate=chain, tls_key=locked).startswith("server.tls_key: its private key needs a passphrase")
    chain.write_text(chain.read_text()[:400] + "-----END CERTIFICATE-----\n")
    assert refusal(tls_certificate=chain, tls_key=key).startswith("server.tls_certificate: it can't be used: ")


def test_one_file_may_hold_both(tmp_path):
    chain, key = certified(tmp_path, "a.test")
    both = tmp_path / "both.pem"
    both.write_text(key.read_text() + chain.read_text())
    made = shown(Server(tls_certificate=both))
    assert made is not None and made.certificate.strip() in both.read_text() and "KEY" not in made.certificate
    assert shown(Server()) is None


# ---- whom a client believes


@pytest.fixture
def stranger(tmp_path):
    """The certificate of somebody else."""
    return certified(tmp_path, "localhost", "127.0.0.1")[0].read_text()


@pytest.mark.parametrize("engine", ["httpx", "asks"])
async def test_exactly_one_certificate_is_believed_at_one_origin(engine, stranger):
    async with open_live(tls=True) as live:
        url = f"https://127.0.0.1:{live.port}"
        allow = ("127.0.0.1",)
        own, other = exactly(server_shows().certificate), exactly(stranger)
        assert (await Http(engine, allow, {url: own}).request("GET", url)).body == b"home"
        for trust in ({url: other}, {}, {"https://127.0.0.1:1": own}):
            with pytest.raises(HttpFailed, match="the certificate is not believed: ") as failed:
                await Http(engine, allow, trust).request("GET", url)
            assert failed.value.kind == "tls"
        await live.when(lambda desk: not desk.open and desk.crashed == 0)


async def test_a_name_is_of_no_account_where_the_certificate_is_known_and_only_there(tmp_path, monkeypatch):
    chain, key = certified(tmp_path, "elsewhere.test")
    (tmp_path / "authority.pem").write_bytes(authority().cert_pem.bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    async with open_live(tls=True) as live:
        live.listeners[0].tls = made = shown(Server(tls_certificate=chain, tls_key=key))
        live.runtime.restart("web")
        remote = Remote.of(Presence(f"{live.listeners[0].url}/", 1, certificate=made.certificate))
        assert (await remote.ask("GET", "")).body == b"home"
        with pytest.raises(RemoteFailed, match=r"certificate is not valid for '127\.0\.0\.1'"):
            await attrs.evolve(remote, certificate="").ask("GET", "")


async def test_the_command_line_s_stream_believes_as_its_requests_do(stranger):
    async with open_live(tls=True) as live:
        url = f"wss://127.0.0.1:{live.port}/stream"
        limits = {"timeout_s": 5, "max_message_bytes": 100_000}
        async with connect(url, certificate=server_shows().certificate, **limits) as stream:
            assert "subscribed" in str(await stream.receive())
        for certificate in (stranger, ""):
            with pytest.raises(Lost, match="the certificate is not believed: "):
                async with connect(url, certificate=certificate, **limits):
                    pass


def test_a_card_without_a_good_certificate_is_no_server():
    with pytest.raises(RemoteFailed, match="is said to have is none"):
        Remote.of(Presence("https://127.0.0.1:1/", 1, certificate="?"))
