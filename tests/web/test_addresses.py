"""A server gets the addresses it was told, or the first that is free."""

from __future__ import annotations

import socket

import pytest

from oracle.listen import Listen
from oracle.settings import load
from web import addresses
from web.addresses import listeners
from web.failures import AddressTaken


@pytest.fixture
def taken():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        yield sock.getsockname()[1]


def test_port_0_is_any_free_port():
    made = listeners(load(None, {}, {"server": {"listen": ["127.0.0.1:0", "127.0.0.1:0/fiml"]}}).server)
    assert [listener.surface for listener in made] == ["", "fiml"]
    assert all(listener.port for listener in made) and made[0].url == f"http://127.0.0.1:{made[0].port}"
    for listener in made:
        listener.close()


def test_an_address_that_was_asked_for_and_is_taken_is_an_error_that_frees_the_others(taken):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = load(None, {}, {"server": {"listen": [f"127.0.0.1:{port}", f"127.0.0.1:{taken}"]}}).server
    with pytest.raises(AddressTaken, match=f"127.0.0.1:{taken}: Address already in use"):
        listeners(server)
    with socket.socket() as again:
        again.bind(("127.0.0.1", port))


def test_without_one_the_first_free_port_is_taken(taken, monkeypatch):
    monkeypatch.setattr(addresses, "DEFAULT_PORTS", [taken, 0])
    (listener,) = listeners(load(None, {}).server)
    assert listener.port not in (0, taken)
    listener.close()


def test_none_free_is_an_error(taken, monkeypatch):
    monkeypatch.setattr(addresses, "DEFAULT_PORTS", [taken])
    with pytest.raises(AddressTaken, match="every port of"):
        listeners(load(None, {}).server)


def test_the_seeds_ports_come_after_the_main_one(monkeypatch):
    assert [str(address) for address in addresses.SEED_ADDRESSES] == ["127.0.0.1:3001/flopy_net", "127.0.0.1:5000/agent_bot"]
    monkeypatch.setattr(addresses, "SEED_ADDRESSES", (Listen("127.0.0.1", 0, "flopy_net"),))
    made = listeners(load(None, {}, {"server": {"listen": ["127.0.0.1:0"], "seed_ports": True}}).server)
    assert [listener.surface for listener in made] == ["", "flopy_net"]
    for listener in made:
        listener.close()


def test_a_seeds_port_that_was_asked_for_is_listened_on_once(monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(addresses, "SEED_ADDRESSES", (Listen("127.0.0.1", port, "agent_bot"),))
    for said, surface in ((str(port), "agent_bot"), (f"{port}/fiml", "fiml")):
        listen = {} if said == str(port) else {"listen": [f"127.0.0.1:{said}"]}
        server = load(None, {"PORT": said} if not listen else {}, {"server": {"seed_ports": True, **listen}}).server
        made = listeners(server)
        assert [(listener.port, listener.surface) for listener in made] == [(port, surface)]
        for listener in made:
            listener.close()
