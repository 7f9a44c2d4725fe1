"""The addresses of a connection's two ends, and the parts of a request's head that depend on them."""

from functools import cached_property
from typing import Any

from twisted.internet.interfaces import ISSLTransport

from ..config import InterfaceConfig
from ..interfaces import Address, RequestHead
from .headers import ParsedHead
from .mount import path_below
from .proxy import NOTHING, TrustedProxies
from .request_id import identified

Headers = tuple[tuple[bytes, bytes], ...]

#: The headers that carry the context of a trace (W3C Trace Context and Baggage).
TRACE_HEADERS = frozenset((b"traceparent", b"tracestate", b"baggage"))


class ConnectionFacts:
    """The two ends of a connection; None on UNIX sockets.

    They are read at their first use, not when the connection is made: behind the PROXY protocol
    (`--endpoint haproxy:tcp:...`) the addresses arrive with the first bytes.
    """

    # `Any`: transports have no common type; `getPeer` and `getHost` are what all of them share.
    def __init__(self, transport: Any, proxies: TrustedProxies) -> None:
        self._transport = transport
        self._proxies = proxies

    @cached_property
    def client(self) -> Address | None:
        """The address of the other end: the client's, or its proxy's."""
        return _address(self._transport.getPeer())

    @cached_property
    def server(self) -> Address | None:
        """The address that the client connected to."""
        return _address(self._transport.getHost())

    @cached_property
    def is_secure(self) -> bool:
        """Whether this connection is TLS."""
        return bool(ISSLTransport.providedBy(self._transport))

    @cached_property
    def is_trusted(self) -> bool:
        """Whether the other end is a trusted proxy, whose X-Forwarded-* headers are used."""
        return self._proxies.trusts_peer(None if self.client is None else self.client[0])


def request_head(
    parsed: ParsedHead, facts: ConnectionFacts, proxies: TrustedProxies, config: InterfaceConfig
) -> RequestHead:
    """Complete a head with client and server: from a trusted proxy's headers, else from the connection itself.

    Raises:
        BadRequest: the path is not below the mount (404).
    """
    told = proxies.read(parsed.headers) if facts.is_trusted else NOTHING
    server = facts.server
    if server is not None and told.port is not None:
        server = (server[0], told.port)
    path = parsed.path
    if config.root_path and not config.proxy_strips_root_path:
        path = path_below(config.root_path, path)
    head = RequestHead(
        method=parsed.method,
        path=path,
        target=parsed.target,
        query_string=parsed.query_string,
        headers=parsed.headers if facts.is_trusted or not config.tracing else untraced(parsed.headers),
        http_version=parsed.version,
        scheme=told.scheme or ("https" if facts.is_secure else "http"),
        root_path=config.root_path,
        client=told.client or facts.client,
        server=server,
        host=parsed.host if told.host is None else told.host,
        is_trusted=facts.is_trusted,
    )
    if config.request_id_header is None:
        return head
    return identified(head, config.request_id_header, is_trusted=facts.is_trusted)


def untraced(headers: Headers) -> Headers:
    """Return headers without the context of a trace: clients neither join a trace of the site nor have one sampled."""
    return tuple([pair for pair in headers if pair[0] not in TRACE_HEADERS])


def _address(address: Any) -> Address | None:
    """Return host and port; None for UNIX sockets. IPv4 clients of an IPv6 socket come as `::ffff:1.2.3.4`."""
    host = getattr(address, "host", None)
    return None if host is None else (host.removeprefix("::ffff:") if "." in host else host, address.port)
