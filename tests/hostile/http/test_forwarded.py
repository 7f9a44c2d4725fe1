"""X-Forwarded-*: a client's word about itself counts for nothing; of a chain only what trusted proxies added does."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address, IPv6Address

from towpath.interface.http.proxy import NOTHING, TrustedProxies

FORGED = (
    b"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n"
    b"X-Forwarded-Host: evil.example\r\nX-Real-IP: 127.0.0.1\r\n"
    b"Forwarded: for=127.0.0.1;proto=https;host=evil.example\r\n"
)
PROXY = IPv4Address("TCP", "10.0.0.1", 4000)


def ask(site: Any, peer: Any, forwarded: bytes = FORGED) -> dict[str, Any]:
    """Send a request from an address; return the request that the application got."""
    (request,) = site.send([b"GET / HTTP/1.1\r\nHost: own.example\r\n" + forwarded + b"\r\n"], peer).requests
    return dict(request)


@pytest.mark.parametrize(
    "peer",
    [
        IPv4Address("TCP", "192.0.2.7", 5000),
        IPv4Address("TCP", "10.0.1.1", 5000),
        IPv4Address("TCP", "110.0.0.1", 5000),
        IPv6Address("TCP", "2001:db8::1", 5000),
        IPv6Address("TCP", "::ffff:192.0.2.7", 5000),
    ],
)
def test_a_forged_header_from_elsewhere_is_not_believed(make_site: Any, peer: Any) -> None:
    request = ask(make_site(trusted_proxies=("10.0.0.0/24",)), peer)
    assert request["client"] == (peer.host.removeprefix("::ffff:"), 5000)
    assert request["scheme"] == "http"
    assert request["server"] == ("192.0.2.1", 80)


def test_no_proxy_is_trusted_by_default(make_site: Any) -> None:
    for peer in (IPv4Address("TCP", "127.0.0.1", 5000), IPv6Address("TCP", "::1", 5000)):
        request = ask(make_site(), peer)
        assert request["client"] == (peer.host, 5000)
        assert request["scheme"] == "http"


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        (b"127.0.0.1, 198.51.100.4", "198.51.100.4"),
        (b"10.0.0.9, 198.51.100.4, 10.0.0.2", "198.51.100.4"),
        (b"198.51.100.4\r\nX-Forwarded-For: 203.0.113.5", "203.0.113.5"),
        (b"evil, 198.51.100.4", "198.51.100.4"),
        (b"198.51.100.4, evil", "10.0.0.1"),
        (b"198.51.100.4, unknown, 10.0.0.2", "10.0.0.2"),
        (b"198.51.100.4,", "10.0.0.1"),
        (b"198.51.100.4\xa0", "10.0.0.1"),
        (b"198.51.100.4, \xa0", "10.0.0.1"),
        (b"198.051.100.4", "10.0.0.1"),
        (b"0x7f.1", "10.0.0.1"),
        (b"2130706433", "10.0.0.1"),
        (b"[::1]:80:80", "::1"),
        (b"", "10.0.0.1"),
    ],
)
def test_only_what_the_trusted_proxies_added_counts(make_site: Any, chain: bytes, client: str) -> None:
    site = make_site(trusted_proxies=("10.0.0.0/24",))
    assert ask(site, PROXY, b"X-Forwarded-For: " + chain + b"\r\n")["client"][0] == client


@pytest.mark.parametrize("scheme", [b"https, ftp", b"javascript", b"https\xa0", b"httpss", b"", b"https,"])
def test_a_scheme_that_is_none_changes_nothing(make_site: Any, scheme: bytes) -> None:
    site = make_site(trusted_proxies=("10.0.0.0/24",))
    assert ask(site, PROXY, b"X-Forwarded-Proto: " + scheme + b"\r\n")["scheme"] == "http"


names = st.sampled_from(
    [b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-port", b"x-forwarded-host", b"x-forwarded-x"]
)
values = st.binary(max_size=30) | st.sampled_from(
    [b"1.2.3.4", b"::1", b"[::1]:80", b"1.2.3.4:99999", b"https", b",", b"%", b"fe80::1%eth0", b"9" * 30, b"\xb2"]
)


@given(st.lists(st.tuples(names, values), max_size=6))
def test_whatever_a_proxy_says_is_an_address_or_nothing(headers: list[tuple[bytes, bytes]]) -> None:
    told = TrustedProxies(["10.0.0.0/24"]).read(headers)
    assert told.scheme in (None, "http", "https")
    assert told.port is None or 0 < told.port < 65536
    if told.client is not None:
        host, port = told.client
        assert host.isascii()
        assert 0 <= port < 65536
    if not headers:
        assert told == NOTHING
