"""The host check of handshakes, like Django's check of pages by ALLOWED_HOSTS. Plain logic.

A page of another site whose name is made to resolve to this server (DNS rebinding) has the same origin as its
handshake; only the requested host name shows the attack.
"""

import re
from collections.abc import Sequence
from typing import Literal

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^:\[\]/?#@\s]+)(?::\d{1,5})?", re.ASCII)
_ENTRY = re.compile(r"\.?(?:\[[0-9a-f:.]+\]|[^.:\[\]/?#@\s,*][^:\[\]/?#@\s,*]*)", re.ASCII)


def is_host_allowed(host: bytes, allowed: Sequence[str] | Literal["*"] | None) -> bool:
    """Return whether the Host of a handshake matches an entry of `allowed`; None and "*" allow every host.

    An entry is a name or an address (`example.com`, `[::1]`), or with a dot before a name it and all names below it
    (`.example.com`). Ports, the dot at the end of a name, and case do not count. As in Django, an entry that is neither
    matches nothing.
    """
    if allowed is None or allowed == "*":
        return True
    found = _HOST.fullmatch(host.decode("latin-1").lower())
    return found is not None and any(_matches(found["name"].removesuffix("."), entry.lower()) for entry in allowed)


def is_entry(text: str) -> bool:
    """Return whether `text` is an entry of `allowed` that a host can match."""
    return _ENTRY.fullmatch(text.lower()) is not None


def _matches(name: str, entry: str) -> bool:
    return name == entry.removeprefix(".") or (entry.startswith(".") and name.endswith(entry))
