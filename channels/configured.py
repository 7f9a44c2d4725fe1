"""The project's channel layers, as the setting CHANNEL_LAYERS describes them, built at first use.

The setting is `{alias: {"BACKEND": ..., "CONFIG": ..., "TEST_CONFIG": ..., "ROUTING": ..., "SCHEDULE": ...}}`. Routing
is only stored here; workers build a `towpath.routing.Router` from it.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import django
from django.conf import settings
from django.utils.module_loading import import_string

from towpath.layers.contract import ChannelLayer
from towpath.layers.errors import ConfigurationError

from .interface_settings import interface_options
from .schedule import Entry, read_schedule

logger = logging.getLogger(__name__)

#: The alias that is meant where none is given.
DEFAULT_CHANNEL_LAYER = "default"


class InvalidChannelLayerError(ConfigurationError):
    """Raised when CHANNEL_LAYERS does not describe a layer that can be built."""


class ConfiguredLayer:
    """A layer with its alias and routing; all other attributes are those of the layer itself."""

    def __init__(
        self,
        channel_layer: ChannelLayer,
        alias: str = DEFAULT_CHANNEL_LAYER,
        routing: object = (),
        schedule: Sequence[Entry] = (),
    ) -> None:
        self.channel_layer = channel_layer
        self.alias = alias
        self.routing = routing
        self.schedule = schedule

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "channel_layer":  # not set yet: copy and pickle ask before __init__ has run
            raise AttributeError(name)
        return getattr(self.channel_layer, name)

    def __str__(self) -> str:
        kind = type(self.channel_layer)
        return f"{self.alias} ({kind.__module__}.{kind.__name__})"

    def local_only(self) -> bool:
        """Return whether the layer is local to this process."""
        return "memory" in type(self.channel_layer).__module__


AnyLayer = ChannelLayer | ConfiguredLayer


def raw_layer(layer: AnyLayer) -> ChannelLayer:
    """Return the layer itself, without alias and routing."""
    return layer.channel_layer if isinstance(layer, ConfiguredLayer) else layer


@dataclass(frozen=True, slots=True)
class LayerSettings:
    """One checked entry of CHANNEL_LAYERS. `test_config` None: the layer has no configuration for live tests."""

    backend: str
    routing: object
    config: Mapping[str, Any]
    test_config: Mapping[str, Any] | None
    schedule: tuple[Entry, ...] = ()

    @classmethod
    def read(cls, alias: str, entry: object) -> "LayerSettings":
        """Check one entry.

        Raises:
            InvalidChannelLayerError: it lacks a key, has an unknown one, or a value of the wrong kind.
            ConfigurationError: its schedule is wrong.
        """
        where = f"CHANNEL_LAYERS[{alias!r}]"
        if not isinstance(entry, Mapping):
            raise InvalidChannelLayerError(f"{where} is a dict with BACKEND and ROUTING, not a {type(entry).__name__}")
        for key in entry:
            if key not in ("BACKEND", "ROUTING", "CONFIG", "TEST_CONFIG", "SCHEDULE"):
                raise InvalidChannelLayerError(f"{where} has the unknown key {key!r}")
        for key in ("BACKEND", "ROUTING"):
            if key not in entry:
                raise InvalidChannelLayerError(f"{where} has no {key}")
        for key in ("CONFIG", "TEST_CONFIG"):
            if not isinstance(entry.get(key, {}), Mapping):
                kind = type(entry[key]).__name__  # the value may hold a password
                raise InvalidChannelLayerError(f"{where}[{key!r}] is a dict of options, not a {kind}")
        schedule = read_schedule(f"{where}['SCHEDULE']", entry.get("SCHEDULE", {}))
        return cls(entry["BACKEND"], entry["ROUTING"], entry.get("CONFIG", {}), entry.get("TEST_CONFIG"), schedule)


class ChannelLayerManager:
    """All layers of the project by alias: `channel_layers["default"]`."""

    def __init__(self) -> None:
        self._built: dict[str, ConfiguredLayer] = {}
        self._lock = Lock()

    @property
    def configs(self) -> Mapping[str, Any]:
        """The setting CHANNEL_LAYERS, empty if the project has none."""
        configs: Mapping[str, Any] = getattr(settings, "CHANNEL_LAYERS", {})
        return configs

    def __getitem__(self, alias: str) -> ConfiguredLayer:
        layer = self._built.get(alias)
        if layer is not None:
            return layer
        with self._lock:  # several threads may run this; each alias has one layer only
            if alias not in self._built:
                self._built[alias] = self.make_backend(alias)
            return self._built[alias]

    def __contains__(self, alias: object) -> bool:
        return alias in self._built or alias in self.configs

    def set(self, alias: str, layer: ConfiguredLayer | None) -> ConfiguredLayer | None:
        """Put `layer` in the place of an alias and return the previous one; None: build it from the settings again."""
        with self._lock:
            old = self._built.pop(alias, None)
            if layer is not None:
                self._built[alias] = layer
            return old

    def make_backend(self, name: str) -> ConfiguredLayer:
        """Build a new layer from CONFIG.

        Raises:
            InvalidChannelLayerError: the settings do not describe one.
        """
        entry = self._settings(name)
        return _build(name, entry, "CONFIG", entry.config)

    def make_test_backend(self, name: str) -> ConfiguredLayer:
        """Build a new layer from TEST_CONFIG.

        Raises:
            InvalidChannelLayerError: the settings do not describe one, or have no TEST_CONFIG.
        """
        entry = self._settings(name)
        if entry.test_config is None:
            raise InvalidChannelLayerError(f"CHANNEL_LAYERS[{name!r}] has no TEST_CONFIG")
        return _build(name, entry, "TEST_CONFIG", entry.test_config)

    def _settings(self, alias: str) -> LayerSettings:
        if alias not in self.configs:
            raise InvalidChannelLayerError(f"CHANNEL_LAYERS has no layer {alias!r}; it has {sorted(self.configs)}")
        return LayerSettings.read(alias, self.configs[alias])


def _build(alias: str, entry: LayerSettings, key: str, config: Mapping[str, Any]) -> ConfiguredLayer:
    where = f"CHANNEL_LAYERS[{alias!r}]"
    try:
        backend = import_string(entry.backend)
    except (ImportError, AttributeError, TypeError) as error:
        raise InvalidChannelLayerError(f"{where}['BACKEND']: cannot import {entry.backend!r}: {error}") from error
    try:
        layer = backend(**config)
    except TypeError as error:  # an option the backend does not have
        raise InvalidChannelLayerError(f"{where}[{key!r}]: {error}") from error
    if isinstance(layer, ChannelLayer):
        layer.interface_options = interface_options
        if "position_keys" not in config:
            layer.position_keys = _position_keys
    if hasattr(layer, "on_unserved_use"):
        layer.on_unserved_use = lambda: _warn_unserved(where)
    return ConfiguredLayer(layer, alias, entry.routing, entry.schedule)


def _position_keys() -> Sequence[str]:
    """Return the keys that sign positions in the histories of groups."""
    return [key for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS) if key]


def _warn_unserved(where: str) -> None:
    """Warn that a memory layer is used by a process, such as `manage.py shell`, whose messages reach no other one."""
    from django.core import mail  # most processes never need it

    if hasattr(mail, "outbox"):  # made by Django's test environment
        return
    logger.warning(
        "%s is a memory layer, and this process runs neither a worker nor an interface server: what is sent here "
        "reaches no client. Use towpath.layers.redis.RedisChannelLayer to send from other processes than runserver",
        where,
    )


#: The project's layers by alias, as `channel_layers["default"]`.
channel_layers = ChannelLayerManager()


def get_channel_layer(alias: str = DEFAULT_CHANNEL_LAYER) -> ChannelLayer:
    """Set Django up and return the layer itself, for the project's `asgi.py`."""
    django.setup(set_prefix=False)
    return channel_layers[alias].channel_layer
