"""The options of an interface server on a command line, for `towpath-interface` and for management commands."""

import argparse
from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

from ..config import InterfaceConfig
from ..websocket.hosts import is_entry

#: The proxies that `--proxy-headers` of 1.x trusts: those of this machine.
LOCAL_PROXIES = ("127.0.0.0/8", "::1", "unix")


def seconds(text: str) -> float:
    """Read a number of seconds."""
    return float(text)


def seconds_or_none(text: str) -> float | None:
    """Read a number of seconds; `none`, or -1 as in 1.x, means no limit."""
    return None if text in ("none", "-1") else float(text)


def count_or_none(text: str) -> int | None:
    """Read a whole number; `none` means no limit."""
    return None if text == "none" else int(text)


def permissions(text: str) -> int:
    """Read permissions in octal, as in chmod."""
    return int(text, 8)


def host(text: str) -> str:
    """Read an entry of `hosts.is_host_allowed`, or `*`."""
    if text != "*" and not is_entry(text):
        raise ValueError(text)
    return text


def on_or_off(text: str) -> bool:
    """Read a switch."""
    return {"on": True, "off": False}[text]


#: The placeholders of values in the help; others are TEXT.
_METAVARS: dict[Callable[[str], object], str] = {
    seconds: "SECONDS",
    seconds_or_none: "SECONDS",
    int: "N",
    count_or_none: "N",
}
#: The expected value of each reader, for errors.
_WANTED: dict[Callable[[str], object], str] = {
    seconds: "a number of seconds",
    seconds_or_none: "a number of seconds, or none",
    int: "a whole number",
    count_or_none: "a whole number, or none",
    permissions: "permissions in octal, such as 660",
    on_or_off: "on or off",
    host: "a host like example.com or .example.com, without a port",
}


class Values(Enum):
    """How many values an option takes."""

    ONE = "one"
    MANY = "one each time it is given"
    LISTS = "one or more, separated by commas, each time it is given"


class _Option(NamedTuple):
    field: str
    flags: str
    read: Callable[[str], Any]
    meaning: str
    values: Values = Values.ONE


