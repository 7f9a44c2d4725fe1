"""A project's settings about WebSockets reach the servers that its commands start."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.test import override_settings

from towpath.channels.interface_settings import interface_options
from towpath.interface.config import InterfaceConfig
from towpath.management.commands import runinterface, runserver

SETTINGS = {"CHANNELS_WS_PROTOCOLS": ["chat.v2"], "CHANNELS_WS_ALLOWED_ORIGINS": ["https://app.example.com"]}


@pytest.fixture
def configs(monkeypatch: pytest.MonkeyPatch) -> list[InterfaceConfig]:
    """The configurations of servers that would have been started."""
    started: list[InterfaceConfig] = []

    def serve(layer: Any, config: InterfaceConfig, *rest: Any) -> int:
        started.append(config)
        return 0

    for module in (runinterface, runserver):
        monkeypatch.setattr(module, "setup_logger", lambda **options: None)
    monkeypatch.setattr(runinterface, "serve", serve)
    monkeypatch.setattr(runinterface, "shared_layer", lambda alias, process: SimpleNamespace(channel_layer=None))
    monkeypatch.setattr(runserver, "InterfaceThread", serve)
    monkeypatch.setattr(runserver, "DevelopmentServer", lambda interface, pool: None)
    return started


def run(**options: Any) -> None:
    with pytest.raises(SystemExit):
        runinterface.Command().handle(verbosity=1, layer="default", log_format="text", **options)


def test_the_interface_server_gets_them(configs: list[InterfaceConfig]) -> None:
    with override_settings(**SETTINGS):
        run()
        run(allowed_origins=["b.example"])
    run()
    assert [config.allowed_origins for config in configs] == [("https://app.example.com",), ("b.example",), None]
    assert configs[0].ws_protocols == ("chat.v2",)


@pytest.mark.parametrize(
    ("hosts", "debug", "expected"),
    [
        (["example.com", ".example.org"], False, ("example.com", ".example.org")),
        ([], True, (".localhost", "127.0.0.1", "[::1]")),
        ([], False, ()),
        (["example.com", "*"], False, "*"),
    ],
)
def test_hosts_of_pages_are_those_of_handshakes(
    configs: list[InterfaceConfig], hosts: list[str], debug: bool, expected: object
) -> None:
    command = runserver.Command()
    command.config = InterfaceConfig()
    with override_settings(ALLOWED_HOSTS=hosts, DEBUG=debug):
        run()
        command._build_server(SimpleNamespace(channel_layer=None), None, {"verbosity": 1, "run_worker": False})  # type: ignore[arg-type]
        assert interface_options()["allowed_hosts"] == expected
    assert [config.allowed_hosts for config in configs] == [expected, expected]


def test_a_star_reaches_it_as_one(configs: list[InterfaceConfig]) -> None:
    with override_settings(CHANNELS_WS_ALLOWED_ORIGINS=["*"]):
        run()
    assert configs[0].allowed_origins == "*"


def test_the_development_server_gets_them(configs: list[InterfaceConfig]) -> None:
    command = runserver.Command()
    command.config = InterfaceConfig()
    with override_settings(**SETTINGS):
        command._build_server(SimpleNamespace(channel_layer=None), None, {"verbosity": 1, "run_worker": False})  # type: ignore[arg-type]
    assert configs[0].allowed_origins == ("https://app.example.com",)
    assert configs[0].ws_protocols == ("chat.v2",)
