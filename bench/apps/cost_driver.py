"""Drives one version of the layer for `bench.cost`: prints the cost of each kind of message, as JSON.

Only names that both versions have are used. Times are processor times, of this process and of Redis.
"""

import asyncio
import json
import sys
import time
from typing import Any

from redis import Redis

from towpath.layers import contract
from towpath.layers.contract import Envelope, GroupSend
from towpath.layers.redis import RedisChannelLayer

#: Its name was another one in 2026-11.
Settlement: Any = getattr(contract, "Settlement", None) or contract.Owed  # type: ignore[attr-defined]
MESSAGES = 3000
#: Events of one flush, and messages of one batch, where many sockets talk.
TOGETHER = 16


class Driver:
    """An edge and a reader in one thread, which never wait."""

    def __init__(self, url: str) -> None:
        self.layer = RedisChannelLayer(hosts=[url], prefix="cost:")
        self.redis: Any = Redis.from_url(url)
        self.edge: Any = self.layer.edge()
        self.reader = self.layer.reader(["websocket.receive", "http.request"])
        self.settlements: list[Any] = []

    async def run(self) -> dict[str, dict[str, float]]:
        """Measure every kind of message."""
        self.layer.flush()
        await self.edge.open()
        for local in range(TOGETHER):
            self.edge.opened(f"local{local:011}")
        for inbox in ("a", "b"):  # a group with members in three processes
            self.layer.group_add("group", f"interface.{inbox}!x")
        self.layer.group_add("group", self.edge.inbox + "local00000000000")
        kinds = {
            "echo, one at a time": lambda: self.echo(1, waits=True),
            "echo, 16 at once": lambda: self.echo(TOGETHER, waits=False),
            "request": lambda: self.request(),
            "group send": lambda: self.group_send(),
        }
        found = {}
        for name, act in kinds.items():
            await self.measured(act, MESSAGES // 10)
            found[name] = await self.measured(act, MESSAGES)
            if self.settlements:
                self.reader.exchange(self.settlements, {})
                self.settlements = []
                await self.edge.receive()
        self.layer.flush()
        self.reader.close()
        await self.edge.close()
        self.layer.close()
        return found

    async def measured(self, act: Any, messages: int) -> dict[str, float]:
        """Repeat until `messages` messages were sent; return the cost of each."""
        before, began = self.snapshot(), time.process_time()
        done = 0
        while done < messages:
            done += await act()
        python = time.process_time() - began
        after = self.snapshot()
        figures = {key: (after[key] - before[key]) / done for key in before}
        return {**figures, "python us": python / done * 1e6}

    def snapshot(self) -> dict[str, float]:
        """Read Redis's own counters."""
        info = self.redis.info()
        cpu = info["used_cpu_user_main_thread"] + info["used_cpu_sys_main_thread"]
        return {
            "redis us": cpu * 1e6,
            "bytes in": info["total_net_input_bytes"],
            "bytes out": info["total_net_output_bytes"],
            "reads": info["total_reads_processed"],
        }

    async def echo(self, together: int, waits: bool) -> int:
        """Send events of sockets, echo them."""
        events = [self.event("websocket.receive", local, text="Good morning.") for local in range(together)]
        await self.edge.send(events)
        await self.settle(together, waits, lambda envelope: {"text": envelope.content["text"]})
        return together

    async def request(self) -> int:
        """Send a request, answer it."""
        headers = [[b"host", b"example.com"], [b"user-agent", b"x" * 100], [b"accept", b"*/*"]]
        await self.edge.send([self.event("http.request", 0, method="GET", headers=headers, body=b"")])
        answer = {"status": 200, "headers": [[b"content-type", b"text/html"]], "content": b"x" * 500}
        await self.settle(1, True, lambda _: answer)
        return 1

    async def group_send(self) -> int:
        """Send to a group with members in three processes."""
        self.reader.exchange([Settlement([GroupSend("group", {"text": "Good morning."})])], {})
        await self.edge.receive()
        return 1

    def event(self, channel: str, local: int, **content: Any) -> Envelope:
        """Return an event of a connection."""
        reply_channel = f"{self.edge.inbox}local{local:011}"
        return Envelope(channel, {"reply_channel": reply_channel, "path": "/chat/lobby/", **content}, 1)

    async def settle(self, count: int, waits: bool, answer: Any) -> None:
        """Settle the messages that were taken before, take `count` messages, and read the settlements."""
        limits = {"websocket.receive": TOGETHER, "http.request": TOGETHER}
        settlements, self.settlements = self.settlements, []
        seen = -len(settlements)
        while len(self.settlements) < count:
            taken = self.reader.exchange(settlements, limits, 1 if waits else 0).taken
            settlements = []
            for item in taken:
                reply_channel = item.envelope.content["reply_channel"]
                sends = [Envelope(reply_channel, answer(item.envelope))]
                self.settlements.append(Settlement(sends, reply_channel, item.envelope.turn))
        while seen < 0:
            seen += len(await self.edge.receive())


if __name__ == "__main__":
    print(json.dumps(asyncio.run(Driver(sys.argv[1]).run())))
