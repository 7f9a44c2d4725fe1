"""One socket for several streams: each frame goes to the consumer of its stream."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, NoReturn

from towpath.channels import InvalidFrame, Message, SendNotAvailableOnDemultiplexer
from towpath.layers.client_log import excerpt
from towpath.layers.errors import ConfigurationError

from .json_consumer import JsonWebsocketConsumer
from .multiplexer import WebsocketMultiplexer


class WebsocketDemultiplexer(JsonWebsocketConsumer):
    """Passes frames `{"stream": name, "payload": dict}` to `consumers[name]`, with the payload as their text.

    A consumer is a class or a callable that takes a message; it gets the keyword argument `multiplexer`, and answers
    with `multiplexer.send(payload)`. Connecting and disconnecting reach every consumer. The sessions opened here are
    theirs too.
    """

    #: Stream -> its consumer.
    consumers: Mapping[str, Callable[..., Any]] = {}
    #: What answers on a stream.
    multiplexer_class: type[WebsocketMultiplexer] = WebsocketMultiplexer

    @classmethod
    def channel_names(cls) -> set[str]:
        """Return the channels that are handled.

        Raises:
            ConfigurationError: `consumers` is not a dict of consumers, or there is the `mapping` of early releases.
        """
        if hasattr(cls, "mapping"):
            raise ConfigurationError(
                f"{cls.__qualname__}.mapping, of streams and channels, is not used: write "
                "consumers = {stream: consumer}, with consumer classes, or with SomeBinding.consumer"
            )
        if not isinstance(cls.consumers, Mapping):
            raise ConfigurationError(
                f"{cls.__qualname__}.consumers is a dict of streams and their consumers, not {cls.consumers!r}"
            )
        for stream, consumer in cls.consumers.items():
            if not callable(consumer):
                raise ConfigurationError(
                    f"{cls.__qualname__}.consumers[{stream!r}] is {consumer!r}, which cannot be called: "
                    "give a consumer class or a function"
                )
            _check_stream_consumer(stream, consumer)
        return super().channel_names()

    def connect(self, message: Message, *args: Any, **kwargs: Any) -> None:
        """Accept the socket, and tell the consumers of all streams."""
        self._reply({"accept": True})
        for stream, consumer in self.consumers.items():
            consumer(message, multiplexer=self._multiplexer_for(stream), **kwargs)

    def receive(self, content: Any, **kwargs: Any) -> None:
        """Pass a frame to the consumer of its stream.

        Raises:
            InvalidFrame: it is not a frame of a stream, or its stream has no consumer (a ValueError).
        """
        if not isinstance(content, dict) or not isinstance(content.get("stream"), str) or "payload" not in content:
            raise InvalidFrame('a multiplexed frame is a JSON object {"stream": text, "payload": object}')
        stream, payload = content["stream"], content["payload"]
        if not isinstance(payload, dict):
            raise InvalidFrame(f"the payload of a multiplexed frame is a JSON object, not a {type(payload).__name__}")
        if stream not in self.consumers:
            raise InvalidFrame(f"no consumer of {type(self).__qualname__} has the stream {excerpt(stream)}")
        with _text(self.message, self.encode_json(payload)):
            self.consumers[stream](self.message, multiplexer=self._multiplexer_for(stream), **kwargs)

    def disconnect(self, message: Message, *args: Any, **kwargs: Any) -> None:
        """Call the consumers of all streams, also those after one that raises."""
        with ExitStack() as stack:
            for stream, consumer in reversed(list(self.consumers.items())):
                stack.callback(consumer, message, multiplexer=self._multiplexer_for(stream), **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: a frame belongs to a stream.

        Raises:
            SendNotAvailableOnDemultiplexer: always.
        """
        raise SendNotAvailableOnDemultiplexer(
            f"{type(self).__qualname__} cannot send by itself: a stream's consumer calls multiplexer.send(payload)"
        )

    @classmethod
    def group_send(cls, name: str, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: a frame belongs to a stream.

        Raises:
            SendNotAvailableOnDemultiplexer: always.
        """
        raise SendNotAvailableOnDemultiplexer(
            f"{cls.__qualname__} cannot send by itself: call WebsocketMultiplexer.group_send({name!r}, stream, payload)"
        )

    def _multiplexer_for(self, stream: str) -> WebsocketMultiplexer:
        return self.multiplexer_class(stream, self._connection())


def _check_stream_consumer(stream: str, consumer: Callable[..., Any]) -> None:
    """Call `check_stream_consumer` of the class of a consumer, if it has one, as bindings do."""
    owner = consumer if isinstance(consumer, type) else getattr(consumer, "__self__", None)
    check = getattr(owner, "check_stream_consumer", None)
    if check is not None:
        check(stream, consumer)


@contextmanager
def _text(message: Message, text: str) -> Iterator[None]:
    """Replace the text of the message inside. A message that is postponed comes again with the whole frame."""
    whole = message["text"]
    message["text"] = text
    try:
        yield
    finally:
        message["text"] = whole
