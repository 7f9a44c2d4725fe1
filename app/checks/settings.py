"""System checks of the settings themselves: their shape, their routings, memory layers and `runserver`."""

import traceback
from collections.abc import Iterator
from typing import Any, TypeGuard

from django.conf import settings
from django.core import mail
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.core.management import get_commands, load_command_class
from django.utils.module_loading import import_string

from towpath.channels.configured import DEFAULT_CHANNEL_LAYER, LayerSettings
from towpath.layers.errors import ConfigurationError
from towpath.layers.memory import MemoryChannelLayer
from towpath.routing import Router
from towpath.settings import find_problems, read_settings

#: Modules that import by name: an ImportError raised in them is about the name.
IMPORTERS = ("importlib", "importlib._bootstrap", "django.utils.module_loading")


_FIRST_LAYER = (
    'Set it to {"default": {"BACKEND": "towpath.layers.memory.MemoryChannelLayer", "ROUTING": '
    '"mysite.routing.channel_routing"}}; in production the BACKEND is "towpath.layers.redis.RedisChannelLayer".'
)


def check_settings(**_: Any) -> list[CheckMessage]:
    """Find settings of the wrong shape (E001), a missing default layer (W003), and missing layers (W014)."""
    messages: list[CheckMessage] = [
        Error(f"{problem.text}.", hint=problem.hint, id="towpath.E001") for problem in find_problems()
    ]
    if messages:
        return messages
    layers = read_settings().channel_layers
    if not layers:
        text = "CHANNEL_LAYERS is not set: `runserver` opens no WebSockets, and `runworker` has nothing to run."
        messages.append(CheckWarning(text, hint=_FIRST_LAYER, id="towpath.W014"))
    elif DEFAULT_CHANNEL_LAYER not in layers:
        text = f"CHANNEL_LAYERS has {', '.join(layers)}, but no 'default', which Channel and Group use by themselves."
        messages.append(CheckWarning(text, hint="Call one of them 'default'.", id="towpath.W003"))
    return messages


def check_layers(**_: Any) -> list[CheckMessage]:
    """Find routings that cannot be imported or used (E003)."""
    return [message for alias, layer in sound_layers() for message in _layer_messages(alias, layer)]


def check_memory_layer(**_: Any) -> list[CheckMessage]:
    """Warn of memory layers outside development (W002): they reach no other process."""
    is_test_run = hasattr(mail, "outbox")  # Django's test environment makes it, and turns DEBUG off
    if settings.DEBUG or is_test_run:
        return []
    return [
        CheckWarning(
            f"CHANNEL_LAYERS[{alias!r}] is a memory layer, and DEBUG is off: no other process sees what is sent to it.",
            hint='Use "towpath.layers.redis.RedisChannelLayer" in production.',
            id="towpath.W002",
        )
        for alias, layer in sound_layers()
        if _is_memory_layer(layer.backend)
    ]


def check_runserver(**_: Any) -> list[CheckMessage]:
    """Warn if `manage.py` starts another application's `runserver` (W001)."""
    winner = get_commands()["runserver"]
    if winner == "towpath":
        return []
    # A command that extends ours is fine.
    from towpath.management.commands.runserver import Command

    command = load_command_class(winner, "runserver") if isinstance(winner, str) else winner
    if isinstance(command, Command):
        return []
    name = winner if isinstance(winner, str) else type(winner).__module__
    return [
        CheckWarning(
            f"`manage.py runserver` is the one of {name!r}, which serves no WebSockets and runs no consumers.",
            hint=f'Put "towpath" above {name!r} in INSTALLED_APPS.',
            id="towpath.W001",
        )
    ]


def sound_layers() -> list[tuple[str, LayerSettings]]:
    """Return the layers, or none while the settings have the wrong shape: E001 says so."""
    if any(True for _ in find_problems()):
        return []
    return list(read_settings().channel_layers.items())


def _layer_messages(alias: str, layer: LayerSettings) -> Iterator[CheckMessage]:
    try:
        Router(layer.routing)
    except ConfigurationError as error:
        if is_from_project(error.__cause__):
            raise error.__cause__ from None
        text = f"CHANNEL_LAYERS[{alias!r}]['ROUTING'] cannot be used: {error}"
        yield Error(text, hint="Correct the dotted path, or the route that it names.", id="towpath.E003")


def is_from_project(error: BaseException | None) -> TypeGuard[BaseException]:
    """Return whether an import failed inside the project's own code, not because the path names nothing.

    Such an error leaves a check as it is, as with a broken urlconf: its traceback says where, and `runserver` watches
    the file that it came from.
    """
    if error is None or error.__traceback__ is None:
        return False
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return frame.f_globals.get("__name__") not in IMPORTERS


def _is_memory_layer(backend: str) -> bool:
    try:
        found = import_string(backend)
    except Exception:
        return False  # check_layers reports the error
    return isinstance(found, type) and issubclass(found, MemoryChannelLayer)
