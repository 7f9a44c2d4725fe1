"""The README's chat, with annotations."""

from towpath import Group, Message, group_name, route


def connect(message: Message, room: str) -> None:
    message.reply_channel.send({"accept": True})
    Group(group_name("chat", room)).add(message.reply_channel)


def receive(message: Message, room: str) -> None:
    Group(group_name("chat", room)).send({"text": message["text"]})


channel_routing = [
    route("websocket.connect", connect, path=r"^/chat/(?P<room>\w+)/$"),
    route("websocket.receive", receive, path=r"^/chat/(?P<room>\w+)/$"),
]
