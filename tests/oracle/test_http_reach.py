"""Outbound HTTP, part two: redirects, the guard and TLS; one suite over both engines, real sockets."""

import shutil
import ssl
import subprocess

import pytest
from names import Names
from sink import ENGINES, LOCAL, answering, open_raw, open_sink, refusal

from oracle.http import Http
from oracle.problems import Invalid


@pytest.fixture(params=ENGINES)
def http(request):
    if request.param == "asks":
        pytest.importorskip("asks", reason="the extra asks is not installed")
    return Http(request.param, LOCAL)


# ---- redirects


@pytest.mark.parametrize(("status", "method", "then", "body"), [
    (301, "POST", "GET", b""), (302, "POST", "GET", b""), (303, "POST", "GET", b""), (303, "PUT", "GET", b""),
    (307, "POST", "POST", b"abc"), (308, "PUT", "PUT", b"abc"), (302, "PUT", "PUT", b"abc"),
    (303, "HEAD", "HEAD", b"abc"),
])
async def test_redirects_change_the_method_as_browsers_do(http, status, method, then, body):
    async def script(call, stream):
        await (answering(status, Location="/there") if call.path == "/hook" else answering(200))(call, stream)

    async with open_sink(script) as sink:
        await http.request(method, sink.url(), body=b"abc", headers={"X-Own": "1", "Content-Type": "text/x"})
    second = sink.calls[1]
    assert (second.path, second.method, second.body) == ("/there", then, body)
    assert second.headers["x-own"] == "1"
    assert ("content-type" in second.headers) == bool(body)


async def test_three_redirects_are_followed_and_not_four(http):
    hops = 3

    async def script(call, stream):
        number = int(call.path[1:])
        await (answering(307, Location=f"/{number + 1}") if number < hops else answering(200))(call, stream)

    async with open_sink(script) as sink:
        assert (await http.request("GET", sink.url("/0"))).status == 200
        hops = 4
        assert (await refusal(http, sink.url("/0"))).kind == "protocol"
    assert len(sink.calls) == 4 + 4


async def test_another_origin_gets_no_header_but_accept(http):
    async with open_sink() as second, open_sink(answering(307, Location=second.url("/there"))) as first:
        await http.request("POST", first.url(), body=b"abc", headers={
            "Authorization": "Bearer s3cret", "Cookie": "a=b", "X-Own": "1", "Accept": "text/x"})
    assert first.calls[0].headers["authorization"] == "Bearer s3cret"
    call = second.calls[0]
    assert (call.method, call.body, call.headers["accept"]) == ("POST", b"abc", "text/x")
    assert not {"authorization", "cookie", "x-own"} & call.headers.keys()


async def test_a_redirect_to_a_private_address_is_refused(http):
    async with open_sink(answering(302, Location="http://169.254.169.254/latest/meta-data")) as sink:
        assert (await refusal(http, sink.url())).kind == "refused"


@pytest.mark.parametrize("location", ["ftp://a.test/", "file:///etc/passwd", "http://[::1", "//u:p@127.0.0.1/"])
async def test_a_redirect_to_nowhere_sensible_is_refused(http, location):
    async with open_sink(answering(302, Location=location)) as sink:
        assert (await refusal(http, sink.url())).kind == "refused"


async def test_a_redirect_without_a_place_is_an_answer(http):
    async with open_sink(answering(302)) as sink:
        assert (await http.request("GET", sink.url())).status == 302


# ---- the guard


@pytest.mark.parametrize("engine", ENGINES)
async def test_loopback_is_refused_without_an_allow_entry_and_nothing_is_sent(engine):
    async with open_sink() as sink:
        assert (await refusal(Http(engine), sink.url())).kind == "refused"
    assert sink.calls == []


@pytest.mark.parametrize("url", [
    "http://localhost:{}/", "http://127.1:{}/", "http://2130706433:{}/", "http://0x7f000001:{}/",
    "http://[::ffff:127.0.0.1]:{}/", "http://0:{}/",
])
@pytest.mark.parametrize("engine", ENGINES)
async def test_other_spellings_of_loopback_are_refused_too(engine, url):
    async with open_sink() as sink:
        error = await refusal(Http(engine), url.format(sink.port))
    assert error.kind in ("refused", "network")
    assert sink.calls == []


async def test_the_address_that_was_checked_is_the_one_connected_to(http):
    names = Names()
    names["rebinding.test"] = [["127.0.0.1"], ["169.254.169.254"]]
    async with open_sink() as sink:
        assert (await http.request("GET", sink.url(host="rebinding.test"))).status == 200
    assert names.asked == ["rebinding.test"]
    assert sink.calls[0].headers["host"] == f"rebinding.test:{sink.port}"


async def test_a_redirect_is_resolved_and_checked_again(http):
    names = Names()
    names["rebinding.test"] = [["127.0.0.1"], ["169.254.169.254"]]
    async with open_sink(answering(307, Location="/again")) as sink:
        assert (await refusal(http, sink.url(host="rebinding.test"))).kind == "refused"
    assert names.asked == ["rebinding.test", "rebinding.test"]
    assert len(sink.calls) == 1


async def test_the_next_permitted_address_is_tried_when_one_does_not_answer(http):
    http = Http(http.engine, ["two.test"])
    Names()["two.test"] = ["127.0.0.2", "127.0.0.1"]
    async with open_sink() as sink:
        assert (await http.request("GET", sink.url(host="two.test"))).status == 200


@pytest.mark.parametrize(("given", "where"), [
    ({"engine": "curl"}, "http.engine"), ({"allow": ["10.0.0.0/99"]}, "http.allow"), ({"allow": ["a.test/x"]}, "http.allow"),
])
def test_settings_that_make_no_sense_are_refused_with_their_path(given, where):
    with pytest.raises(Invalid) as caught:
        Http(**given)
    assert caught.value.problems[0].where == where


# ---- TLS


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command, which makes the certificate, is not installed")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=sink.test", "-addext",
         "subjectAltName=DNS:sink.test", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True)
    return folder


@pytest.fixture
def tls(certificate):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    context.names_asked = []
    context.sni_callback = lambda _socket, name, _context: context.names_asked.append(name)
    return context


async def test_tls_checks_the_name_although_the_address_is_pinned(http, tls, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    names = Names()
    names["sink.test"] = names["other.test"] = ["127.0.0.1"]
    async with open_sink(answering(200, b"ok"), tls) as sink:
        assert (await http.request("GET", sink.url(host="sink.test"))).body == b"ok"
        assert (await refusal(http, sink.url(host="other.test"))).kind == "tls"
    assert tls.names_asked == ["sink.test", "other.test"]


async def test_a_certificate_of_an_unknown_authority_is_a_tls_failure(http, tls):
    Names()["sink.test"] = ["127.0.0.1"]
    async with open_sink(context=tls) as sink:
        assert (await refusal(http, sink.url(host="sink.test"))).kind == "tls"


async def test_https_to_a_server_that_does_not_speak_it_is_a_tls_failure(http):
    async with open_raw(lambda stream: stream.send_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        assert (await refusal(http, f"https://127.0.0.1:{port}/")).kind == "tls"


async def test_https_never_leads_to_http(http, tls, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    Names()["sink.test"] = ["127.0.0.1"]
    async with open_sink() as plain, open_sink(answering(302, Location=plain.url()), tls) as sink:
        assert (await refusal(http, sink.url(host="sink.test"))).kind == "refused"
    assert plain.calls == []
