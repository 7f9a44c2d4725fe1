"""System checks of allowed origins: browsers let any page open a WebSocket, with the cookies of the requested site."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning

from towpath.settings import find_problems

#: Entry -> who may open WebSockets because of it.
_UNSAFE = {
    "*": "pages of every site",
    "null": "pages without an origin, which any site makes with <iframe sandbox>",
}


def check_origins(**_: Any) -> list[CheckMessage]:
    """Warn of allowed origins that any site can have (W007)."""
    allowed = getattr(settings, "CHANNELS_WS_ALLOWED_ORIGINS", None)
    if allowed is None or any(True for _ in find_problems()):
        return []
    return [
        CheckWarning(
            f"CHANNELS_WS_ALLOWED_ORIGINS has {entry!r}: {who} may open WebSockets here, with their visitors' cookies.",
            hint='List the origins that are meant, such as "https://app.example.com"; the site\'s own need no entry.',
            id="towpath.W007",
        )
        for entry, who in _UNSAFE.items()
        if entry in allowed
    ]


def check_hosts(**_: Any) -> list[CheckMessage]:
    """Warn of a site that accepts every host (W008): an origin is then compared with a value from the client."""
    if "*" not in settings.ALLOWED_HOSTS or settings.DEBUG:
        return []
    return [
        CheckWarning(
            "ALLOWED_HOSTS has '*': allowed_hosts_only lets the pages of every site in.",
            hint="List the hosts of the site.",
            id="towpath.W008",
        )
    ]
