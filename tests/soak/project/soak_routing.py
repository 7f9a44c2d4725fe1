"""The requests of sockets in the soak: an echo, a text for their group, a delayed text.

Each connect and disconnect is counted in Redis, under `SOAK_COUNTS`: they are to be as many in the end.
"""

import os
from datetime import timedelta

import redis

from towpath import Group, route
from towpath.sessions import channel_session

SOAK_COUNTS = "soak:counts"
counts = redis.Redis.from_url(os.environ["BENCH_REDIS_URL"])


@channel_session
def connect(message, group):
    message.reply_channel.send({"accept": True})
    message.channel_session["count"] = 0
    Group(group).add(message.reply_channel)
    counts.hincrby(SOAK_COUNTS, "connected")


@channel_session
def receive(message, group):
    kind, _, rest = message["text"].partition(" ")
    message.channel_session["count"] += 1
    if kind == "group":
        Group(group).send({"text": f"group {rest}"})
    elif kind == "later":
        message.reply_channel.send({"text": message["text"]}, delay=timedelta(seconds=2))
    message.reply_channel.send({"text": f"done {message.channel_session['count']}"})


@channel_session
def disconnect(message, group):
    counts.hincrby(SOAK_COUNTS, "disconnected")


path = r"^/soak/(?P<group>\w+)/$"
routes = [
    route("websocket.connect", connect, path=path),
    route("websocket.receive", receive, path=path),
    route("websocket.disconnect", disconnect, path=path),
]
