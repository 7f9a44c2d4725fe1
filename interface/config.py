"""The options of an interface server, in one frozen object that is validated once.

This module does not import Twisted. An option that is off is None, never 0.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from ipaddress import ip_network
from stat import S_IWOTH
from typing import Literal, NamedTuple

from towpath.layers.errors import ConfigurationError

from .websocket.origin import is_entry

#: Where a server listens when no option says so.
DEFAULT_BIND = "127.0.0.1"
DEFAULT_PORT = 8000

#: Headers that cannot hold the id of a request: their meaning is another one.
_OWN_HEADERS = {"authorization", "connection", "cookie", "date", "host", "origin", "set-cookie", "te", "upgrade"}
_OWN_PREFIXES = ("content-", "keep-", "proxy-", "sec-", "trace", "trailer", "transfer-", "x-forwarded-")

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceConfig:
    """The options of one interface server process.

    Addresses may be combined. With none at all the server listens on 127.0.0.1:8000; `bind` alone takes port 8000,
    `port` alone takes 127.0.0.1; `unix_socket`, `fd` and `endpoints` alone open no TCP port of their own.

    Raises:
        ConfigurationError: an option has a value that is not allowed; the message names both, and the values allowed.
    """

    #: Host name or IP address, IPv6 with or without brackets.
    bind: str | None = None
    #: TCP port; 0 lets the system choose one.
    port: int | None = None
    #: Path of a UNIX socket to make.
    unix_socket: str | None = None
    #: Permissions of that socket. With "unix" in `trusted_proxies` they must not let every user of the machine connect.
    unix_socket_mode: int = 0o660
    #: Number of an inherited descriptor that is already bound; several processes may share one.
    fd: int | None = None
    #: Twisted endpoint strings, such as `ssl:443:privateKey=key.pem:certKey=cert.pem`.
    endpoints: tuple[str, ...] = ()

    #: Seconds from the complete request to the start of its response; then 503. None waits as long as the client does.
    http_timeout_seconds: float | None = 120
    #: Seconds between two requests of one connection before it is closed.
    idle_timeout_seconds: float = 60
    #: Seconds from the first byte of a request's head to its last; then 408.
    head_timeout_seconds: float = 20
    #: Seconds without a byte of a request's body while the server reads; then 408.
    body_timeout_seconds: float = 60
    #: Bytes of request line and headers together.
    head_max_bytes: int = 32 * KIB
    #: Number of headers of one request.
    headers_max_count: int = 200
    #: Bytes of a body that travels in one message; a longer one is streamed in pieces.
    body_inline_max_bytes: int = 256 * KIB
    #: Bytes of the longest request body; a longer one is refused with 413. None: any body that the bounds below allow.
    body_max_bytes: int | None = 1024 * MIB
    #: The lowest rate of a request's body in bytes a second, on average after `body_timeout_seconds`; then 408.
    body_rate_bytes: int = 500
    #: Bytes of one response, or to one WebSocket, that may wait in memory for a client. The rest of a response waits on
    #: disk; a WebSocket is closed if its client takes nothing for five seconds, or 16 MiB more wait.
    output_buffer_max_bytes: int = 1 * MIB
    #: Seconds in which the client must take a block of a response (64 KiB); then the connection is aborted.
    send_timeout_seconds: float = 120
    #: Bytes of a response of unknown length that are kept for a slow client before its worker waits.
    response_spool_max_bytes: int = 256 * MIB
    #: Bytes of all bodies, of requests and of responses, that wait in memory; the rest waits on disk.
    spool_memory_max_bytes: int = 64 * MIB
    #: The same on disk; then requests with long bodies are refused with 503, and workers wait for slow clients.
    spool_max_bytes: int = 2048 * MIB
    #: Folder for the files, which have no names. None is TMPDIR or, if it is not set, /var/tmp.
    spool_folder: str | None = None

    #: Seconds from a WebSocket handshake to the application's answer; then 503.
    websocket_handshake_timeout_seconds: float = 5
    #: Seconds without a message in either direction before a WebSocket is closed. None: unlimited.
    websocket_idle_timeout_seconds: float | None = None
    #: Age in seconds at which a WebSocket is closed. None: unlimited.
    websocket_timeout_seconds: float | None = None
    #: Seconds without a byte of the client before a ping is sent. None sends none.
    ping_interval_seconds: float | None = 20
    #: Seconds from a ping to its pong; then the connection is dropped. None waits for ever.
    ping_timeout_seconds: float | None = 30
    #: Subprotocols that are accepted if the application names none: the first of them that the client offers.
    ws_protocols: tuple[str, ...] = ()
    #: Bytes of the path of a WebSocket, which travels with each of its messages; a longer one gets a 414.
    websocket_path_max_bytes: int = 1 * KIB
    #: Bytes of the longest WebSocket message; a longer one, or frame of one, closes its connection with 1009.
    max_message_bytes: int = 1 * MIB
    #: Compress WebSocket messages for clients that offer permessage-deflate.
    compression: bool = False
    #: The largest window for both directions, as a power of two.
    compression_window_bits: int = 12
    #: Bytes below which a message is not compressed.
    compression_min_bytes: int = 256
    #: Origins, beside the site's own, from which handshakes are accepted. None: no others; "*": any, or without one.
    allowed_origins: tuple[str, ...] | Literal["*"] | None = None
    #: Hosts that a WebSocket handshake may name, such as `example.com` and `.example.com`. None and "*": any.
    allowed_hosts: tuple[str, ...] | Literal["*"] | None = None

    #: HTTP exchanges and WebSockets open at a time in this process; the next one gets a 503.
    max_connections: int = 10_000
    #: Events of one connection that may wait for their turn before the server stops reading from it.
    incoming_max_events: int = 64
    #: The same in bytes of content.
    incoming_max_bytes: int = 1 * MIB
    #: Bytes of all connections in large buffers: incomplete messages and heads, requests that were sent ahead, events
    #: that wait for their turn, WebSocket output. Above it connections with the largest buffers are closed.
    buffers_max_bytes: int = 256 * MIB
    #: Bytes of all WebSocket events that are in the channel layer or in flight at workers; others wait.
    events_max_bytes: int = 64 * MIB

    #: The path the application is mounted at, without a slash at its end; requests for other paths get a 404.
    root_path: str = ""
    #: A proxy removes `root_path` from the paths of requests; otherwise they arrive with it.
    proxy_strips_root_path: bool = False
    #: IP addresses, networks or "unix" whose X-Forwarded-* headers are trusted.
    trusted_proxies: tuple[str, ...] = ()
    #: Header with the id of a request, such as "X-Request-ID": taken from a trusted proxy, or made; the application and
    #: the response get it. None gives requests no ids.
    request_id_header: str | None = None
    #: Trace events by OpenTelemetry; needs the extra `tracing`.
    tracing: bool = False
    #: File for the access log, "-" for standard output. None writes none.
    access_log: str | None = None
    #: The address of metrics and health: "127.0.0.1:9100", "unix:/run/metrics.sock"; "public:10.0.0.5:9100" for other
    #: machines. None serves none.
    metrics: str | None = None
    #: Path on the public addresses below which /live and /ready are answered by the server itself. None has none.
    health_path: str | None = None
    #: Seconds from the stop signal, after which the server is not ready, until it stops to listen.
    drain_pause_seconds: float = 0
    #: Clients that are asked to reconnect each second: the close of each WebSocket holds the seconds to wait.
    drain_reconnects: int = 500
    #: Seconds from then until open connections are aborted.
    grace_seconds: float = 10

    def __post_init__(self) -> None:
        for field in fields(self):
            rule = _RULES[field.name]
            value = getattr(self, field.name)
            if not rule.holds(value):
                raise ConfigurationError(f"{field.name} cannot be {value!r}: expected {rule.expected}")
        if self.unix_socket_mode & S_IWOTH and self.trusts_unix:
            raise ConfigurationError(
                f"unix_socket_mode {self.unix_socket_mode:o} lets every user of this machine connect, and "
                "trusted_proxies believes what they say of their clients: use the mode 660, or take unix out of it"
            )

    @property
    def trusts_unix(self) -> bool:
        """Whether the clients of UNIX sockets are trusted proxies."""
        return "unix" in self.trusted_proxies


class _Rule(NamedTuple):
    holds: Callable[[object], bool]
    expected: str


def _is_number(value: object, least: float, most: float = float("inf")) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and least <= value <= most


def _whole(least: int, expected: str, most: float = float("inf")) -> _Rule:
    return _Rule(lambda value: isinstance(value, int) and _is_number(value, least, most), expected)


def _or_none(rule: _Rule) -> _Rule:
    return _Rule(lambda value: value is None or rule.holds(value), f"{rule.expected}, or None")


def _tuple_of(holds: Callable[[str], bool], expected: str) -> _Rule:
    def all_hold(value: object) -> bool:
        return isinstance(value, tuple) and all(isinstance(item, str) and holds(item) for item in value)

    return _Rule(all_hold, expected)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != "" and "\0" not in value


def _is_writable_folder(value: object) -> bool:
    return isinstance(value, str) and os.path.isdir(value) and os.access(value, os.W_OK)


def _is_token(value: str) -> bool:
    return value != "" and value.isascii() and all(char.isalnum() or char in "!#$%&'*+-.^_`|~" for char in value)


def _is_id_header(value: object) -> bool:
    if not isinstance(value, str) or not _is_token(value) or "_" in value:
        return False
    return value.lower() not in _OWN_HEADERS and not value.lower().startswith(_OWN_PREFIXES)


def _is_root_path(value: object) -> bool:
    return value == "" or (isinstance(value, str) and value.startswith("/") and not value.endswith("/"))


def _is_monitoring_address(value: object) -> bool:
    from towpath.layers.monitoring.address import parse_address

    try:
        parse_address(str(value))
    except ConfigurationError:
        return False
    return isinstance(value, str)


def _is_network(value: str) -> bool:
    if value == "unix":
        return True
    try:
        ip_network(value)
    except ValueError:
        return False
    return True


_SECONDS = _Rule(lambda value: _is_number(value, 0.001, 10**8), "a number of seconds above 0")
_BYTES = _whole(1, "a whole number of bytes, at least 1")
_COUNT = _whole(1, "a whole number, at least 1")
_ON_OR_OFF = _Rule(lambda value: isinstance(value, bool), "True or False")
_TEXT = _or_none(_Rule(_is_text, "a str that is not empty"))
_FOLDER = _or_none(_Rule(_is_writable_folder, "the path of a folder that can be written to"))
_ORIGINS = _tuple_of(is_entry, "")
_HOSTS = _tuple_of(_is_text, "")

_RULES: dict[str, _Rule] = {
    "bind": _TEXT,
    "port": _or_none(_whole(0, "a port from 0 to 65535", 65535)),
    "unix_socket": _TEXT,
    "unix_socket_mode": _whole(0, "permissions from 0 to 0o777", 0o777),
    "fd": _or_none(_whole(0, "the number of an open descriptor, 0 or more")),
    "endpoints": _tuple_of(_is_text, "a tuple of Twisted endpoint strings"),
    "http_timeout_seconds": _or_none(_SECONDS),
    "idle_timeout_seconds": _SECONDS,
    "head_timeout_seconds": _SECONDS,
    "body_timeout_seconds": _SECONDS,
    "head_max_bytes": _whole(1024, "a whole number of bytes, at least 1024"),
    "headers_max_count": _COUNT,
    "body_inline_max_bytes": _whole(0, "a whole number of bytes from 0 to 8 MiB", 8 * MIB),
    "body_rate_bytes": _BYTES,
    "send_timeout_seconds": _SECONDS,
    "response_spool_max_bytes": _BYTES,
    "spool_memory_max_bytes": _BYTES,
    "spool_max_bytes": _BYTES,
    "spool_folder": _FOLDER,
    "body_max_bytes": _or_none(_whole(0, "a whole number of bytes")),
    "output_buffer_max_bytes": _BYTES,
    "websocket_handshake_timeout_seconds": _SECONDS,
    "websocket_idle_timeout_seconds": _or_none(_SECONDS),
    "websocket_timeout_seconds": _or_none(_SECONDS),
    "ping_interval_seconds": _or_none(_SECONDS),
    "ping_timeout_seconds": _or_none(_SECONDS),
    "ws_protocols": _tuple_of(_is_token, "a tuple of subprotocol names"),
    "websocket_path_max_bytes": _COUNT,
    "max_message_bytes": _whole(1, "a whole number of bytes from 1 to 15 MiB", 15 * MIB),
    "compression": _ON_OR_OFF,
    "compression_window_bits": _whole(9, "a whole number from 9 to 15", 15),
    "compression_min_bytes": _whole(0, "a whole number of bytes, 0 or more"),
    "allowed_origins": _Rule(
        lambda value: value is None or value == "*" or _ORIGINS.holds(value),
        "None, '*', or a tuple of origins like 'https://example.com' or 'file://' and hosts like '.example.com'",
    ),
    "allowed_hosts": _Rule(
        lambda value: value is None or value == "*" or _HOSTS.holds(value),
        "None, '*', or a tuple of hosts like 'example.com' and '.example.com'",
    ),
    "max_connections": _COUNT,
    "incoming_max_events": _COUNT,
    "incoming_max_bytes": _BYTES,
    "buffers_max_bytes": _BYTES,
    "events_max_bytes": _BYTES,
    "root_path": _Rule(_is_root_path, "'' or a path that starts with '/' and does not end with one"),
    "proxy_strips_root_path": _ON_OR_OFF,
    "trusted_proxies": _tuple_of(_is_network, "a tuple of IP addresses, networks like '10.0.0.0/8', or 'unix'"),
    "request_id_header": _or_none(_Rule(_is_id_header, "the name of a header of its own, like 'X-Request-ID'")),
    "tracing": _ON_OR_OFF,
    "access_log": _TEXT,
    "metrics": _or_none(
        _Rule(_is_monitoring_address, "127.0.0.1:PORT, unix:PATH, or public:HOST:PORT for other machines")
    ),
    "health_path": _or_none(
        _Rule(
            lambda value: value != "" and _is_root_path(value), "a path that starts with '/' and does not end with one"
        )
    ),
    "drain_pause_seconds": _Rule(lambda value: _is_number(value, 0, 10**8), "a number of seconds, 0 or more"),
    "drain_reconnects": _whole(1, "a whole number of clients, 1 or more"),
    "grace_seconds": _Rule(lambda value: _is_number(value, 0, 10**8), "a number of seconds, 0 or more"),
}
