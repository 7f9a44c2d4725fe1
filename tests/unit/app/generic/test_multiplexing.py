"""One socket with several streams: who gets which frame, and what belongs to none."""

import json
from typing import Any

import pytest

from towpath.channels import ConsumeLater, InvalidFrame, Message, SendNotAvailableOnDemultiplexer
from towpath.generic.websockets import (
    JsonWebsocketConsumer,
    WebsocketConsumer,
    WebsocketDemultiplexer,
    WebsocketMultiplexer,
)
from towpath.layers.errors import ConfigurationError
from towpath.sessions import channel_session


class Chat(JsonWebsocketConsumer):
    """Answers on its stream."""

    groups = ("chat",)

    def connect(self, message: Message, multiplexer: WebsocketMultiplexer, **kwargs: Any) -> None:
        super().connect(message, multiplexer=multiplexer, **kwargs)
        multiplexer.send({"hello": kwargs})

    def receive(self, content: Any, multiplexer: WebsocketMultiplexer, **kwargs: Any) -> None:
        multiplexer.send({"said": content, **kwargs})

    def disconnect(self, message: Message, multiplexer: WebsocketMultiplexer, **kwargs: Any) -> None:
        multiplexer.send({"bye": kwargs})


def tick(message: Message, multiplexer: WebsocketMultiplexer, **kwargs: Any) -> None:
    """Be a stream's consumer that is a function; it sees the message itself."""
    multiplexer.send([message.channel_name, message.get("text"), kwargs])


class Streams(WebsocketDemultiplexer):
    """Two streams."""

    consumers = {"chat": Chat, "ticks": tick}


def frames(socket: Any) -> list[Any]:
    """Return what was sent on streams."""
    return [json.loads(reply["text"]) for reply in socket.replies if "text" in reply]


def test_connecting_accepts_once_and_reaches_every_stream(socket: Any) -> None:
    socket.event(Streams, "connect", {"room": "a"})
    assert [reply for reply in socket.replies if "accept" in reply] == socket.replies[:1] == [{"accept": True}]
    assert frames(socket) == [
        {"stream": "chat", "payload": {"hello": {"room": "a"}}},
        {"stream": "ticks", "payload": ["websocket.connect", None, {"room": "a"}]},
    ]
    assert socket.layer.group_channels("chat") == ["interface.one!1"]


def test_a_frame_reaches_the_consumer_of_its_stream_with_the_payload_as_its_text(socket: Any) -> None:
    for stream in ("chat", "ticks"):
        socket.event(Streams, "receive", {"room": "a"}, text=json.dumps({"stream": stream, "payload": {"n": 1}}))
    assert frames(socket) == [
        {"stream": "chat", "payload": {"said": {"n": 1}, "room": "a"}},
        {"stream": "ticks", "payload": ["websocket.receive", '{"n": 1}', {"room": "a"}]},
    ]


def test_disconnecting_reaches_every_stream_also_behind_one_that_raises(socket: Any) -> None:
    def broken(message: Message, multiplexer: WebsocketMultiplexer, **kwargs: Any) -> None:
        raise LookupError("of this stream alone")

    class Torn(WebsocketDemultiplexer):
        consumers = {"broken": broken, "chat": Chat, "ticks": tick}

    with pytest.raises(LookupError, match="of this stream alone"):
        socket.event(Torn, "disconnect", code=1000)
    assert [frame["stream"] for frame in frames(socket)] == ["chat", "ticks"]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[]", 'a multiplexed frame is a JSON object {"stream": text, "payload": object}'),
        ('{"payload": {}}', "a multiplexed frame is a JSON object"),
        ('{"stream": ["chat"], "payload": {}}', "a multiplexed frame is a JSON object"),
        ('{"stream": "chat"}', "a multiplexed frame is a JSON object"),
        ('{"stream": "chat", "payload": 5}', "the payload of a multiplexed frame is a JSON object, not a int"),
        ('{"stream": "nobody", "payload": {}}', "no consumer of Streams has the stream 'nobody'"),
        ("not JSON", "Expecting value"),
    ],
)
def test_an_invalid_frame_of_a_stream_is_a_value_error(socket: Any, text: str, error: str) -> None:
    with pytest.raises(ValueError, match=error.replace("{", r"\{")):
        socket.event(Streams, "receive", text=text)
    assert socket.replies == []


def test_of_a_long_name_of_a_stream_an_error_has_an_excerpt(socket: Any) -> None:
    text = json.dumps({"stream": "x" * 900_000, "payload": {}})
    with pytest.raises(InvalidFrame, match=r"has the stream 'x{80}'\.\.\. \(900000 characters\)$"):
        socket.event(Streams, "receive", text=text)


def test_a_message_that_is_put_off_comes_again_whole(socket: Any) -> None:
    def busy(message: Message, **kwargs: Any) -> None:
        raise ConsumeLater

    text = '{"stream": "busy", "payload": {"n": 1}}'
    seen: list[Message] = []

    def consume(message: Message) -> None:
        seen.append(message)
        type("Busy", (WebsocketDemultiplexer,), {"consumers": {"busy": busy}})(message)

    with pytest.raises(ConsumeLater):
        socket.event(consume, "receive", text=text)
    assert seen[0]["text"] == text


