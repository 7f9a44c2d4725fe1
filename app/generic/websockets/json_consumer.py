"""A WebSocket whose frames are JSON, written by Django's encoder."""

import json
from typing import Any

from towpath.channels import Group, InvalidFrame, Message

from .consumer import WebsocketConsumer
from .frames import encode_json, json_frame


class JsonWebsocketConsumer(WebsocketConsumer):
    """Handles one WebSocket of JSON texts; override `receive(content, **kwargs)`."""

    def receive(self, *args: Any, **kwargs: Any) -> None:
        """Handle the value of a frame: override it as `receive(self, content, **kwargs)`."""

    def send(self, content: Any, close: bool | int = False) -> None:  # type: ignore[override]
        """Send a value to the socket, and close it after that with True or a code.

        Raises:
            TypeError, ValueError: the value is none that JSON has; or the close code is wrong.
            SendNotAvailableOnDemultiplexer: the socket has several streams; their `multiplexer` sends.
        """
        self._send(json_frame(self.encode_json(content), close))

    @classmethod
    def group_send(cls, name: str, content: Any, close: bool | int = False) -> None:  # type: ignore[override]
        """Send a value to every socket in a group of the default layer; raises as `send` does."""
        Group(name).send(json_frame(cls.encode_json(content), close))

    def raw_receive(self, message: Message, **kwargs: Any) -> None:
        """Decode the frame.

        Raises:
            InvalidFrame: it is binary, or not JSON (a ValueError).
            ValueError: the message was made by hand and has no frame.
        """
        text = message.get("text")
        if not isinstance(text, str):
            kind = ValueError if message.get("bytes") is None else InvalidFrame
            raise kind(self._wrong_frame(message))
        try:
            content = self.decode_json(text)
        except (ValueError, RecursionError) as error:
            raise InvalidFrame(f"{type(self).__qualname__} takes JSON, and cannot read a frame: {error}") from error
        self.receive(content, **kwargs)

    def _wrong_frame(self, message: Message) -> str:
        name, text = type(self).__qualname__, message.get("text")
        if text is not None:
            return f"{name} takes JSON as text: 'text' is a str, not {text!r:.80}"
        if message.get("bytes") is not None:
            return f"{name} takes JSON as text, and got a binary frame"
        return f"{name} takes JSON as text, and the message on {message.channel_name} has none"

    @classmethod
    def decode_json(cls, text: str) -> Any:
        """Return the value of a text.

        Raises:
            ValueError: it is not JSON.
        """
        return json.loads(text)

    @classmethod
    def encode_json(cls, content: Any) -> str:
        """Return the text of a value; dates, decimals, UUIDs and lazy texts as Django writes them.

        Raises:
            TypeError: JSON has no such value.
            ValueError: there is NaN or an infinity in it, which browsers do not read.
        """
        return encode_json(content)
