"""The Django settings that Towpath reads, as one validated value. Names of 1.x are kept.

Commands and system checks read settings through this module only. Dotted paths in settings are imported by the system
checks, not here. The keys of an entry of CHANNEL_LAYERS are listed in `towpath.channels.configured`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from django.conf import settings as django_settings

from towpath.channels.configured import LayerSettings
from towpath.channels.interface_settings import interface_options
from towpath.interface.websocket.origin import is_entry
from towpath.layers.errors import ConfigurationError

#: A subprotocol is a token (RFC 6455, section 4.1; RFC 9110, section 5.6.2).
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")

#: Packages with channel layers for Channels, by the first part of their dotted paths.
_FOREIGN_PACKAGES = (
    "asgi_ipc", "asgi_rabbitmq", "asgi_redis", "asgiref", "channels", "channels_postgres", "channels_rabbitmq",
    "channels_redis", "channels_valkey",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """A setting that is wrong. `text` names its key, like `CHANNELS_WS_PROTOCOLS[1]`, and the value."""

    text: str
    hint: str

    def __str__(self) -> str:
        return f"{self.text}. {self.hint}"


@dataclass(frozen=True, slots=True)
class TowpathSettings:
    """The settings of Towpath in a project's Django settings.

    `session_engine` None means that the state of a connection travels with it. `script_name` is the root path under
    which the site lives, without a slash at its end; empty for the root. `allowed_origins` None: only the site's own.
    `allowed_hosts` are those of ALLOWED_HOSTS, for handshakes.
    """

    channel_layers: Mapping[str, LayerSettings]
    session_engine: str | None
    ws_protocols: tuple[str, ...]
    script_name: str
    allowed_origins: tuple[str, ...] | Literal["*"] | None
    allowed_hosts: tuple[str, ...] | Literal["*"] | None


def read_settings(source: object = django_settings) -> TowpathSettings:
    """Return the settings of `source`, validated.

    Raises:
        ConfigurationError: a setting is wrong; names its key, and says what to do.
    """
    for problem in find_problems(source):
        raise ConfigurationError(str(problem))
    layers: Mapping[str, object] = getattr(source, "CHANNEL_LAYERS", None) or {}
    interface = interface_options(source)
    return TowpathSettings(
        channel_layers={alias: LayerSettings.read(alias, entry) for alias, entry in layers.items()},
        session_engine=getattr(source, "CHANNEL_SESSION_ENGINE", None),
        ws_protocols=interface["ws_protocols"],
        script_name=interface["root_path"],
        allowed_origins=interface["allowed_origins"],
        allowed_hosts=interface["allowed_hosts"],
    )


def find_problems(source: object = django_settings) -> Iterator[Problem]:
    """Yield the errors in the settings of `source`."""
    yield from _layers_problems(getattr(source, "CHANNEL_LAYERS", None))
    yield from _session_engine_problems(getattr(source, "CHANNEL_SESSION_ENGINE", None))
    yield from _ws_protocols_problems(getattr(source, "CHANNELS_WS_PROTOCOLS", None))
    yield from _script_name_problems(getattr(source, "FORCE_SCRIPT_NAME", None))
    yield from _allowed_origins_problems(getattr(source, "CHANNELS_WS_ALLOWED_ORIGINS", None))
    yield from _session_key_problems(getattr(source, "TOWPATH_SESSION_KEY_IN_QUERY", False))
    yield from _on_commit_problems(getattr(source, "TOWPATH_ON_COMMIT", None), getattr(source, "DATABASES", {}))


def _layers_problems(value: object) -> Iterator[Problem]:
    if value is None:
        return
    if not isinstance(value, Mapping):
        hint = 'Make it a dict, {"default": {"BACKEND": ..., "ROUTING": ...}}.'
        yield Problem(f"CHANNEL_LAYERS is a {type(value).__name__}", hint)
        return
    for alias, entry in value.items():
        try:
            LayerSettings.read(alias, entry)
        except ConfigurationError as error:
            backend = entry.get("BACKEND") if isinstance(entry, Mapping) else None
            hint = (
                hint_for_foreign_backend(backend) or "Its keys are BACKEND, ROUTING, CONFIG, TEST_CONFIG and SCHEDULE."
            )
            yield Problem(str(error), hint)


def hint_for_foreign_backend(backend: object) -> str | None:
    """Return the hint for a channel layer of another package; None if it is not known to be one."""
    if not (isinstance(backend, str) and backend.partition(".")[0] in _FOREIGN_PACKAGES):
        return None
    instead = "memory.MemoryChannelLayer" if "memory" in backend.lower() else "redis.RedisChannelLayer"
    return (
        f'{backend!r} is a layer for another package: write "BACKEND": "towpath.layers.{instead}", and the dotted path '
        'of your routes as "ROUTING".'
    )


def _session_engine_problems(value: object) -> Iterator[Problem]:
    if value is not None and not (isinstance(value, str) and value):
        hint = 'Give a dotted path, such as "django.contrib.sessions.backends.cache", or leave it out.'
        yield Problem(f"CHANNEL_SESSION_ENGINE is {value!r}", hint)


def _session_key_problems(value: object) -> Iterator[Problem]:
    if not isinstance(value, bool):
        hint = "True lets `?session_key=` name the session of a browser that sends no cookie. Leave it out otherwise."
        yield Problem(f"TOWPATH_SESSION_KEY_IN_QUERY is {value!r}", hint)


def _ws_protocols_problems(value: object) -> Iterator[Problem]:
    if value is None:
        return
    if not isinstance(value, list | tuple):
        yield Problem(f"CHANNELS_WS_PROTOCOLS is {value!r}", 'Make it a list of subprotocol names, such as ["wamp"].')
        return
    for index, name in enumerate(value):
        if not (isinstance(name, str) and _TOKEN.match(name)):
            hint = "A subprotocol is a str of ASCII letters, digits and !#$%&'*+-.^_`|~, without spaces."
            yield Problem(f"CHANNELS_WS_PROTOCOLS[{index}] is {name!r}", hint)


def _script_name_problems(value: object) -> Iterator[Problem]:
    if value is not None and not (isinstance(value, str) and (value == "" or value.startswith("/"))):
        yield Problem(f"FORCE_SCRIPT_NAME is {value!r}", 'Begin it with a slash, such as "/app", or leave it out.')


def _on_commit_problems(value: object, databases: Mapping[str, object]) -> Iterator[Problem]:
    if value is not None and not (isinstance(value, str) and (value in databases or value == "default")):
        hint = "Name the database whose transactions sends wait for, one of DATABASES; or None, to wait for none."
        yield Problem(f"TOWPATH_ON_COMMIT is {value!r}", hint)


def _allowed_origins_problems(value: object) -> Iterator[Problem]:
    if value is None:
        return
    hint = 'List origins such as "https://example.com" or "file://", and hosts such as "example.com" or ".example.com".'
    if not isinstance(value, list | tuple):
        yield Problem(f"CHANNELS_WS_ALLOWED_ORIGINS is {value!r}", hint)
        return
    for index, origin in enumerate(value):
        if not (isinstance(origin, str) and is_entry(origin)):
            yield Problem(f"CHANNELS_WS_ALLOWED_ORIGINS[{index}] is {origin!r}", hint)
