"""Options on a command line become the configuration."""

import argparse
from dataclasses import fields
from typing import Any

import pytest

from towpath.interface.commandline.options import LOCAL_PROXIES, add_options, config_from
from towpath.interface.config import InterfaceConfig
from towpath.layers.errors import ConfigurationError


def parse(*arguments: str) -> InterfaceConfig:
    parser = argparse.ArgumentParser()
    add_options(parser)
    return config_from(parser.parse_args(arguments))


#: Option -> arguments, and what they mean.
GIVEN: dict[str, tuple[list[str], object]] = {
    "bind": (["-b", "::1"], "::1"),
    "port": (["-p", "0"], 0),
    "unix_socket": (["-u", "/run/s"], "/run/s"),
    "unix_socket_mode": (["--unix-socket-mode", "0600"], 0o600),
    "fd": (["--fd", "0"], 0),
    "endpoints": (["-e", "tcp:1", "--endpoint", "tcp:2:interface=a,b"], ("tcp:1", "tcp:2:interface=a,b")),
    "http_timeout_seconds": (["-t", "none"], None),
    "idle_timeout_seconds": (["--idle-timeout", "1.5"], 1.5),
    "head_timeout_seconds": (["--head-timeout", "1"], 1.0),
    "body_timeout_seconds": (["--body-timeout", "1"], 1.0),
    "head_max_bytes": (["--head-max-bytes", "2048"], 2048),
    "headers_max_count": (["--headers-max-count", "9"], 9),
    "body_inline_max_bytes": (["--body-inline-max-bytes", "0"], 0),
    "body_max_bytes": (["--body-max-bytes", "9"], 9),
    "body_rate_bytes": (["--body-rate-bytes", "9"], 9),
    "send_timeout_seconds": (["--send-timeout", "9"], 9.0),
    "response_spool_max_bytes": (["--response-spool-max-bytes", "9"], 9),
    "spool_memory_max_bytes": (["--spool-memory-max-bytes", "9"], 9),
    "spool_max_bytes": (["--spool-max-bytes", "9"], 9),
    "spool_folder": (["--spool-folder", "/tmp"], "/tmp"),
    "output_buffer_max_bytes": (["--output-buffer-max-bytes", "9"], 9),
    "buffers_max_bytes": (["--buffers-max-bytes", "9"], 9),
    "events_max_bytes": (["--events-max-bytes", "9"], 9),
    "websocket_handshake_timeout_seconds": (["--websocket-handshake-timeout", "9"], 9.0),
    "websocket_idle_timeout_seconds": (["--websocket-idle-timeout", "9"], 9.0),
    "websocket_timeout_seconds": (["--websocket-timeout", "9"], 9.0),
    "ping_interval_seconds": (["--ping-interval", "none"], None),
    "ping_timeout_seconds": (["--ping-timeout", "9"], 9.0),
    "ws_protocols": (["--ws-protocol", "a,b", "--ws-protocol", "c"], ("a", "b", "c")),
    "websocket_path_max_bytes": (["--websocket-path-max-bytes", "9"], 9),
    "max_message_bytes": (["--max-message-bytes", "9"], 9),
    "compression": (["--compression", "on"], True),
    "compression_window_bits": (["--compression-window-bits", "9"], 9),
    "compression_min_bytes": (["--compression-min-bytes", "0"], 0),
    "allowed_origins": (["--allowed-origin", "https://a", "--allowed-origin", "https://b"], ("https://a", "https://b")),
    "allowed_hosts": (["--allowed-host", "a.example", "--allowed-host", ".b.example"], ("a.example", ".b.example")),
    "max_connections": (["--max-connections", "9"], 9),
    "incoming_max_events": (["--incoming-max-events", "9"], 9),
    "incoming_max_bytes": (["--incoming-max-bytes", "9"], 9),
    "root_path": (["--root-path", "/app"], "/app"),
    "proxy_strips_root_path": (["--proxy-strips-root-path", "on"], True),
    "trusted_proxies": (["--trusted-proxies", "unix, 10.0.0.0/8"], ("unix", "10.0.0.0/8")),
    "request_id_header": (["--request-id-header", "X-Request-ID"], "X-Request-ID"),
    "tracing": (["--tracing", "on"], True),
    "access_log": (["--access-log", "-"], "-"),
    "metrics": (["--metrics", "127.0.0.1:9100"], "127.0.0.1:9100"),
    "health_path": (["--health-path", "/health"], "/health"),
    "drain_pause_seconds": (["--drain-pause", "5"], 5.0),
    "drain_reconnects": (["--drain-reconnects", "50"], 50),
    "grace_seconds": (["--grace", "0"], 0.0),
}


@pytest.mark.parametrize("option", GIVEN)
def test_an_option_is_read(option: str) -> None:
    arguments, expected = GIVEN[option]
    config = parse(*arguments)
    assert getattr(config, option) == expected
    assert parse() == InterfaceConfig()


def test_every_option_can_be_given() -> None:
    assert set(GIVEN) == {field.name for field in fields(InterfaceConfig)}


@pytest.mark.parametrize(
    ("old", "option"),
    [
        ("--http_timeout", "http_timeout_seconds"),
        ("--websocket_timeout", "websocket_timeout_seconds"),
        ("--websocket_connect_timeout", "websocket_handshake_timeout_seconds"),
        ("--websocket_handshake_timeout", "websocket_handshake_timeout_seconds"),
    ],
)
def test_old_spellings_are_kept(old: str, option: str) -> None:
    assert getattr(parse(old, "7"), option) == 7


def test_minus_1_means_no_limit_as_in_1x() -> None:
    assert parse("--websocket_timeout", "-1").websocket_timeout_seconds is None


def test_any_origin_may_be_allowed() -> None:
    assert parse("--allowed-origin", "*").allowed_origins == "*"
    assert parse("--allowed-host", "a.example", "--allowed-host", "*").allowed_hosts == "*"


def test_the_old_switch_trusts_proxies_of_this_machine_only() -> None:
    assert parse("--proxy-headers").trusted_proxies == LOCAL_PROXIES
    assert parse("--proxy-headers", "--trusted-proxies", "10.0.0.1").trusted_proxies == ("10.0.0.1", *LOCAL_PROXIES)


def test_a_value_that_is_not_allowed_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="port"):
        parse("-p", "70000")


def test_a_value_of_another_type_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse("-p", "http")
    assert caught.value.code == 2
    assert "'http' is not a whole number" in capsys.readouterr().err


def test_defaults_are_for_what_is_not_given() -> None:
    given: dict[str, Any] = {"port": 1, "unknown": 2}
    assert config_from(given, port=9, root_path="/app") == InterfaceConfig(port=1, root_path="/app")


def test_the_help_names_the_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse("--help")
    assert "(default: 120)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--compression", "yes"], "argument --compression: 'yes' is not on or off"),
        (["-t", "soon"], "'soon' is not a number of seconds, or none"),
        (["--head-timeout", "none"], "'none' is not a number of seconds"),
        (["--port", "http"], "'http' is not a whole number"),
        (
            ["--allowed-host", "a.example:80"],
            "'a.example:80' is not a host like example.com or .example.com, without a p",
        ),
        (["--body-max-bytes", "1k"], "'1k' is not a whole number, or none"),
    ],
)
def test_what_cannot_be_read_is_named(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(*arguments)
    assert said in capsys.readouterr().err


def test_the_help_shows_the_default_of_permissions_in_octal(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse("--help")
    assert "octal (default: 660)" in " ".join(capsys.readouterr().out.split())
