"""Mistakes that a type checker must report, one on each line that ends with `# wrong`."""

from typing import Any

from board.models import Boat

import towpath.testing
from towpath import Channel, Group, Message, channel_layers, route
from towpath.generic.websockets import JsonWebsocketConsumer
from towpath.testing import WSClient


def connect(message: Message, room: str) -> None:
    message.reply_channel.sent({"accept": True})  # wrong
    message.reply_channel.send("accept")  # wrong
    message.repply_channel.send({"accept": True})  # wrong
    message.channel_session.nonsense()  # wrong
    message.http_session["seen"] = True  # wrong
    Group(room).nonsense()  # wrong


towpath.Grup("chat").send({"text": "x"})  # wrong
towpath.testing.ChannelTestCas()  # wrong
Group(1).send({"text": "x"})  # wrong
Channel("x").send({}, delay=5)  # wrong
Group("chat").send("Tea is ready.")  # wrong
Group("chat").send({"text": "x"}, delay=5)  # wrong
channel_layers[0]  # wrong
route(1, connect)  # wrong
route("websocket.connect", connect, path=7)  # wrong
route("websocket.connect", connect, ordered="no")  # wrong
WSClient().send_and_consume(7)  # wrong


class Quiz(JsonWebsocketConsumer):
    http_user = "yes"  # wrong
    groups = 7  # wrong

    def connection_groups(self, quiz: int, **kwargs: Any) -> int:  # wrong
        return quiz

    def receive(self, content: Any, quiz: int) -> None:
        self.message.nonsense()  # wrong
        self.close("now")  # wrong


def boats() -> None:
    Boat.objects.filter(name="Ada").nonsense()  # wrong
    Boat.objects.nonsense()  # wrong
