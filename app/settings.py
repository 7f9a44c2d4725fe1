"""The Django settings that Towpath reads, as one validated value. Names of 1.x are kept.

Commands and system checks read settings through this module only. `find_problems` never raises and never imports what
a setting points to; that is for the checks.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings as django_settings

from towpath.layers.errors import ConfigurationError

LAYER_KEYS = ("BACKEND", "ROUTING", "CONFIG", "TEST_CONFIG")
#: A subprotocol is a token (RFC 6455, section 4.1; RFC 9110, section 5.6.2).
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")


@dataclass(frozen=True, slots=True)
class Problem:
    """A setting that is wrong: `key` is its path, like `CHANNEL_LAYERS["default"]["BACKEND"]`."""

    key: str
    text: str
    hint: str

    def __str__(self) -> str:
        return f"{self.key} {self.text}. {self.hint}"


@dataclass(frozen=True, slots=True)
class LayerSettings:
    """One entry of `CHANNEL_LAYERS`. `routing` is a dotted path, a list of routes, or {channel: consumer}."""

    backend: str
    routing: Any
    config: Mapping[str, Any] = field(default_factory=dict)
    test_config: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class TowpathSettings:
    """What a project says about Towpath in its Django settings.

    `session_engine` None means that the state of a connection travels with it. `script_name` is the root path under
    which the site lives, without a slash at its end; empty for the root.
    """

    channel_layers: Mapping[str, LayerSettings]
    session_engine: str | None
    ws_protocols: tuple[str, ...]
    script_name: str


def read_settings(source: object = django_settings) -> TowpathSettings:
    """Return the settings of `source`, validated.

    Raises:
        ConfigurationError: a setting is wrong; names its key, and says what to do.
    """
    for problem in find_problems(source):
        raise ConfigurationError(str(problem))
    layers: Mapping[str, Mapping[str, Any]] = getattr(source, "CHANNEL_LAYERS", None) or {}
    return TowpathSettings(
        channel_layers={alias: _layer(entry) for alias, entry in layers.items()},
        session_engine=getattr(source, "CHANNEL_SESSION_ENGINE", None),
        ws_protocols=tuple(getattr(source, "CHANNELS_WS_PROTOCOLS", None) or ()),
        script_name=(getattr(source, "FORCE_SCRIPT_NAME", None) or "").rstrip("/"),
    )


def find_problems(source: object = django_settings) -> Iterator[Problem]:
    """Yield everything that is wrong with the settings of `source`."""
    yield from _layers_problems(getattr(source, "CHANNEL_LAYERS", None))
    yield from _session_engine_problems(getattr(source, "CHANNEL_SESSION_ENGINE", None))
    yield from _ws_protocols_problems(getattr(source, "CHANNELS_WS_PROTOCOLS", None))
    yield from _script_name_problems(getattr(source, "FORCE_SCRIPT_NAME", None))


def _layer(entry: Mapping[str, Any]) -> LayerSettings:
    return LayerSettings(
        backend=entry["BACKEND"],
        routing=entry["ROUTING"],
        config=dict(entry.get("CONFIG") or {}),
        test_config=entry.get("TEST_CONFIG"),
    )


def _layers_problems(value: object) -> Iterator[Problem]:
    if value is None:
        return
    if not isinstance(value, Mapping):
        yield Problem("CHANNEL_LAYERS", f"is {value!r}", 'Make it a dict, {"default": {"BACKEND": ..., "ROUTING": ...}}.')
        return
    for alias, entry in value.items():
        key = f"CHANNEL_LAYERS[{alias!r}]"
        if not isinstance(alias, str):
            yield Problem(key, "has a name that is not a str", "Name it with a str; the usual one is 'default'.")
        elif not isinstance(entry, Mapping):
            yield Problem(key, f"is {entry!r}", 'Make it a dict with the keys "BACKEND" and "ROUTING".')
        else:
            yield from _layer_problems(key, entry)


def _layer_problems(key: str, entry: Mapping[Any, Any]) -> Iterator[Problem]:
    for name in entry:
        if name not in LAYER_KEYS:
            yield Problem(f"{key}[{name!r}]", "is not a key of a channel layer", f"Use {', '.join(LAYER_KEYS)}.")
    backend = entry.get("BACKEND")
    if not (isinstance(backend, str) and "." in backend):
        hint = 'Give the class as a dotted path, such as "towpath.layers.redis.RedisChannelLayer".'
        yield Problem(f"{key}['BACKEND']", _said(entry, "BACKEND"), hint)
    routing = entry.get("ROUTING")
    if not _could_be_routing(routing):
        hint = 'Give the dotted path of a list of routes, such as "mysite.routing.channel_routing".'
        yield Problem(f"{key}['ROUTING']", _said(entry, "ROUTING"), hint)
    for name in ("CONFIG", "TEST_CONFIG"):
        options = entry.get(name)
        if options is not None and not (isinstance(options, Mapping) and all(isinstance(o, str) for o in options)):
            yield Problem(f"{key}[{name!r}]", f"is {options!r}", "Make it a dict of options of the layer's class.")


def _could_be_routing(value: object) -> bool:
    return "." in value if isinstance(value, str) else isinstance(value, list | tuple | Mapping)


def _session_engine_problems(value: object) -> Iterator[Problem]:
    if value is not None and not (isinstance(value, str) and value):
        hint = 'Give a dotted path, such as "django.contrib.sessions.backends.cache", or leave it out.'
        yield Problem("CHANNEL_SESSION_ENGINE", f"is {value!r}", hint)


def _ws_protocols_problems(value: object) -> Iterator[Problem]:
    if value is None:
        return
    if not isinstance(value, list | tuple):
        yield Problem("CHANNELS_WS_PROTOCOLS", f"is {value!r}", 'Make it a list of subprotocol names, such as ["wamp"].')
        return
    for index, name in enumerate(value):
        if not (isinstance(name, str) and _TOKEN.match(name)):
            hint = "A subprotocol is a str of ASCII letters, digits and !#$%&'*+-.^_`|~, without spaces."
            yield Problem(f"CHANNELS_WS_PROTOCOLS[{index}]", f"is {name!r}", hint)


def _script_name_problems(value: object) -> Iterator[Problem]:
    if value is not None and not (isinstance(value, str) and (value == "" or value.startswith("/"))):
        yield Problem("FORCE_SCRIPT_NAME", f"is {value!r}", 'Begin it with a slash, such as "/app", or leave it out.')


def _said(entry: Mapping[Any, Any], name: str) -> str:
    return f"is {entry[name]!r}" if name in entry else "is missing"
