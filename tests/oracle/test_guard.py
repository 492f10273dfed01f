"""The guard: which addresses outbound requests may reach."""

import ipaddress

import pytest
from names import Names

from oracle.exchange import HttpFailed, Target
from oracle.guard import Guard

PRIVATE = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1",
    "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public_are_refused(address):
    assert not Guard().permits(Target.parse("http://example.com/"), ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "64:ff9b::5db8:d822"])
def test_public_addresses_are_permitted(address):
    assert Guard().permits(Target.parse("http://example.com/"), ipaddress.ip_address(address))


@pytest.mark.parametrize(("entry", "url", "permitted"), [
    ("sink.test", "http://sink.test:81/", True),
    ("SINK.test", "http://sink.test/", True),
    ("sink.test:81", "http://sink.test:81/", True),
    ("sink.test:81", "http://sink.test:82/", False),
    ("sink.test:80", "http://sink.test:81/", False),
    ("sink.test", "http://other.test/", False),
    ("127.0.0.1", "http://other.test/", True),
    ("127.0.0.0/8", "http://other.test/", True),
    ("10.0.0.0/8", "http://other.test/", False),
    ("127.0.0.1:81", "http://127.0.0.1:81/", True),
    ("127.0.0.1:81", "http://127.0.0.1:82/", False),
])
def test_an_allow_list_names_hosts_ports_addresses_and_networks(entry, url, permitted):
    assert Guard([entry]).permits(Target.parse(url), ipaddress.ip_address("127.0.0.1")) is permitted


def test_an_ipv6_entry_may_stand_in_brackets():
    guard = Guard(["[::1]", "[fc00::1]:81"])
    assert guard.permits(Target.parse("http://a.test/"), ipaddress.ip_address("::1"))
    assert guard.permits(Target.parse("http://[fc00::1]:81/"), ipaddress.ip_address("fc00::1"))
    assert not guard.permits(Target.parse("http://[fc00::1]/"), ipaddress.ip_address("fc00::1"))


@pytest.mark.parametrize("entry", ["", "a b", "http://a.test", "a.test/path", "a.test:99999", "10.0.0.0/99"])
def test_an_entry_that_makes_no_sense_is_refused_by_name(entry):
    with pytest.raises(ValueError, match="is not a host"):
        Guard([entry])


async def test_a_name_is_resolved_once_and_only_permitted_addresses_come_back(names):
    names["mixed.test"] = ["10.0.0.1", "93.184.216.34"]
    assert await Guard().addresses(Target.parse("http://mixed.test/")) == ["93.184.216.34"]
    assert names.asked == ["mixed.test"]


async def test_a_name_with_only_private_addresses_is_refused(names):
    names["inside.test"] = ["10.0.0.1", "::1"]
    with pytest.raises(HttpFailed, match="private or reserved") as caught:
        await Guard().addresses(Target.parse("http://inside.test/"))
    assert caught.value.kind == "refused"


async def test_a_name_nobody_knows_is_a_network_failure(names):
    with pytest.raises(HttpFailed) as caught:
        await Guard().addresses(Target.parse("http://nowhere.test/"))
    assert caught.value.kind == "network"


@pytest.mark.parametrize("url", [
    "ftp://a.test/", "file:///etc/passwd", "//a.test/", "a.test", "", "http://", "http:///x", "http://u:p@a.test/",
    "http://a.test:0/", "http://a.test:70000/", "http://a b.test/", "http://a.test/\r\nX: y", "http://[::1/", "http://a\\b/",
    "http://\u2100.test:x/", "http://" + "a" * 70 + ".\u00e9/",
])
def test_urls_we_do_not_send_to_are_refused(url):
    with pytest.raises(HttpFailed) as caught:
        Target.parse(url)
    assert caught.value.kind == "refused"


@pytest.mark.parametrize(("url", "spelled"), [
    ("HTTP://A.Test", "http://a.test/"),
    ("http://a.test:80/x?y=1#z", "http://a.test/x?y=1"),
    ("https://a.test:443", "https://a.test/"),
    ("https://a.test:80/", "https://a.test:80/"),
    ("http://[::1]:81/x", "http://[::1]:81/x"),
    ("http://b\u00fccher.test/\u00e9", "http://xn--bcher-kva.test/%C3%A9"),
])
def test_a_target_has_one_spelling(url, spelled):
    assert Target.parse(url).url == spelled


def test_a_target_is_logged_without_path_or_query():
    assert Target.parse("https://hooks.test/T0/secret?token=abc").origin == "https://hooks.test"


@pytest.fixture
async def names():
    return Names()
