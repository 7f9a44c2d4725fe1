"""The import paths of 1.x, and what importing them must not do."""

import subprocess
import sys
from importlib import import_module

import pytest

import towpath
import towpath.testing

#: The import paths of 1.x, with `towpath` for `channels`.
NAMES = {
    "towpath": ["Channel", "Group", "route", "include", "channel_layers", "DEFAULT_CHANNEL_LAYER", "__version__"],
    "towpath.asgi": ["get_channel_layer", "channel_layers", "ChannelLayerManager", "ChannelLayerWrapper"],
    "towpath.auth": [
        "transfer_user",
        "channel_session_user",
        "http_session_user",
        "channel_session_user_from_http",
        "channel_and_http_session_user_from_http",
    ],
    "towpath.binding": ["Binding", "BoundManager", "BoundQuerySet"],
    "towpath.binding.base": ["Binding", "BindingMetaclass", "CREATE", "UPDATE", "DELETE"],
    "towpath.binding.websockets": ["WebsocketBinding", "WebsocketBindingWithMembers"],
    "towpath.channel": ["Channel", "Group"],
    "towpath.exceptions": [
        "ConsumeLater",
        "ResponseLater",
        "RequestTimeout",
        "RequestAborted",
        "DenyConnection",
        "ChannelSocketException",
        "WebsocketCloseException",
        "SendNotAvailableOnDemultiplexer",
    ],
    "towpath.generic": ["BaseConsumer"],
    "towpath.generic.base": ["BaseConsumer"],
    "towpath.generic.websockets": [
        "WebsocketConsumer",
        "JsonWebsocketConsumer",
        "WebsocketDemultiplexer",
        "WebsocketMultiplexer",
    ],
    "towpath.handler": ["AsgiRequest", "AsgiHandler", "ViewConsumer"],
    "towpath.message": ["Message"],
    "towpath.routing": ["Router", "Route", "RouteClass", "Include", "route", "route_class", "include", "null_consumer"],
    "towpath.security.websockets": ["BaseOriginValidator", "AllowedHostsOnlyOriginValidator", "allowed_hosts_only"],
    "towpath.sessions": ["channel_session", "http_session", "channel_and_http_session", "enforce_ordering"],
    "towpath.signals": ["consumer_started", "consumer_finished", "worker_ready", "worker_process_ready"],
    "towpath.staticfiles": ["StaticFilesConsumer"],
    "towpath.worker": ["Worker"],
}

PROBE = """
import pkgutil, sys
import {package}
for module in pkgutil.walk_packages({package}.__path__, "{package}."):
    if not module.name.endswith("__main__"):
        __import__(module.name)
print(*sorted({{name.partition(".")[0] for name in sys.modules}} & {{"django", "twisted", "autobahn"}}))
"""


@pytest.mark.parametrize("module", NAMES)
def test_a_path_of_1x_has_its_names(module: str) -> None:
    for name in NAMES[module]:
        assert hasattr(import_module(module), name), f"{module}.{name}"


def test_every_public_name_of_the_front_door_is_there() -> None:
    for name in towpath.__all__:
        assert hasattr(towpath, name)


def test_the_names_that_type_checkers_read_are_those_that_are_resolved() -> None:
    for module in (towpath, towpath.testing):
        assert set(module.__all__) - {"__version__"} == set(vars(module)["_HOMES"]), module


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Chanel'"):
        towpath.Chanel  # noqa: B018


def loaded_by(package: str) -> set[str]:
    """Import a whole package in a process of its own; return the frameworks that came with it."""
    probe = [sys.executable, "-W", "ignore", "-c", PROBE.format(package=package)]
    return set(subprocess.run(probe, capture_output=True, text=True, check=True).stdout.split())


def test_the_interface_loads_without_django() -> None:
    assert "django" not in loaded_by("towpath.interface")


def test_the_layers_load_without_django_and_twisted() -> None:
    assert loaded_by("towpath.layers") == set()


def test_the_interface_loads_without_a_reactor() -> None:
    command = "import sys, towpath.interface.cli; sys.exit('twisted.internet.reactor' in sys.modules)"
    subprocess.run([sys.executable, "-W", "ignore", "-c", command], check=True)
