"""A page of another origin may not open a WebSocket here, unless it is allowed by name."""

import pytest

from towpath.interface.websocket.origin import is_origin_allowed


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (b"http://example.com", b"example.com"),
        (b"http://example.com", b"example.com:80"),
        (b"http://example.com:80", b"example.com"),
        (b"http://EXAMPLE.com", b"Example.COM"),
        (b"http://example.com:8000", b"example.com:8000"),
        (b"http://[::1]:8000", b"[::1]:8000"),
        (b"https://example.com", b"example.com"),  # a proxy speaks TLS and did not say so
        (b"https://example.com", b"example.com:443"),
    ],
)
def test_the_same_origin_may(origin, host):
    assert is_origin_allowed([origin], host, "http")


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (b"http://evil.com", b"example.com"),
        (b"http://example.com.evil.com", b"example.com"),
        (b"http://evil.com/example.com", b"example.com"),
        (b"http://example.com@evil.com", b"example.com"),
        (b"http://example.com:8001", b"example.com:8000"),
        (b"http://example.com:8000", b"example.com"),
        (b"http://example.com", b""),
        (b"ftp://example.com", b"example.com"),
        (b"example.com", b"example.com"),
        (b"null", b"null"),
        (b"null", b"example.com"),
        (b"", b""),
        (b"http://", b""),
        (b"http://example.com http://evil.com", b"example.com"),
        (b"http://ex\xe4mple.com", b"example.com"),
        (b"file://", b"example.com"),
        (b"file://", b""),
        (b"https://", b""),
        (b"http://example.com:99999999", b"example.com"),
    ],
)
def test_a_foreign_a_null_and_a_malformed_origin_may_not(origin, host):
    assert not is_origin_allowed([origin], host, "http")


def test_over_tls_a_page_without_tls_is_foreign():
    assert is_origin_allowed([b"https://example.com"], b"example.com", "https")
    assert not is_origin_allowed([b"http://example.com"], b"example.com", "https")
    assert not is_origin_allowed([b"http://example.com:443"], b"example.com:443", "https")


def test_without_an_origin_it_is_not_a_browser():
    assert is_origin_allowed([], b"example.com", "http")


def test_two_origins_are_refused():
    assert not is_origin_allowed([b"http://example.com", b"http://example.com"], b"example.com", "http")


@pytest.mark.parametrize(
    ("entry", "good", "bad"),
    [
        ("https://app.example.org", b"https://app.example.org", b"http://app.example.org"),
        ("https://app.example.org", b"https://app.example.org:443", b"https://app.example.org:444"),
        ("https://App.Example.org", b"https://app.example.org", b"https://example.org"),
        ("https://.example.org", b"https://a.b.example.org", b"http://a.example.org"),
        ("app.example.org", b"http://app.example.org:8000", b"http://b.example.org"),
        (".example.org", b"http://a.example.org", b"http://aexample.org"),
        (".example.org", b"https://example.org", b"https://example.org.evil.com"),
        ("app.example.org:8000", b"http://app.example.org:8000", b"http://app.example.org"),
        ("null", b"null", b"http://null.example"),
        ("file://", b"file://", b"file://server"),
        ("FILE://", b"file://", b"null"),
        ("file://server", b"file://server", b"file://"),
        ("qrc://", b"qrc://", b"file://"),
        ("capacitor://localhost", b"capacitor://localhost", b"capacitor://"),
        ("example.org", b"app://example.org", b"file://"),
    ],
)
def test_an_allowed_entry_widens_to_what_it_names_only(entry, good, bad):
    assert is_origin_allowed([good], b"example.com", "http", (entry,))
    assert not is_origin_allowed([bad], b"example.com", "http", (entry,))
    assert is_origin_allowed([b"http://example.com"], b"example.com", "http", (entry,))


def test_a_star_allows_all_and_null():
    assert is_origin_allowed([b"http://evil.com"], b"example.com", "https", "*")
    assert is_origin_allowed([b"null"], b"example.com", "https", "*")
