"""Outbound mail: one message for one recipient over one connection, under the same rules as outbound HTTP.

The standard library's SMTP blocks, so it talks in a thread, over a connection that was made here: to an address that the
guard permits, within one deadline over everything. When that has passed, the connection is ended under the thread.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
from typing import Any

import attrs
import trio

from oracle.exchange import HttpFailed, Target
from oracle.http import Http
from oracle.tls import system, why

__all__ = ["TLS_PORT", "MailServer", "SmtpFailed", "send_mail"]

TLS_PORT = 465
"""Where TLS is spoken from the first byte."""

REPLIES_LIMIT_BYTES = 262_144


class SmtpFailed(Exception):
    """The server did not take the message. `final` where trying again can't help; `code` is the server's, else 0. The message
    says no more of its words than that: they may hold what it was told."""

    def __init__(self, message: str, *, final: bool = False, code: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.final = final
        self.code = code


@attrs.frozen
class MailServer:
    """Whom to talk to, and how: `starttls` must be offered where it is asked for; without a user nobody logs in."""

    host: str
    port: int
    starttls: bool
    user: str
    password: str = attrs.field(repr=False)

    @property
    def origin(self) -> str:
        """What may be said of it."""
        return f"smtp://{self.host}:{self.port}"


async def send_mail(server: MailServer, sender: str, recipient: str, message: bytes, http: Http, timeout_s: float) -> int:
    """The code of the server's last word once it has taken the message. Raises SmtpFailed, and nothing else."""
    try:
        with trio.fail_after(timeout_s):
            connection = await _connected(server, http)
            trust = http.trust_of(server.origin) or system()
            talk = _Talk(connection, server, trust, timeout_s)
            # A second name for the connection: TLS takes the first one away while it shakes hands.
            line = connection.dup()
            try:
                return await trio.to_thread.run_sync(talk.send, sender, recipient, message, abandon_on_cancel=True)
            finally:
                with contextlib.suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)
                line.close()
                if not talk.begun:  # no thread was free in time
                    connection.close()
    except trio.TooSlowError as error:
        raise SmtpFailed(f"{server.origin} did not take the message within {timeout_s:g} s") from error


async def _connected(server: MailServer, http: Http) -> socket.socket:
    try:
        addresses = await http.addresses(Target("smtp", server.host, server.port, "/"))
    except HttpFailed as failed:
        raise SmtpFailed(str(failed), final=failed.kind == "refused") from failed
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        made = trio.socket.socket(family, socket.SOCK_STREAM)
        try:
            await made.connect((address, server.port))
        except OSError:
            made.close()
            continue
        except BaseException:
            made.close()
            raise
        return socket.socket(fileno=made.detach())
    raise SmtpFailed(f"{server.origin} can't be reached")


class _Bounded:
    """What a server says, up to a limit: an answer may have any number of lines."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._room_bytes = REPLIES_LIMIT_BYTES

    def readline(self, limit: int) -> bytes:
        line: bytes = self._file.readline(limit)
        self._room_bytes -= len(line)
        if self._room_bytes < 0:
            raise OSError("too much was said")
        return line

    def close(self) -> None:
        self._file.close()


class _Smtp(smtplib.SMTP):
    """SMTP over a connection that is there already."""

    def __init__(self, connection: socket.socket, server: MailServer, timeout_s: float) -> None:
        self._given = connection
        own = connection.getsockname()[0]
        # Said here, or the library would ask the name service who we are.
        literal = f"[IPv6:{own}]" if ":" in own else f"[{own}]"
        super().__init__(server.host, server.port, local_hostname=literal, timeout=timeout_s)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _Bounded(self.sock.makefile("rb"))
        return super().getreply()

    def _get_socket(self, host: str, port: int, timeout: Any) -> socket.socket:
        return self._given


class _Talk:
    """What happens in the thread."""

    def __init__(self, connection: socket.socket, server: MailServer, trust: ssl.SSLContext, timeout_s: float) -> None:
        self._connection = connection
        self._server = server
        self._trust = trust
        self._timeout_s = timeout_s
        self.begun = False

    def send(self, sender: str, recipient: str, message: bytes) -> int:
        self.begun = True
        origin = self._server.origin
        try:
            with contextlib.closing(self._begun()) as smtp:
                return self._told(smtp, sender, recipient, message)
        except ssl.SSLError as error:
            raise SmtpFailed(f"{origin}: {why(error)}") from error
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            raise self._said(code, "to the recipient") from None
        except smtplib.SMTPResponseException as error:
            raise self._said(error.smtp_code, _STAGES.get(type(error), "")) from None
        except smtplib.SMTPServerDisconnected:
            raise SmtpFailed(f"{origin} broke the connection") from None
        except smtplib.SMTPNotSupportedError:
            raise SmtpFailed(f"{origin} does not offer what the rule asks for (STARTTLS or a login)", final=True) from None
        except smtplib.SMTPException:
            raise SmtpFailed(f"{origin} offers no login that we know", final=True) from None
        except OSError:
            raise SmtpFailed(f"{origin} broke the connection") from None
        except ValueError:
            raise SmtpFailed(f"{origin} did not answer in SMTP") from None
        finally:
            self._connection.close()

    def _begun(self) -> _Smtp:
        self._connection.settimeout(self._timeout_s)
        if self._server.port == TLS_PORT:
            self._connection = self._trust.wrap_socket(self._connection, server_hostname=self._server.host)
        return _Smtp(self._connection, self._server, self._timeout_s)

    def _told(self, smtp: _Smtp, sender: str, recipient: str, message: bytes) -> int:
        if self._server.starttls and self._server.port != TLS_PORT:
            smtp.starttls(context=self._trust)
        if self._server.user:
            smtp.login(self._server.user, self._server.password)
        smtp.sendmail(sender, [recipient], message)
        with contextlib.suppress(smtplib.SMTPException, OSError):  # it has taken the message, whatever it says now
            smtp.quit()
        return 250

    def _said(self, code: int, stage: str) -> SmtpFailed:
        if not 400 <= code <= 599:
            return SmtpFailed(f"{self._server.origin} did not answer in SMTP")
        return SmtpFailed(f"the mail server answered {code} {stage}".rstrip(), final=code >= 500, code=code)


_STAGES: dict[type, str] = {
    smtplib.SMTPConnectError: "to the connection",
    smtplib.SMTPHeloError: "to the greeting",
    smtplib.SMTPAuthenticationError: "to the login",
    smtplib.SMTPSenderRefused: "to the sender",
    smtplib.SMTPDataError: "to the message",
}
