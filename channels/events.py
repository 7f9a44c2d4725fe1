"""Events of requests and sockets, in the form in which interface servers send them: see "Channels and messages" in
`docs/architecture.md`.

Consumers read events unchecked. Tests and scripts make some by hand, and code of Channels 1.x wrote headers and query
strings as text, and paths as bytes: unambiguous values are converted here, others raise an error that names the key.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from towpath.layers.contract import Content
from towpath.layers.errors import TowpathError
from towpath.layers.protocol import HTTP_PREFIX, HTTP_REQUEST, WEBSOCKET_PREFIX

Headers = Sequence[Sequence[bytes]]


class MalformedEvent(TowpathError, ValueError):
    """Raised when an event that was made by hand lacks a key that is needed, or has a value of another type."""


#: Key -> types of its values, and how a person writes one.
_KEYS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "method": ((str,), 'a str such as "GET"'),
    "path": ((str,), 'a str such as "/chat/"'),
    "root_path": ((str,), "a str"),
    "scheme": ((str,), 'a str such as "https"'),
    "http_version": ((str,), 'a str such as "1.1"'),
    "query_string": ((bytes,), 'bytes such as b"page=2"'),
    "body": ((bytes,), "bytes"),
    "body_channel": ((str,), "the name of a channel"),
    "client": ((list, tuple), "a list of host and port"),
    "server": ((list, tuple), "a list of host and port"),
    "text": ((str,), "a str"),
    "bytes": ((bytes,), "bytes"),
    "order": ((int,), "an int"),
    "code": ((int,), "an int"),
}
#: Keys whose text may have been written as bytes. `text` is none of them: a frame has text or bytes.
_TEXTS = ("method", "path", "root_path", "scheme", "http_version")
#: Channel -> keys without which its events cannot be read.
_NEEDED = {HTTP_REQUEST: ("method", "path")}


def is_event(channel: str) -> bool:
    """Return whether interface servers send events to this channel."""
    return channel.startswith((WEBSOCKET_PREFIX, HTTP_PREFIX))


def interface_form(channel: str, content: Content) -> Content:
    """Return the content of an event as an interface server would have sent it.

    Raises:
        MalformedEvent: a key that is needed is missing, or a value has a type that cannot be converted.
    """
    event = dict(content)
    if isinstance(event.get("query_string"), str):
        event["query_string"] = event["query_string"].encode()
    for key in _TEXTS:
        if isinstance(event.get(key), bytes):
            event[key] = event[key].decode(errors="replace")
    if event.get("headers") is not None:
        event["headers"] = [list(pair) for pair in headers_of(event)]
    for key in _NEEDED.get(channel, ()):
        if event.get(key) is None:
            raise MalformedEvent(f"a message on {channel} has no {key!r}: give it {_KEYS[key][1]}")
    for key, (types, kind) in _KEYS.items():
        value = event.get(key)
        if value is not None and not isinstance(value, types):
            raise MalformedEvent(f"a message on {channel} has {key!r}: {value!r:.80}; it is {kind}")
    return event


def headers_of(content: Mapping[str, Any]) -> Headers:
    """Return the headers of an event as pairs of bytes, names in lower case where they were text.

    Raises:
        MalformedEvent: they are not pairs of bytes, and not text either.
    """
    headers = content.get("headers") or ()
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    try:
        return [pair if type(pair[0]) is type(pair[1]) is bytes else _encoded(*pair) for pair in pairs]
    except (TypeError, ValueError, IndexError, KeyError, UnicodeEncodeError) as error:
        raise MalformedEvent(
            f'headers are pairs of bytes, such as [[b"host", b"example.com"]], not {headers!r:.120}'
        ) from error


def query_string_of(content: Mapping[str, Any]) -> bytes:
    """Return the query string of an event.

    Raises:
        MalformedEvent: it is neither bytes nor text.
    """
    query = content.get("query_string") or b""
    if isinstance(query, bytes):
        return query
    if isinstance(query, str):
        return query.encode()
    raise MalformedEvent(f'a query string is bytes such as b"page=2", not {query!r:.80}')


def _encoded(name: object, value: object) -> tuple[bytes, bytes]:
    if isinstance(name, str):
        name = name.lower().encode()
    if isinstance(value, str):
        value = value.encode()
    if isinstance(name, bytes) and isinstance(value, bytes):
        return name, value
    raise TypeError("a name and a value, both bytes")
