"""Headers of proxies about the client, believed only from addresses that the configuration trusts. Plain logic.

| header | gives |
|---|---|
| `X-Forwarded-For` | the client's address: the rightmost one that is not a trusted proxy's; port 0 if not given |
| `X-Forwarded-Proto` | the scheme: the last value, `http` or `https` |
| `X-Forwarded-Port` | the port that the client connected to |
| `X-Forwarded-Host` | the authority that the client requested: the last value |

A client can put any value at the left of these lists; only the part that the nearest trusted proxy added is reliable.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal

Address = tuple[str, int]

UNIX = "unix"


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The values that trusted proxies give; None where they give none."""

    client: Address | None = None
    scheme: Literal["http", "https"] | None = None
    port: int | None = None
    host: bytes | None = None


NOTHING = Forwarded()


class TrustedProxies:
    """The addresses of trusted proxies: IP addresses, networks, and "unix" for every UNIX socket."""

    def __init__(self, names: Iterable[str]) -> None:
        names = list(names)
        self._trusts_unix = UNIX in names
        self._networks = [ip_network(name) for name in names if name != UNIX]

    def trusts_peer(self, host: str | None) -> bool:
        """Return whether the other end of a connection is a trusted proxy; None is a UNIX socket."""
        if host is None:
            return self._trusts_unix
        address = _parse_ip(host)
        return address is not None and self._trusts(address)

    def read(self, headers: Sequence[tuple[bytes, bytes]]) -> Forwarded:
        """Read the headers of a request that came from a trusted proxy."""
        found: dict[bytes, list[str]] = {}
        for name, value in headers:
            if name.startswith(b"x-forwarded-"):
                found.setdefault(name[12:], []).extend(part.strip(" \t") for part in value.decode("latin-1").split(","))
        if not found:
            return NOTHING
        return Forwarded(
            client=self._client(found.get(b"for", [])),
            scheme=_scheme(found.get(b"proto", [])),
            port=_port(found.get(b"port", [])),
            host=_host(found.get(b"host", [])),
        )

    def _client(self, entries: list[str]) -> Address | None:
        client = None
        for entry in reversed(entries):
            address, port = _split_entry(entry)
            if address is None:
                break
            client = (str(address), port)
            if not self._trusts(address):
                break
        return client

    def _trusts(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address.version == network.version and address in network for network in self._networks)


def _parse_ip(text: str) -> IPv4Address | IPv6Address | None:
    """Return an address; an IPv4 one mapped into IPv6 as itself, as sockets for both report it."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _split_entry(entry: str) -> tuple[IPv4Address | IPv6Address | None, int]:
    """Split `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]` or `[::1]:80`."""
    host, port = entry, ""
    if entry.startswith("["):
        host, _, port = entry[1:].partition("]")
        port = port.removeprefix(":")
    elif entry.count(":") == 1:
        host, _, port = entry.partition(":")
    return _parse_ip(host), _port([port]) or 0


def _scheme(values: list[str]) -> Literal["http", "https"] | None:
    last = values[-1].lower() if values else ""
    if last in ("https", "wss"):
        return "https"
    return "http" if last in ("http", "ws") else None


def _port(values: list[str]) -> int | None:
    last = values[-1] if values else ""
    is_port = last.isascii() and last.isdigit() and len(last) <= 5 and 0 < int(last) < 65536
    return int(last) if is_port else None


def _host(values: list[str]) -> bytes | None:
    return values[-1].encode("latin-1") if values and values[-1] else None
