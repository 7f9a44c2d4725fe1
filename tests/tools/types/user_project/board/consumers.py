"""Sessions and users on messages, consumers as classes."""

from typing import Any

from towpath import Channel, Message
from towpath.auth import channel_session_user, channel_session_user_from_http, token_user
from towpath.exceptions import ConsumeLater, DenyConnection
from towpath.generic.websockets import (
    JsonWebsocketConsumer,
    WebsocketConsumer,
    WebsocketDemultiplexer,
    WebsocketMultiplexer,
)
from towpath.security.websockets import allowed_hosts_only
from towpath.sessions import channel_and_http_session, channel_session, enforce_ordering, http_session


@channel_session_user_from_http
def connect(message: Message) -> None:
    if not message.user.is_authenticated:
        raise DenyConnection
    message.channel_session["name"] = message.user.username
    message.reply_channel.send({"accept": True})


@channel_session_user
def receive(message: Message) -> None:
    message.reply_channel.send({"text": f"Hello {message.user.username}"})


@http_session
def remember(message: Message) -> None:
    if message.http_session is not None:
        message.http_session["seen"] = True


@enforce_ordering
@channel_session
def count(message: Message) -> None:
    message.channel_session["count"] = message.channel_session.get("count", 0) + 1


@enforce_ordering(slight=False)
@channel_and_http_session
def retry(message: Message) -> None:
    if message.get("text") is None:
        raise ConsumeLater
    Channel("board.done").send({"text": message["text"], "to": message.reply_channel.name})


@allowed_hosts_only
def local(message: Message) -> None:
    message.reply_channel.send({"accept": True})


@token_user(lambda token: None)
def guarded(message: Message) -> None:
    message.reply_channel.send({"text": str(message.user)})


class Echo(WebsocketConsumer):
    groups = ["echo"]

    def receive(self, text: str | None = None, bytes: bytes | None = None, **kwargs: Any) -> None:
        self.send(text=text, bytes=bytes)
        self.message.reply_channel.send({"close": 4001})


class Quiz(JsonWebsocketConsumer):
    http_user = True

    def connection_groups(self, quiz: int, **kwargs: Any) -> list[str]:
        return [f"quiz-{quiz}"]

    def connect(self, message: Message, quiz: int, **kwargs: Any) -> None:
        message.reply_channel.send({"accept": True})
        message.channel_session["score"] = 0
        self.send({"welcome": str(message.user)})

    def receive(self, content: Any, quiz: int, **kwargs: Any) -> None:
        if content["answer"] == 42:
            self.message.channel_session["score"] += 1
        self.group_send(f"quiz-{quiz}", {"score": self.message.channel_session["score"]})

    def disconnect(self, message: Message, quiz: int, **kwargs: Any) -> None:
        self.close()


class Notes(JsonWebsocketConsumer):
    groups = ["notes"]

    def receive(self, content: Any, multiplexer: WebsocketMultiplexer, **kwargs: Any) -> None:
        multiplexer.send({"note": content["note"]})
        WebsocketMultiplexer.group_send("notes", multiplexer.stream, {"note": content["note"]})


class Board(WebsocketDemultiplexer):
    http_user = True
    consumers = {"notes": Notes}
