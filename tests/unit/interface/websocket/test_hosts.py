"""Handshakes are for hosts of this site, by the rule that Django has for pages."""

import pytest
from django.http.request import split_domain_port, validate_host

from towpath.interface.websocket.hosts import is_entry, is_host_allowed

ENTRIES = ("example.com", ".Example.org", "127.0.0.1", "[::1]", "localhost.")
HOSTS = [
    "example.com", "EXAMPLE.com", "example.com:8000", "example.com.", "example.com.:80", "www.example.com",
    "example.org", "a.b.example.org", "a.b.example.org:1", "badexample.org", "example.org.evil.com", "evil.com",
    "127.0.0.1", "127.0.0.1:8000", "127.0.0.2", "[::1]", "[::1]:8000", "[::2]", "::1", "localhost", "localhost:", "",
    ":80",
    ".example.org", "example.com:port", "example.com:80:80", "example.com, evil.com", "evil.com#example.com",
]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_is_allowed_as_for_pages(host: str) -> None:
    domain, _ = split_domain_port(host)
    expected = bool(domain) and validate_host(domain, ENTRIES)
    assert is_host_allowed(host.encode(), ENTRIES) is expected


@pytest.mark.parametrize("host", ["example.com", "evil.com", ""])
def test_none_and_a_star_allow_every_host_and_no_entry_none(host: str) -> None:
    assert is_host_allowed(host.encode(), None)
    assert is_host_allowed(host.encode(), "*")
    assert not is_host_allowed(host.encode(), ())


def test_a_host_beyond_ascii_is_not_an_error() -> None:
    assert not is_host_allowed(b"ex\xe4mple.com\x85", ENTRIES)


@pytest.mark.parametrize("text", ["example.com", ".example.com", "127.0.0.1", "[::1]", "localhost"])
def test_an_entry_is_a_host(text: str) -> None:
    assert is_entry(text)


@pytest.mark.parametrize("text", ["", ".", "*", "*.example.com", "example.com:80", "http://example.com", "a, b", "::1"])
def test_what_no_host_can_match_is_not_an_entry(text: str) -> None:
    assert not is_entry(text)