_OPTIONS = (
    _Option("bind", "-b --bind --host", str, "host name or IP address to listen on"),
    _Option("port", "-p --port", int, "TCP port to listen on"),
    _Option("unix_socket", "-u --unix-socket", str, "path of a UNIX socket to listen on"),
    _Option("unix_socket_mode", "--unix-socket-mode", permissions, "permissions of the UNIX socket in octal"),
    _Option("fd", "--fd", int, "inherited descriptor to listen on; 0 is allowed"),
    _Option("endpoints", "-e --endpoint", str, "Twisted endpoint string to listen on", Values.MANY),
    _Option(
        "http_timeout_seconds",
        "-t --http-timeout --http_timeout",
        seconds_or_none,
        "limit for the beginning of a response",
    ),
    _Option(
        "idle_timeout_seconds", "--idle-timeout", seconds, "limit for the time between two requests of a connection"
    ),
    _Option("head_timeout_seconds", "--head-timeout", seconds, "limit for the whole head of a request"),
    _Option("body_timeout_seconds", "--body-timeout", seconds, "limit for a pause within a request's body"),
    _Option("head_max_bytes", "--head-max-bytes", int, "limit for request line and headers together"),
    _Option("headers_max_count", "--headers-max-count", int, "limit for the number of headers of a request"),
    _Option(
        "body_inline_max_bytes", "--body-inline-max-bytes", int, "size from which a request body is sent in chunks"
    ),
    _Option("body_max_bytes", "--body-max-bytes", count_or_none, "size above which a request body is refused with 413"),
    _Option("body_rate_bytes", "--body-rate-bytes", int, "minimum rate of a request's body, in bytes a second"),
    _Option("output_buffer_max_bytes", "--output-buffer-max-bytes", int, "bytes in memory that wait for a slow client"),
    _Option("send_timeout_seconds", "--send-timeout", seconds, "limit for sending a block of 64 KiB to a client"),
    _Option(
        "response_spool_max_bytes",
        "--response-spool-max-bytes",
        int,
        "bytes of a response of unknown length that are kept for a slow client",
    ),
    _Option("spool_memory_max_bytes", "--spool-memory-max-bytes", int, "total size of bodies kept in memory"),
    _Option("spool_max_bytes", "--spool-max-bytes", int, "total size of bodies kept on disk"),
    _Option("spool_folder", "--spool-folder", str, "folder for bodies that are kept on disk"),
    _Option(
        "websocket_handshake_timeout_seconds",
        "--websocket-handshake-timeout --websocket_handshake_timeout "
        "--websocket-connect-timeout --websocket_connect_timeout",
        seconds,
        "limit for the application's answer to a WebSocket handshake",
    ),
    _Option(
        "websocket_timeout_seconds",
        "--websocket-timeout --websocket_timeout",
        seconds_or_none,
        "age at which a WebSocket is closed",
    ),
    _Option(
        "websocket_idle_timeout_seconds",
        "--websocket-idle-timeout",
        seconds_or_none,
        "limit for the time without a message on a WebSocket",
    ),
    _Option("ping_interval_seconds", "--ping-interval", seconds_or_none, "time without a message before a ping"),
    _Option("ping_timeout_seconds", "--ping-timeout", seconds_or_none, "limit for the pong"),
    _Option("ws_protocols", "--ws-protocol", str, "a WebSocket subprotocol to accept", Values.LISTS),
    _Option("websocket_path_max_bytes", "--websocket-path-max-bytes", int, "limit for the path of a WebSocket"),
    _Option(
        "max_message_bytes", "--max-message-bytes --websocket-max-message-size", int, "limit for a WebSocket message"
    ),
    _Option("compression", "--compression", on_or_off, "compress WebSocket messages, on or off"),
    _Option("compression_window_bits", "--compression-window-bits", int, "largest window, as a power of two"),
    _Option(
        "compression_min_bytes", "--compression-min-bytes", int, "size from which a WebSocket message is compressed"
    ),
    _Option(
        "allowed_origins", "--allowed-origin", str, "origin whose pages may open WebSockets; * for all", Values.MANY
    ),
    _Option(
        "allowed_hosts",
        "--allowed-host",
        host,
        "value of the Host header that WebSockets may have; * for all",
        Values.MANY,
    ),
    _Option("max_connections", "--max-connections", int, "limit for open requests and WebSockets"),
    _Option("incoming_max_events", "--incoming-max-events", int, "limit for waiting events of a connection"),
    _Option("incoming_max_bytes", "--incoming-max-bytes", int, "limit for their bytes"),
    _Option("buffers_max_bytes", "--buffers-max-bytes", int, "limit for the memory of all clients together"),
    _Option(
        "events_max_bytes",
        "--events-max-bytes",
        int,
        "limit for WebSocket messages in the layer and in workers, all together",
    ),
    _Option("root_path", "--root-path", str, "path the application is mounted at"),
    _Option(
        "proxy_strips_root_path", "--proxy-strips-root-path", on_or_off, "the proxy removes this path from requests"
    ),
    _Option("trusted_proxies", "--trusted-proxies", str, "proxies whose X-Forwarded-* headers are used", Values.LISTS),
    _Option(
        "request_id_header",
        "--request-id-header",
        str,
        "header with the id of a request, set by a trusted proxy or by the server, such as X-Request-ID",
    ),
    _Option("tracing", "--tracing", on_or_off, "trace events by OpenTelemetry, on or off"),
    _Option("access_log", "--access-log", str, "file for the access log, - for standard output"),
    _Option("metrics", "--metrics", str, "HOST:PORT or unix:PATH that serves /metrics, /live and /ready"),
    _Option("health_path", "--health-path", str, "path on the public port below which /live and /ready are answered"),
    _Option(
        "drain_pause_seconds",
        "--drain-pause",
        seconds,
        "time from SIGTERM, when /ready fails, to the beginning of the drain",
    ),
    _Option("drain_reconnects", "--drain-reconnects", int, "clients a second that a drain lets reconnect"),
    _Option("grace_seconds", "--grace", seconds, "limit for the drain"),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser; an absent option is None."""
    for option in _OPTIONS:
        # The default is shown, and applied by `InterfaceConfig`.
        default = InterfaceConfig.__dataclass_fields__[option.field].default
        shown = "off" if default is False else f"{default:o}" if option.read is permissions else default
        many = "" if option.values is Values.ONE else f"; {option.values.value}"
        default_text = "" if default in (None, "", ()) else f" (default: {shown})"
        parser.add_argument(
            *option.flags.split(),
            dest=option.field,
            type=_reader(option.read),
            action="store" if option.values is Values.ONE else "append",
            metavar=_METAVARS.get(option.read, "TEXT"),
            default=argparse.SUPPRESS,
            help=option.meaning.replace("%", "%%") + many + default_text,
        )
    parser.add_argument(
        "--proxy-headers",
        action="store_true",
        help=f"the same as --trusted-proxies {','.join(LOCAL_PROXIES)}",
    )


# `Any`: the values have the types of `InterfaceConfig`, which checks them.
def config_from(namespace: argparse.Namespace | dict[str, Any], **defaults: Any) -> InterfaceConfig:
    """Make the configuration from parsed options; `defaults` replace absent ones.

    Raises:
        ConfigurationError: a value is not allowed.
    """
    given = namespace if isinstance(namespace, dict) else vars(namespace)
    chosen = dict(defaults)
    for option in _OPTIONS:
        if option.field in given:
            chosen[option.field] = _value(option, given[option.field])
    if given.get("proxy_headers"):
        chosen["trusted_proxies"] = (*chosen.get("trusted_proxies", ()), *LOCAL_PROXIES)
    for field in ("allowed_origins", "allowed_hosts"):
        if chosen.get(field) and "*" in chosen[field]:
            chosen[field] = "*"
    return InterfaceConfig(**chosen)


def check_option(option: str, value: object) -> None:
    """Check the value of a single option; other names than those of options are ignored.

    Raises:
        ConfigurationError: the value is not allowed.
    """
    config_from({option: value})


def _value(option: _Option, given: Any) -> Any:
    if option.values is Values.MANY:
        return tuple(given)
    if option.values is Values.LISTS:
        return tuple(part.strip() for text in given for part in text.split(","))
    return given


def _reader(read: Callable[[str], object]) -> Callable[[str], object]:
    """Return the reader of an option, whose error says which value is expected."""

    def parse(text: str) -> object:
        try:
            return read(text)
        except (ValueError, KeyError) as error:
            raise argparse.ArgumentTypeError(f"{text!r} is not {_WANTED[read]}") from error

    return parse
