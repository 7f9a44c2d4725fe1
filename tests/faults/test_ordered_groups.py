"""A group with a history over two interface servers: senders that stop before they deliver, a server that is killed."""

import asyncio
import threading
from contextlib import closing
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from towpath.layers.contract import GroupSend
from towpath.layers.plan import Plan, Planner
from towpath.layers.redis import RedisChannelLayer

CONSUMERS = """
from urllib.parse import parse_qs
from towpath import Group

def connect(message):
    message.reply_channel.send({"accept": True})
    since = parse_qs(message["query_string"].decode()).get("since")
    reaches_back = Group("room").add(message.reply_channel, since=since[0] if since else None)
    message.reply_channel.send({"text": "joined" if reaches_back else "gap"})
"""
ROUTES = """
from towpath import route
channel_routing = [route("websocket.connect", "consumers.connect")]
"""
HISTORY: dict[str, Any] = {"group_history": {"room": {"messages": 1000, "seconds": 300}}, "position_keys": ["a key"]}
SOCKETS, SENDERS, MESSAGES = 5, 3, 40


class Sender(RedisChannelLayer):
    """A layer whose sender now and then stops after it has published, before it writes to inboxes."""

    def publish_only(self, text: str) -> None:
        """Publish a message, and write it to no inbox."""
        plan = Plan()
        Planner(self._codec, self._histories).add_send(plan, GroupSend("room", {"text": text}))
        self._execute(plan.publishes)


def test_every_client_gets_every_message_once_in_one_order(stack: Any, within_patience: Any) -> None:
    stack.configure(**HISTORY)
    stack.project.write("routes.py", ROUTES)
    stack.project.write("consumers.py", CONSUMERS)
    servers = [stack.interface(), stack.interface()]
    stack.worker("--threads", "4")
    options: dict[str, Any] = {"hosts": [stack.redis_url], "prefix": stack.layer.prefix, **HISTORY}

    opened: list[ClientConnection] = []

    async def joined(port: int, query: str = "") -> ClientConnection:
        opened.append(await connect(f"ws://127.0.0.1:{port}/{query}", open_timeout=None))
        return opened[-1]

    async def read(socket: ClientConnection, count: int) -> list[str]:
        return [str(await socket.recv()) for _ in range(count)]

    def send(number: int) -> None:
        with closing(Sender(**options)) as sender:
            for count in range(MESSAGES):
                text = f"{number} {count}"
                if count % 10 == 9:  # also the last one of all, which no other follows
                    sender.publish_only(text)
                else:
                    sender.send_group("room", {"text": text})

    async def scene() -> None:
        sockets = [await joined(port) for _, port in servers for _ in range(SOCKETS)]
        assert [await read(socket, 1) for socket in sockets] == [["joined"]] * len(sockets)
        threads = [threading.Thread(target=send, args=(number,)) for number in range(SENDERS)]
        for thread in threads:
            thread.start()
        found = await asyncio.gather(*(read(socket, SENDERS * MESSAGES) for socket in sockets))
        for thread in threads:
            await asyncio.to_thread(thread.join)
        assert all(texts == found[0] for texts in found)
        for number in range(SENDERS):
            own = [text for text in found[0] if text.startswith(f"{number} ")]
            assert own == [f"{number} {count}" for count in range(MESSAGES)]

        with closing(Sender(**options)) as sender:
            position = await asyncio.to_thread(sender.group_position, "room")
            servers[0][0].kill()
            await asyncio.to_thread(sender.publish_only, "missed 1")
            await asyncio.to_thread(sender.send_group, "room", {"text": "missed 2"})
            back = await joined(servers[1][1], f"?since={position}")
            await asyncio.to_thread(sender.send_group, "room", {"text": "live"})
            texts = await read(back, 4)
            assert sorted(texts) == ["joined", "live", "missed 1", "missed 2"]
            texts.remove("joined")  # a reply is not a message of the group
            assert texts == ["missed 1", "missed 2", "live"]
            assert await read(sockets[-1], 3) == ["missed 1", "missed 2", "live"]

    async def closing_all() -> None:
        try:
            await scene()
        finally:
            await asyncio.gather(*(socket.close() for socket in opened))

    within_patience(closing_all())
