"""TLS: what our server shows, and whom our clients believe."""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from oracle.problems import Bad, Invalid

if TYPE_CHECKING:
    from oracle.settings import Server

__all__ = ["Shown", "exactly", "shown", "system", "why"]

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")


@attrs.frozen(eq=False)
class Shown:
    """What a server proves itself with: `context` for its connections, `certificate` (PEM) the first of its chain."""

    context: ssl.SSLContext
    certificate: str


def shown(server: Server) -> Shown | None:
    """What these settings show over TLS; None where they name no certificate. Raises Invalid for files that won't do."""
    certificate, key = server.tls_certificate, server.tls_key or server.tls_certificate
    if certificate is None or key is None:
        return None
    first = _CERTIFICATE.search(_text("tls_certificate", certificate))
    if first is None:
        raise _unfit("tls_certificate", certificate, "no certificate in PEM is in it")
    name = "tls_key" if server.tls_key else "tls_certificate"
    if _KEY.search(_text(name, key)) is None:
        raise _unfit(name, key, "no private key in PEM is in it" + ("" if server.tls_key else "; server.tls_key names its file"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key, password=_locked)
    except _Locked:
        raise _unfit(name, key, "its private key needs a passphrase, and nobody could type one at a restart") from None
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise _unfit(name, key, f"its private key is not that of the certificate in {certificate}") from None
        raise _unfit("tls_certificate", certificate, f"it can't be used: {why(error)}") from None
    return Shown(context, first[0] + "\n")


def exactly(certificate: str) -> ssl.SSLContext:
    """For a client that believes whoever has the key of this one certificate (PEM), under whatever name it is reached, and
    nobody else. Raises ValueError where it is none."""
    first = _CERTIFICATE.search(certificate)  # of a whole chain the rest would be believed too, and all they vouch for
    if first is None:
        raise ValueError("no certificate in PEM")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(cadata=first[0])
    except ssl.SSLError as error:
        raise ValueError(why(error)) from error
    return context


def system() -> ssl.SSLContext:
    """For a client that believes the authorities of this machine, or of SSL_CERT_FILE and SSL_CERT_DIR, and checks names."""
    return ssl.create_default_context()


def why(error: ssl.SSLError) -> str:
    """What went wrong, for people."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not believed: {error.verify_message.rstrip('.')}"
    return error.reason.replace("_", " ").lower() if error.reason else "the handshake failed"


class _Locked(Exception):
    """A key that is encrypted."""


def _locked() -> bytes:
    raise _Locked


def _text(name: str, file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise _unfit(name, file, str(error.strerror)) from error


def _unfit(name: str, file: Path, reason: str) -> Invalid:
    return Invalid([Bad("tls_file", reason).at(("server", name), str(file))])
