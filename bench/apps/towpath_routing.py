"""Echo and groups in plain functions."""

from towpath import Group, route


def accept(message):
    message.reply_channel.send({"accept": True})


def join(message, name):
    message.reply_channel.send({"accept": True})
    Group(name).add(message.reply_channel)


def echo(message):
    message.reply_channel.send({"text": message.content["text"]})


routes = [
    route("websocket.connect", join, path=r"^/group/(?P<name>\w+)/$"),
    route("websocket.connect", accept, path=r"^/echo/$"),
    route("websocket.receive", echo, path=r"^/echo/$"),
]
