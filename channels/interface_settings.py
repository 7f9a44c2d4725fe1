"""Settings of the project that its interface servers read, as options of `towpath.interface.config.InterfaceConfig`."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from towpath.layers.errors import ConfigurationError


def interface_options(source: object = settings) -> dict[str, Any]:
    """Return the options; those of settings that are not set have the defaults of `InterfaceConfig`.

    Raises:
        ConfigurationError: a setting is not a list. `InterfaceConfig` checks what is in it.
    """
    allowed = _listed(source, "CHANNELS_WS_ALLOWED_ORIGINS")
    return {
        "ws_protocols": tuple(_listed(source, "CHANNELS_WS_PROTOCOLS") or ()),
        "root_path": (getattr(source, "FORCE_SCRIPT_NAME", None) or "").rstrip("/"),
        "allowed_origins": None if allowed is None else "*" if "*" in allowed else tuple(allowed),
    }


def _listed(source: object, name: str) -> Sequence[Any] | None:
    value = getattr(source, name, None)
    if value is None or isinstance(value, list | tuple):
        return value
    raise ConfigurationError(f"{name} is a list, not {value!r}")
