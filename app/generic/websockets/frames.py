"""The messages that consumers answer a WebSocket with, checked where they are made.

The interface server checks them too, but it can only log; here the line that is wrong gets the error.
"""

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from towpath.channels.exceptions import SENDABLE, is_sendable
from towpath.layers.contract import Content


def frame(text: str | None, bytes_: bytes | None, close: bool | int) -> Content:
    """Return the message that sends a frame.

    Raises:
        ValueError: there is no frame, or both, or the close code is none that an application may use.
        TypeError: one is of the wrong type.
    """
    if (text is None) == (bytes_ is None):
        raise ValueError("send text or bytes: " + ("neither was given" if text is None else "both were given"))
    if text is not None and not isinstance(text, str):
        raise TypeError(f"text is a str, not {type(text).__name__}: encode it, or use JsonWebsocketConsumer")
    if bytes_ is not None and not isinstance(bytes_, bytes):
        raise TypeError(f"bytes is bytes, not {type(bytes_).__name__}: send a str as text")
    content: Content = {"bytes": bytes_} if text is None else {"text": text}
    return content if close is False else content | {"close": close_status(close)}


def close_status(status: bool | int) -> bool | int:
    """Return `status` if a socket can be closed with it.

    Raises:
        ValueError: it is neither True nor a code that a server may send.
    """
    if status is True or is_sendable(status):
        return status
    raise ValueError(f"a WebSocket is closed with True, or a code of {SENDABLE}, not {status!r}")


def encode_json(content: Any) -> str:
    """Return the text of a value, by Django's encoder and in standard JSON; raises as `JsonWebsocketConsumer` says."""
    return json.dumps(content, cls=DjangoJSONEncoder, allow_nan=False)


def json_frame(text: str, close: bool | int) -> Content:
    """Return the message that sends a text and closes after it if wanted."""
    return {"text": text} if close is False else {"text": text, "close": close_status(close)}
