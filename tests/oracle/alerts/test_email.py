"""Mail: a real server, real TLS, one deadline; what is refused is said with its code and nothing else."""

import attrs
import pytest
import trio
from alerting import T0_US, event, rule
from hypothesis import given
from hypothesis import strategies as st
from mail import open_mail, read
from sink import open_raw

from oracle import smtp
from oracle.alerts.channels.email import Email, _message
from oracle.alerts.owed import deliveries_for
from oracle.alerts.sending import DeliveryFailed, Tools
from oracle.http import Http

SECRET = "s3cret"
HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
WORDS = st.text(alphabet="ab1.@<>\",;:()[]\\ \r\n\u00fc\u2028=?")
WORDS |= st.sampled_from(["a@b.test", "Me <me@b.test>", "=?utf-8?q?x?="])


def mailing(port, *to, **more):
    config = {"smtp_host": "localhost", "smtp_port": port, "smtp_user": "", "smtp_password": "", "from_email": "a@oracle.test",
              "to_emails": to or ("you@there.test",), "use_tls": False, **more}
    return rule(delivery_methods=["email"], email_config=config)


def logged_in(port, *to, **more):
    return mailing(port, *to, smtp_user="mailer", smtp_password="secret:1", **more)


async def send(one, http, number=0, timeout_s=10.0, password=SECRET):
    tools = Tools(http, {"secret:1": password}.__getitem__, lambda: T0_US)
    return await Email(timeout_s=timeout_s).send(deliveries_for(one, event(), T0_US)[number], one, tools)


async def failure(*args, **how):
    with pytest.raises(DeliveryFailed) as caught:
        await send(*args, **how)
    assert SECRET not in caught.value.error
    return caught.value


async def test_a_message_arrives_as_text_and_html_with_the_ids_of_its_delivery():
    async with open_mail() as mail:
        one = mailing(mail.port, "you@there.test", "me@there.test", from_email="Oracle <alerts@oracle.test>")
        assert await send(one, mail.http(), 1) == 250
        arrival = await mail.next()
    message = read(arrival)
    ident = deliveries_for(one, event(), T0_US)[1].id.partition("-")[0]
    assert (arrival["sender"], arrival["recipients"]) == ("alerts@oracle.test", ["me@there.test"])
    assert message["Subject"] == "FIML Alert: Big moves"
    assert (message["From"], message["To"]) == ("Oracle <alerts@oracle.test>", "you@there.test, me@there.test")
    assert message["Message-ID"] == f"<{ident}@oracle.test>"
    assert message["Date"] == "Tue, 14 Nov 2023 22:13:20 +0000"
    text, page = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    for word in ("Big moves", "price_anomaly", "high", "BTC-USD rose", "2023-11-14 22:13:20 UTC"):
        assert word in text and word in page
    assert "FIML" in page


async def test_every_recipient_gets_the_same_message_in_a_delivery_of_its_own_the_same_in_every_try():
    async with open_mail() as mail:
        one = mailing(mail.port, "you@there.test", "me@there.test")
        for number in (0, 0, 1):
            await send(one, mail.http(), number)
        arrivals = [await mail.next() for _ in range(3)]
    assert [arrival["recipients"] for arrival in arrivals] == [["you@there.test"], ["you@there.test"], ["me@there.test"]]
    assert len({arrival["data"] for arrival in arrivals}) == 1


@pytest.mark.parametrize("mode", ["starttls", "tls"])
async def test_it_speaks_tls_and_logs_in(mode, monkeypatch):
    async with open_mail(mode) as mail:
        monkeypatch.setattr(smtp, "TLS_PORT", mail.port if mode == "tls" else 465)
        assert await send(logged_in(mail.port, use_tls=True), mail.http()) == 250
        arrival = await mail.next()
        assert (arrival["tls"], arrival["login"]) == (True, "mailer")
        wrong = await failure(logged_in(mail.port, use_tls=True), mail.http(), password="wrong")
        assert (wrong.final, wrong.status) == (True, 535)


@pytest.mark.parametrize("mode", ["starttls", "tls"])
async def test_a_certificate_that_is_not_believed_is_told_nothing(mode, monkeypatch):
    async with open_mail(mode) as mail:
        monkeypatch.setattr(smtp, "TLS_PORT", mail.port if mode == "tls" else 465)
        failed = await failure(logged_in(mail.port, use_tls=True), Http(allow=("127.0.0.1", "::1")))
    assert "certificate is not believed" in failed.error and not failed.final


async def test_nothing_goes_out_in_the_open_where_tls_was_asked_for():
    async with open_mail() as mail:
        failed = await failure(mailing(mail.port, use_tls=True), mail.http())
    assert failed.final and "STARTTLS" in failed.error


