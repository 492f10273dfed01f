"""Certificates of an authority that is made for one run of the tests and believed by nobody else."""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import trustme

from oracle.settings import Server
from oracle.tls import Shown, shown

__all__ = ["authority", "certified", "server_shows", "trusting"]


@cache
def authority() -> trustme.CA:
    """The root, whose certificates are made by one below it: so servers show a chain."""
    return trustme.CA()


@cache
def _below() -> trustme.CA:
    return authority().create_child_ca()


def certified(folder: Path, *names: str) -> tuple[Path, Path]:
    """Files with a chain for `names` and its key, newly made."""
    leaf = _below().issue_cert(*names)
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(b"".join(part.bytes() for part in leaf.cert_chain_pems))
    key.write_bytes(leaf.private_key_pem.bytes())
    return chain, key


@cache
def server_shows() -> Shown:
    """For a server on this machine's own addresses."""
    with TemporaryDirectory() as folder:
        chain, key = certified(Path(folder), "localhost", "127.0.0.1", "::1")
        made = shown(Server(tls_certificate=chain, tls_key=key))
    assert made is not None
    return made


@cache
def trusting() -> ssl.SSLContext:
    """For a client that believes this authority and checks names, as a browser would."""
    context = ssl.create_default_context()
    authority().configure_trust(context)
    return context
