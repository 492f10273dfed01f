"""A real SMTP server in a process of its own: says its port, then each message it took, as lines of JSON.

Recipients say what happens to them: `busy` is told 451, `refused` 550, `hang` nothing at all, and at `drop` it hangs up.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

LOGIN = (b"mailer", b"s3cret")


def tell(**what: object) -> None:
    """One line to whoever started this."""
    print(json.dumps(what), flush=True)


class Postman:
    """Takes everything, but for the recipients above."""

    async def handle_RCPT(self, server, session, envelope, address, options):
        match address.partition("@")[0]:
            case "busy":
                return "451 later"
            case "refused":
                return "550 s3cret nobody of that name"
            case "hang":
                await asyncio.Event().wait()
            case "drop":
                server.transport.abort()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        tell(sender=envelope.mail_from, recipients=envelope.rcpt_tos, data=envelope.content.decode("latin-1"),
             tls=server.transport.get_extra_info("sslcontext") is not None, login=session.auth_data)
        return "250 taken"


def knows(server, session, envelope, mechanism, data):
    """Whether that is the login there is."""
    good = (data.login, data.password) == LOGIN
    return AuthResult(success=good, handled=False, auth_data=data.login.decode() if good else None)


async def main(mode: str, chain: str, key: str) -> None:
    """Serve on a free port of 127.0.0.1 until killed. Modes: open, starttls, tls."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)

    def made() -> SMTP:
        return SMTP(Postman(), hostname="mail.test", tls_context=context if mode == "starttls" else None,
                    authenticator=knows, auth_required=mode != "open", auth_require_tls=mode == "starttls",
                    require_starttls=mode == "starttls", enable_SMTPUTF8=False)

    loop = asyncio.get_running_loop()
    server = await loop.create_server(made, "127.0.0.1", 0, ssl=context if mode == "tls" else None)
    tell(port=server.sockets[0].getsockname()[1])
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
