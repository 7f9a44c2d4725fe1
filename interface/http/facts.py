"""What is known of a connection before its first request, and what that makes of a request's head."""

from dataclasses import dataclass
from typing import Any

from twisted.internet.interfaces import ISSLTransport

from ..config import InterfaceConfig
from ..headers import ParsedHead
from ..proxy import NOTHING, TrustedProxies
from .seams import Address, RequestHead


@dataclass(frozen=True, slots=True)
class ConnectionFacts:
    """The two ends of a connection; None on UNIX sockets."""

    client: Address | None
    server: Address | None
    is_secure: bool
    #: The other end is a proxy whose X-Forwarded-* headers are believed.
    is_trusted: bool


# `Any`: transports have no common type; `getPeer` and `getHost` are what all of them share.
def connection_facts(transport: Any, proxies: TrustedProxies) -> ConnectionFacts:
    """Ask a transport who talks to whom."""
    client = _address(transport.getPeer())
    return ConnectionFacts(
        client=client,
        server=_address(transport.getHost()),
        is_secure=ISSLTransport.providedBy(transport),
        is_trusted=proxies.trusts_peer(None if client is None else client[0]),
    )


def request_head(
    parsed: ParsedHead, facts: ConnectionFacts, proxies: TrustedProxies, config: InterfaceConfig
) -> RequestHead:
    """Complete a head with who asked whom: by the word of a trusted proxy, else by the connection itself."""
    told = proxies.read(parsed.headers) if facts.is_trusted else NOTHING
    server = facts.server
    if server is not None and told.port is not None:
        server = (server[0], told.port)
    return RequestHead(
        method=parsed.method,
        path=parsed.path,
        target=parsed.target,
        query_string=parsed.query_string,
        headers=parsed.headers,
        http_version=parsed.version,
        scheme=told.scheme or ("https" if facts.is_secure else "http"),
        root_path=config.root_path,
        client=told.client or facts.client,
        server=server,
        host=parsed.host if told.host is None else told.host,
    )


def _address(address: Any) -> Address | None:
    """Return host and port; None for UNIX sockets. IPv4 clients of an IPv6 socket come as `::ffff:1.2.3.4`."""
    host = getattr(address, "host", None)
    return None if host is None else (host.removeprefix("::ffff:") if "." in host else host, address.port)
