"""Settings of the project that its interface servers read, as options of `towpath.interface.config.InterfaceConfig`."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from towpath.layers.errors import ConfigurationError

#: What an empty ALLOWED_HOSTS means while DEBUG is on, as in Django.
DEBUG_HOSTS = (".localhost", "127.0.0.1", "[::1]")


def interface_options(source: object = settings) -> dict[str, Any]:
    """Return the options; those of settings that are not set have the defaults of `InterfaceConfig`.

    Raises:
        ConfigurationError: a setting is not a list. `InterfaceConfig` checks what is in it.
    """
    allowed = _listed(source, "CHANNELS_WS_ALLOWED_ORIGINS")
    return {
        "ws_protocols": tuple(_listed(source, "CHANNELS_WS_PROTOCOLS") or ()),
        "root_path": (getattr(source, "FORCE_SCRIPT_NAME", None) or "").rstrip("/"),
        "allowed_hosts": _allowed_hosts(source),
        "allowed_origins": None if allowed is None else "*" if "*" in allowed else tuple(allowed),
    }


def _allowed_hosts(project: object) -> tuple[str, ...] | str | None:
    """Return the hosts that Django serves pages for; None without such a setting."""
    hosts = _listed(project, "ALLOWED_HOSTS")
    if hosts is None:
        return None
    if not hosts and getattr(project, "DEBUG", False):
        return DEBUG_HOSTS
    return "*" if "*" in hosts else tuple(hosts)


def _listed(source: object, name: str) -> Sequence[Any] | None:
    value = getattr(source, name, None)
    if value is None or isinstance(value, list | tuple):
        return value
    raise ConfigurationError(f"{name} is a list, not {value!r}")
