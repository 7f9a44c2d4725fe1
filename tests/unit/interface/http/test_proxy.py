"""Headers of proxies are believed only from trusted ones, and only as far as they know."""

import pytest

from towpath.interface.http.proxy import NOTHING, Forwarded, TrustedProxies

TRUSTED = TrustedProxies(["10.0.0.0/8", "2001:db8::/32", "unix"])


def read(*headers: tuple[bytes, bytes]) -> Forwarded:
    return TRUSTED.read(headers)


@pytest.mark.parametrize(
    ("peer", "is_trusted"),
    [
        ("10.1.2.3", True),
        ("11.1.2.3", False),
        ("::ffff:10.1.2.3", True),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("fe80::1%eth0", False),
        (None, True),
        ("not an address", False),
    ],
)
def test_peers_are_trusted_by_network(peer: str | None, is_trusted: bool) -> None:
    assert TRUSTED.trusts_peer(peer) is is_trusted


def test_a_proxy_is_not_trusted_without_being_named() -> None:
    nobody = TrustedProxies([])
    assert not nobody.trusts_peer(None)
    assert not nobody.trusts_peer("127.0.0.1")


@pytest.mark.parametrize(
    ("values", "client"),
    [
        ([b"192.0.2.1"], ("192.0.2.1", 0)),
        ([b"203.0.113.66, 192.0.2.1"], ("192.0.2.1", 0)),
        ([b"203.0.113.66, 192.0.2.1, 10.0.0.5"], ("192.0.2.1", 0)),
        ([b"203.0.113.66", b"192.0.2.1", b"10.0.0.5"], ("192.0.2.1", 0)),
        ([b"192.0.2.1:4711"], ("192.0.2.1", 4711)),
        ([b"[2001:db9::7]:4711"], ("2001:db9::7", 4711)),
        ([b"[2001:db9::7]"], ("2001:db9::7", 0)),
        ([b"2001:db9::7"], ("2001:db9::7", 0)),
        ([b"10.0.0.1, 10.0.0.2"], ("10.0.0.1", 0)),
        ([b"unknown"], None),
        ([b"unknown, 10.0.0.2"], ("10.0.0.2", 0)),
        ([b"192.0.2.1:99999"], ("192.0.2.1", 0)),
        ([b""], None),
        ([b"\xff\xfe"], None),
    ],
)
def test_the_client_is_the_rightmost_address_that_is_not_a_proxy(values: list[bytes], client: object) -> None:
    assert read(*((b"x-forwarded-for", value) for value in values)).client == client


@pytest.mark.parametrize(
    ("value", "scheme"),
    [
        (b"https", "https"),
        (b"HTTP", "http"),
        (b"http, https", "https"),
        (b"wss", "https"),
        (b"ws", "http"),
        (b"x", None),
    ],
)
def test_the_scheme_is_the_last_one(value: bytes, scheme: str | None) -> None:
    assert read((b"x-forwarded-proto", value)).scheme == scheme


@pytest.mark.parametrize(
    ("value", "port"),
    [(b"443", 443), (b"80, 443", 443), (b"0", None), (b"65536", None), (b"+1", None), (b"\xb2", None)],
)
def test_the_port_is_a_port(value: bytes, port: int | None) -> None:
    assert read((b"x-forwarded-port", value)).port == port


def test_the_host_is_the_last_one() -> None:
    assert read((b"x-forwarded-host", b"a, b:8000")).host == b"b:8000"
    assert read((b"x-forwarded-host", b"")).host is None


def test_other_headers_say_nothing() -> None:
    assert read((b"host", b"a"), (b"forwarded", b"for=1.2.3.4")) is NOTHING
