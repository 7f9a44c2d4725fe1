"""Fresh layers instead of the project's, for one test."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from towpath.channels.configured import ConfiguredLayer, channel_layers
from towpath.channels.transactions import ended_blocks_commit

from .consuming import RoutedLayer
from .layer import TrialLayer

#: Options of the project's layer that a test's layer shares.
_SHARED_OPTIONS = ("expiry", "group_expiry", "capacity", "channel_capacity", "group_history", "position_keys")


@contextmanager
def fresh_layers(aliases: Sequence[str]) -> Iterator[dict[str, ConfiguredLayer]]:
    """Replace each layer by an empty `TrialLayer` with the same routing, schedule and bounds, and a store of its own.

    Messages sent inside `atomic()` are delivered at the end of that block, also inside Django's TestCase.

    Raises:
        InvalidChannelLayerError: CHANNEL_LAYERS has no such layer, or does not describe it well.
    """
    fresh = {alias: _fresh(alias) for alias in aliases}
    replaced = {alias: channel_layers.set(alias, layer) for alias, layer in fresh.items()}
    try:
        with ended_blocks_commit():
            yield fresh
    finally:
        for alias, layer in replaced.items():
            channel_layers.set(alias, layer)


def trial_layer(alias: str) -> TrialLayer:
    """Return the layer that a test has under an alias.

    Raises:
        TypeError: it is one of the project's, which was not replaced.
    """
    layer = channel_layers[alias].channel_layer
    if not isinstance(layer, TrialLayer):
        raise TypeError(
            f"the layer {alias!r} is not a test's own: write a ChannelTestCase with {alias!r} in test_channel_aliases, "
            "or use the fixture channel_layer"
        )
    return layer


def _fresh(alias: str) -> ConfiguredLayer:
    configured = channel_layers[alias]
    options = _options(settings.CHANNEL_LAYERS.get(alias, {})) if alias in channel_layers.configs else {}
    return RoutedLayer(TrialLayer(**options), alias, configured.routing, configured.schedule)


def _options(entry: Mapping[str, Any]) -> dict[str, Any]:
    config: Mapping[str, Any] = entry.get("CONFIG", {})
    return {name: config[name] for name in _SHARED_OPTIONS if name in config}