def test_the_socket_itself_has_no_stream_to_send_on(socket: Any) -> None:
    class Sending(Streams):
        def receive(self, content: Any, **kwargs: Any) -> None:
            self.send(content)

    with pytest.raises(SendNotAvailableOnDemultiplexer, match=r"Sending cannot send by itself: .* multiplexer.send"):
        socket.event(Sending, "receive", text="{}")
    with pytest.raises(SendNotAvailableOnDemultiplexer, match=r"WebsocketMultiplexer.group_send\('chat', stream, payl"):
        Streams.group_send("chat", {})


@pytest.mark.parametrize("base", [JsonWebsocketConsumer, WebsocketConsumer])
def test_a_consumer_of_a_stream_sends_through_its_multiplexer_and_stays_itself_elsewhere(
    socket: Any, base: Any
) -> None:
    """1.x overwrote `send` of the class, so that it could not serve a socket of its own any more."""

    class Sending(base):  # type: ignore[misc]  # each of the two
        def receive(self, *args: Any, **kwargs: Any) -> None:
            self.send("on my own")

    class Wrong(WebsocketDemultiplexer):
        consumers = {"sending": Sending}

    with pytest.raises(SendNotAvailableOnDemultiplexer, match=r"Sending is one stream of several .* multiplexer.send"):
        socket.event(Wrong, "receive", text='{"stream": "sending", "payload": {}}')
    socket.event(Sending, "receive", text='"alone"')
    assert socket.replies == [
        {"text": Sending.encode_json("on my own") if base is JsonWebsocketConsumer else "on my own"}
    ]


def test_a_stream_may_close_the_socket(socket: Any) -> None:
    class Closing(JsonWebsocketConsumer):
        def receive(self, content: Any, **kwargs: Any) -> None:
            self.close(4000)

    consumer = type("Closers", (WebsocketDemultiplexer,), {"consumers": {"closing": Closing}})
    socket.event(consumer, "receive", text='{"stream": "closing", "payload": {}}')
    assert socket.replies == [{"close": 4000}]


def test_a_group_gets_a_frame_on_a_stream(socket: Any) -> None:
    def tell(message: Message) -> None:
        WebsocketMultiplexer.group_send("chat", "chat", {"n": 1})
        WebsocketMultiplexer.group_send("chat", "chat", {"n": 2}, close=True)

    socket.event(tell, "receive", text="")
    assert [(name, json.loads(content.pop("text")), content) for name, content in socket.group_sends] == [
        ("chat", {"stream": "chat", "payload": {"n": 1}}, {}),
        ("chat", {"stream": "chat", "payload": {"n": 2}}, {"close": True}),
    ]
    with pytest.raises(ValueError, match="not 5"):
        WebsocketMultiplexer.group_send("chat", "chat", {}, close=5)


def test_the_multiplexer_can_be_ones_own(socket: Any) -> None:
    class Short(WebsocketMultiplexer):
        @classmethod
        def encode_json(cls, content: Any) -> str:
            return f"{content['stream']}: {content['payload']}"

    class Shortened(Streams):
        multiplexer_class = Short

    socket.event(Shortened, "receive", text='{"stream": "chat", "payload": {"n": 1}}')
    assert socket.replies == [{"text": "chat: {'said': {'n': 1}}"}]


def test_sessions_of_socket_and_streams_are_one(socket: Any) -> None:
    class Counting(JsonWebsocketConsumer):
        channel_session = True

        def receive(self, content: Any, multiplexer: WebsocketMultiplexer, **kwargs: Any) -> None:
            session = self.message.channel_session  # type: ignore[attr-defined]
            session["n"] = session.get("n", 0) + 1
            multiplexer.send(session["n"])

    class Both(WebsocketDemultiplexer):
        channel_session_user = True
        consumers = {"one": Counting, "two": channel_session(Counting)}

    for stream in ("one", "two", "one"):
        socket.event(Both, "receive", text=json.dumps({"stream": stream, "payload": {}}))
    assert [frame["payload"] for frame in frames(socket)] == [1, 2, 3]


def test_streams_without_a_consumer_are_an_error_when_the_class_is_routed() -> None:
    with pytest.raises(ConfigurationError, match=r"Wrong.consumers\['chat'\] is 'chat.Chat', which cannot be called"):
        type("Wrong", (WebsocketDemultiplexer,), {"consumers": {"chat": "chat.Chat"}}).as_route()  # type: ignore[attr-defined]
    with pytest.raises(ConfigurationError, match=r"Wrong.consumers is a dict of streams and their consumers"):
        type("Wrong", (WebsocketDemultiplexer,), {"consumers": [Chat]}).as_route()  # type: ignore[attr-defined]


def test_the_mapping_of_early_releases_is_an_error_when_the_class_is_routed() -> None:
    mapped = type("Mapped", (WebsocketDemultiplexer,), {"mapping": {"chat": "binding.chat"}})
    with pytest.raises(
        ConfigurationError, match=r"Mapped.mapping, of streams and channels, is not used: write consumers"
    ):
        mapped.as_route(path="^/$")


def test_an_own_encoder_makes_the_text_of_a_stream(socket: Any) -> None:
    class Sorted(Streams):
        @classmethod
        def encode_json(cls, content: Any) -> str:
            return json.dumps(content, sort_keys=True)

    socket.event(Sorted, "receive", text='{"stream": "ticks", "payload": {"b": 1, "a": 2}}')
    assert frames(socket) == [{"stream": "ticks", "payload": ["websocket.receive", '{"a": 2, "b": 1}', {}]}]


def test_without_a_reply_channel_there_is_no_stream(socket: Any) -> None:
    with pytest.raises(ValueError, match="has no reply_channel"):
        socket.event(Streams, "receive", reply_channel=None, text='{"stream": "chat", "payload": {}}')
