"""The origin check of handshakes (RFC 6455, 10.2; RFC 6454). Plain logic.

Browsers let any page open a WebSocket to any site, with that site's cookies; only the server can refuse.
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

DEFAULT_PORTS = {"http": 80, "https": 443}

_ORIGIN = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<authority>[^/?#@\s]*)\Z", re.ASCII)
_AUTHORITY = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[^:\[\]/?#@\s]+)(?::(?P<port>\d{1,5}))?\Z", re.ASCII)


class Origin(NamedTuple):
    """An origin, lower-case; `port` is filled in where the scheme has a default one.

    `host` is empty for pages without a server: some web views send `file://`.
    """

    scheme: str
    host: str
    port: int | None


def is_origin_allowed(
    origins: Sequence[bytes],
    host: bytes,
    scheme: Literal["http", "https"],
    allowed: Sequence[str] | Literal["*"] | None = None,
) -> bool:
    """Return whether a handshake is allowed, from its Origin headers, its Host, its scheme and the `allowed` origins.

    A client without an Origin is not a browser, and is allowed. `scheme` https comes from TLS or a trusted proxy, so a
    page of http is foreign then; with http a proxy may use TLS without a header about it, so both schemes match.
    An entry of `allowed` is an origin (`https://example.com`, `file://`), a host with any scheme and port
    (`example.com`), either with a dot before the name for it and all below it (`.example.com`), or `null`.
    """
    if allowed == "*" or not origins:
        return True
    if len(origins) > 1:
        return False
    text = origins[0].decode("latin-1").strip(" \t").lower()
    entries = () if allowed is None else allowed
    if text == "null":
        return "null" in entries
    origin = parse_origin(text)
    if origin is None:
        return False
    return _is_same(origin, host, scheme) or any(_matches(origin, entry.lower()) for entry in entries)


def is_entry(text: str) -> bool:
    """Return whether `text` is an entry of `allowed` that an origin can match."""
    text = text.lower()
    return parse_origin(text) is not None if "://" in text else _AUTHORITY.match(text) is not None


def parse_origin(text: str) -> Origin | None:
    """Return the parts of a lower-case origin, or None if it is not an origin."""
    found = _ORIGIN.match(text)
    if found is None:
        return None
    scheme = found["scheme"]
    if not found["authority"]:
        return None if scheme in DEFAULT_PORTS else Origin(scheme, "", None)
    return _with_authority(scheme, found["authority"])


def _with_authority(scheme: str, authority: str) -> Origin | None:
    found = _AUTHORITY.match(authority)
    if found is None:
        return None
    port = DEFAULT_PORTS.get(scheme) if found["port"] is None else int(found["port"])
    return Origin(scheme, found["host"], port)


def _is_same(origin: Origin, host: bytes, scheme: str) -> bool:
    if origin.scheme not in DEFAULT_PORTS or (scheme == "https" and origin.scheme != "https"):
        return False
    return origin == _with_authority(origin.scheme, host.decode("latin-1").strip(" \t").lower())


def _matches(origin: Origin, entry: str) -> bool:
    if "://" in entry:
        wanted = parse_origin(entry)
        return (
            wanted is not None
            and (wanted.scheme, wanted.port) == (origin.scheme, origin.port)
            and _is_host(origin.host, wanted.host)
        )
    found = _AUTHORITY.match(entry)
    if found is None:
        return False
    return _is_host(origin.host, found["host"]) and (found["port"] is None or int(found["port"]) == origin.port)


def _is_host(host: str, wanted: str) -> bool:
    if wanted.startswith("."):
        return host == wanted[1:] or host.endswith(wanted)
    return host == wanted
