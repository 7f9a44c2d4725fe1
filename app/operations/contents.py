"""The content of a message as text for people: bounded, and without the secrets of requests."""

from collections.abc import Iterable
from typing import Any

from towpath.layers.contract import Content

#: Characters of a value that are shown, and keys of a message.
SHOWN_LENGTH, SHOWN_KEYS = 200, 20
#: Headers whose values are shown; those of others, cookies and authorizations among them, are not.
SHOWN_HEADERS = frozenset(
    (b"accept", b"content-length", b"content-type", b"host", b"origin", b"upgrade", b"user-agent", b"x-forwarded-for")
)


def shown_content(content: Content) -> list[tuple[str, str]]:
    """Return keys and values, cut. A query string, where tokens travel, is its length alone."""
    shown = [(_cut(key), _value(key, value)) for key, value in list(content.items())[:SHOWN_KEYS]]
    return shown if len(content) <= SHOWN_KEYS else [*shown, ("...", f"{len(content) - SHOWN_KEYS} more keys")]


def _value(key: str, value: Any) -> str:
    if key == "headers" and isinstance(value, list):
        return _cut(_headers(value))
    if key == "query_string" and isinstance(value, bytes | str):
        return f"({len(value)} bytes)"
    return _cut(repr(value))


def _headers(pairs: Iterable[Any]) -> str:
    shown = []
    for pair in pairs:
        match pair:
            case [bytes() as name, bytes() as value] if name in SHOWN_HEADERS:
                shown.append(f"{name!r}: {value!r}")
            case [bytes() as name, _]:
                shown.append(f"{name!r}: ...")
            case _:
                shown.append("...")
    return f"[{', '.join(shown)}]"


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}..."
