"""One stream of a socket that carries several: JSON frames `{"stream": name, "payload": value}`."""

from typing import Any

from towpath.channels import Channel, Group
from towpath.layers.contract import Content

from .frames import close_status, encode_json


class WebsocketMultiplexer:
    """Sends on one stream of a socket. Consumers of a stream get it as the keyword argument `multiplexer`."""

    def __init__(self, stream: str, reply_channel: Channel) -> None:
        self.stream = stream
        self.reply_channel = reply_channel

    def send(self, payload: Any) -> None:
        """Send a value on this stream.

        Raises:
            TypeError, ValueError: JSON has no such value.
        """
        self.reply_channel.send(self.encode(self.stream, payload))

    @classmethod
    def encode(cls, stream: str, payload: Any) -> Content:
        """Return the message that sends a value on a stream."""
        return {"text": cls.encode_json({"stream": stream, "payload": payload})}

    @classmethod
    def encode_json(cls, content: Any) -> str:
        """Return the text of a frame, by Django's encoder."""
        return encode_json(content)

    @classmethod
    def group_send(cls, name: str, stream: str, payload: Any, close: bool | int = False) -> None:
        """Send a value on a stream of every socket in a group of the default layer.

        Raises:
            TypeError, ValueError: JSON has no such value, or the close code is wrong.
        """
        content = cls.encode(stream, payload)
        Group(name).send(content if close is False else content | {"close": close_status(close)})