@pytest.mark.parametrize(("name", "status", "final"), [("busy", 451, False), ("refused", 550, True), ("drop", 0, False)])
async def test_what_the_server_refuses_for_now_is_tried_again_and_for_good_is_not(name, status, final):
    async with open_mail() as mail:
        failed = await failure(mailing(mail.port, f"{name}@there.test"), mail.http())
    assert (failed.status, failed.final) == (status, final)
    assert "nobody" not in failed.error  # its words may be anything


async def test_silence_ends_with_the_deadline_and_so_does_the_thread():
    async with open_mail() as mail:
        failed = await failure(mailing(mail.port, "hang@there.test"), mail.http(), timeout_s=0.3)
        assert not failed.final and "within 0.3 s" in failed.error
        with trio.fail_after(5):
            while trio.to_thread.current_default_thread_limiter().borrowed_tokens:
                await trio.sleep(0.01)


@pytest.mark.parametrize("said", [
    b"garbage\r\n", b"\x00\xff\r\n", b"220 x\r\n", b"", b"554 go away\r\n", b"220-" * 5000, b"220 a\r\n250-\xff\r\n250 AUTH\r\n",
])  # fmt: skip
async def test_whatever_is_said_ends_in_a_failure_in_words(said):
    async def serve(stream):
        await stream.send_all(said)

    async with open_raw(serve) as port:
        failed = await failure(mailing(port), Http(allow=("127.0.0.1", "::1")), timeout_s=1.0)
    assert failed.final is said.startswith((b"554", b"220-"))  # a line without end is none to try again


async def test_a_server_that_never_stops_talking_is_left():
    async def serve(stream):
        while True:
            await stream.send_all(b"220-and another thing\r\n" * 100)

    async with open_raw(serve) as port:
        with trio.fail_after(5):
            failed = await failure(mailing(port), Http(allow=("127.0.0.1", "::1")), timeout_s=30)
    assert "broke the connection" in failed.error and not failed.final


async def test_a_connection_that_hangs_before_tls_ends_with_the_deadline(monkeypatch):
    async def serve(stream):
        await trio.sleep_forever()

    async with open_raw(serve) as port:
        monkeypatch.setattr(smtp, "TLS_PORT", port)
        assert not (await failure(mailing(port), Http(allow=("127.0.0.1", "::1")), timeout_s=0.2)).final
    assert not (await failure(mailing(port), Http(allow=("127.0.0.1", "::1")))).final  # nobody there


async def test_the_guard_holds_for_mail_too():
    async with open_mail() as mail:
        failed = await failure(mailing(mail.port), mail.http("10.0.0.0/8"))
    assert failed.final and "http.allow" in failed.error


@pytest.mark.parametrize("address", ["", "no", "a@b\r\nBcc: x@y", "a b@c", "<>", "\u00fc@there.test", "a@b, c@d", "a@-\u2028"])
async def test_an_address_that_is_none_is_final(address):
    for more in ({"to_emails": [address]}, {"from_email": address}):
        failed = await failure(mailing(1, **more), Http())
        assert failed.final


async def test_a_hostile_name_makes_no_header_and_no_tag():
    name = "a\r\nBcc: x@y.test\r\n\r\n<script>alert(1)</script> \u202e\U0001f600" + "x" * 1000
    async with open_mail() as mail:
        await send(attrs.evolve(mailing(mail.port), name=name), mail.http())
        arrival = await mail.next()
    message = read(arrival)
    assert sorted(message.keys()) == sorted(HEADERS)
    assert arrival["recipients"] == ["you@there.test"]
    assert message["Subject"].startswith("FIML Alert: a Bcc: x@y.test <script>") and len(message["Subject"]) == 200 - 1
    page = message.get_body(("html",)).get_content()
    assert "<script" not in page and "&lt;script&gt;" in page


@given(WORDS, st.lists(WORDS, min_size=1, max_size=3), WORDS)
def test_whatever_addresses_are_it_is_a_message_with_its_headers_or_refused(sender, recipients, name):
    one = attrs.evolve(mailing(1, *recipients, from_email=sender), name=name)
    try:
        made = _message(deliveries_for(one, event(), T0_US)[0], one, one.email_config)
    except DeliveryFailed as failed:
        assert failed.final
        return
    message = read({"data": made.decode("ascii")})
    assert sorted(message.keys()) == sorted(HEADERS)
    assert len(message["From"].addresses) == 1
    assert all(address.addr_spec.isascii() for address in message["To"].addresses)
