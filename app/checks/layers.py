"""System checks of the classes of channel layers, and of their options."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from django.core.checks import CheckMessage, Error
from django.utils.module_loading import import_string

from towpath.channels.configured import LayerSettings
from towpath.layers.errors import ConfigurationError
from towpath.settings import hint_for_foreign_backend

from .settings import sound_layers

#: Methods that a class of layers has; those of Channels have neither.
_METHODS = ("reader", "edge")


def check_backends(**_: Any) -> list[CheckMessage]:
    """Find classes that are not channel layers of Towpath (E002), and options that they do not take (E005)."""
    return [message for alias, layer in sound_layers() for message in _messages(f"CHANNEL_LAYERS[{alias!r}]", layer)]


def _messages(where: str, layer: LayerSettings) -> Iterator[CheckMessage]:
    hint = hint_for_foreign_backend(layer.backend)
    text = f"{where}['BACKEND'], {layer.backend!r},"
    try:
        backend = import_string(layer.backend)
    except (ImportError, AttributeError) as error:
        hint = hint or "Correct the dotted path, or install what it needs."
        yield Error(f"{text} cannot be imported: {error}", hint=hint, id="towpath.E002")
        return
    if isinstance(backend, type) and not all(hasattr(backend, name) for name in _METHODS) or not callable(backend):
        hint = hint or 'Use "towpath.layers.redis.RedisChannelLayer", or a class derived from it.'
        yield Error(f"{text} is not a channel layer of Towpath.", hint=hint, id="towpath.E002")
        return
    yield from _option_messages(f"{where}['CONFIG']", backend, layer.config)
    if layer.test_config is not None:
        yield from _option_messages(f"{where}['TEST_CONFIG']", backend, layer.test_config)


def _option_messages(where: str, backend: Callable[..., Any], config: Mapping[str, Any]) -> Iterator[CheckMessage]:
    known = _options(backend)
    for name in config:
        if known is not None and name not in known:
            close = get_close_matches(str(name), known, 1)
            hint = f"Did you mean {close[0]!r}? " if close else ""
            yield Error(
                f"{where} has the unknown option {name!r}.",
                hint=f"{hint}The options are {', '.join(known)}.",
                id="towpath.E005",
            )
            return
    try:
        backend(**config).close()  # without a connection: layers connect at their first call
    except (ConfigurationError, TypeError) as error:
        yield Error(f"{where} cannot be used: {error}.", hint="Correct the option.", id="towpath.E005")


def _options(backend: Callable[..., Any]) -> list[str] | None:
    """Return the names of the options that a class takes; None if it takes any."""
    parameters = inspect.signature(backend).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return [parameter.name for parameter in parameters]
