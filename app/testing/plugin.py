"""Fixtures for pytest: `channel_layer`, `channel_faults`, `ws_client` and `live_channels`.

They need Django's settings; tests that use the database need pytest-django's fixtures, too.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # the settings may not be there when pytest loads its plugins
    from towpath.channels.configured import ConfiguredLayer

    from .faults import Faults
    from .live import LiveSite
    from .sockets import WSClient


@pytest.fixture
def channel_layer() -> "Iterator[ConfiguredLayer]":
    """A fresh layer in memory instead of the project's `default`, for one test."""
    from towpath.channels.configured import DEFAULT_CHANNEL_LAYER

    from .isolation import fresh_layers

    with fresh_layers([DEFAULT_CHANNEL_LAYER]) as layers:
        yield layers[DEFAULT_CHANNEL_LAYER]


@pytest.fixture
def channel_faults(channel_layer: "ConfiguredLayer") -> "Faults":
    """Faults on `channel_layer`: `with channel_faults.drop("thumbnails"):`."""
    from .isolation import trial_layer

    return trial_layer(channel_layer.alias).faults


@pytest.fixture
def ws_client(channel_layer: "ConfiguredLayer") -> "WSClient":
    """A simulated WebSocket on `channel_layer`."""
    from .sockets import WSClient

    return WSClient(alias=channel_layer.alias)


@pytest.fixture
def live_channels() -> "Iterator[LiveSite]":
    """A live site with real processes: `url`, `ws_url`, `layer`. With pytest-django, on the test's database."""
    from .live import live_site

    with live_site() as site:
        yield site


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep a live test out of a transaction, whose changes a worker cannot see, whatever fixtures it uses."""
    if "live_channels" in getattr(item, "fixturenames", ()) and item.config.pluginmanager.hasplugin("django"):
        marked = item.get_closest_marker("django_db")
        options = {**(marked.kwargs if marked else {}), "transaction": True}
        item.add_marker(pytest.mark.django_db(**options), append=False)
