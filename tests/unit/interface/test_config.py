"""The options of an interface server are checked when they are put together."""

from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest

from towpath.interface.config import InterfaceConfig
from towpath.layers.errors import ConfigurationError

#: Option -> values it cannot have.
WRONG: dict[str, list[object]] = {
    "bind": ["", 8000],
    "port": [-1, 65536, "8000", True],
    "unix_socket": [""],
    "unix_socket_mode": [-1, 0o1000, "660", None],
    "fd": [-1, "0"],
    "endpoints": ["tcp:8000", ["tcp:8000"], ("",)],
    "http_timeout_seconds": [0, -1, "120", float("nan")],
    "idle_timeout_seconds": [0, None],
    "head_timeout_seconds": [0, None],
    "body_timeout_seconds": [0, None],
    "head_max_bytes": [0, 1023, 2048.5],
    "headers_max_count": [0],
    "body_inline_max_bytes": [-1, 9 * 1024 * 1024],
    "body_max_bytes": [-1],
    "body_rate_bytes": [0, None],
    "send_timeout_seconds": [0, None],
    "response_spool_max_bytes": [0],
    "spool_memory_max_bytes": [0],
    "spool_max_bytes": [0],
    "spool_folder": ["", "/no such folder", 1],
    "output_buffer_max_bytes": [0],
    "buffers_max_bytes": [0],
    "events_max_bytes": [0],
    "websocket_handshake_timeout_seconds": [0, -1, None],
    "websocket_idle_timeout_seconds": [0],
    "websocket_timeout_seconds": [-1],
    "ping_interval_seconds": [0],
    "ping_timeout_seconds": [0],
    "ws_protocols": ["chat", ("two words",), ("",), ("ä",)],
    "websocket_path_max_bytes": [0, None],
    "max_message_bytes": [0, 16 * 1024 * 1024],
    "compression": [None, 1, "on"],
    "compression_window_bits": [8, 16, None],
    "compression_min_bytes": [-1, None],
    "allowed_origins": [
        "https://example.com",
        ("a page",),
        ("https://example.com/",),
        ("http://",),
        ("://",),
        ("file:///",),
    ],
    "allowed_hosts": ["example.com", ("",), (None,)],
    "max_connections": [0],
    "incoming_max_events": [0],
    "incoming_max_bytes": [0],
    "root_path": ["app", "/app/", "/", None],
    "proxy_strips_root_path": [None, 1, "on"],
    "trusted_proxies": [("localhost",), ("10.0.0.1/8",), "10.0.0.1"],
    "request_id_header": ["", "X Request", "X_Request_ID", "Cookie", "Sec-WebSocket-Key", "X-Forwarded-For", "\n", 1],
    "tracing": [None, 1, "on"],
    "access_log": [""],
    "metrics": ["", "9100", "0.0.0.0:9100", "example.com:9100", "127.0.0.1:http", "unix:", "127.0.0.1:70000", 9100],
    "health_path": ["", "health", "/", "/health/"],
    "drain_pause_seconds": [-1, None],
    "drain_reconnects": [0, 1.5, None],
    "grace_seconds": [-1, None],
}


@pytest.mark.parametrize(("option", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_value_is_refused_with_its_name_and_what_is_expected(option: str, value: object) -> None:
    options: dict[str, Any] = {option: value}
    with pytest.raises(ConfigurationError) as caught:
        InterfaceConfig(**options)
    message = str(caught.value)
    assert option in message and repr(value) in message and "expected" in message


def test_every_option_is_checked() -> None:
    assert set(WRONG) == {field.name for field in fields(InterfaceConfig)}


def test_the_defaults_are_safe() -> None:
    config = InterfaceConfig()
    assert config.allowed_origins is None
    assert config.max_message_bytes == 1024 * 1024
    assert config.trusted_proxies == ()
    assert config.http_timeout_seconds == 120
    assert config.websocket_timeout_seconds is None


def test_values_at_their_bounds_are_taken() -> None:
    config = InterfaceConfig(
        fd=0,
        port=0,
        body_inline_max_bytes=0,
        trusted_proxies=("unix", "10.0.0.0/8", "::1"),
        allowed_origins=("https://example.com:8443", "null"),
        root_path="/app",
        grace_seconds=0,
        http_timeout_seconds=None,
    )
    assert config.fd == 0


def test_it_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        InterfaceConfig().port = 1  # type: ignore[misc]  # the test is that it fails


@pytest.mark.parametrize(
    "entry",
    [
        "https://example.com",
        "file://",
        "capacitor://localhost",
        "example.com",
        ".example.com",
        "https://.example.com",
        "null",
    ],
)
def test_an_allowed_origin_may_be_an_origin_or_a_host(entry: str) -> None:
    assert InterfaceConfig(allowed_origins=(entry,)).allowed_origins == (entry,)


def test_a_socket_for_every_user_is_not_believed() -> None:
    with pytest.raises(ConfigurationError, match="unix_socket_mode 666 lets every user of this machine connect"):
        InterfaceConfig(unix_socket="/run/s", unix_socket_mode=0o666, trusted_proxies=("unix",))
    assert InterfaceConfig(unix_socket="/run/s", unix_socket_mode=0o666).unix_socket_mode == 0o666
    assert InterfaceConfig(unix_socket="/run/s", trusted_proxies=("unix",)).unix_socket_mode == 0o660
