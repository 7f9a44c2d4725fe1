"""Many short connections join, leave, send and vanish at random, while everything is late at random: a model watches.

`TOWPATH_LONG_FAULTS=1` makes it 10,000 connections; `TOWPATH_SEED=n` repeats what clients and pauses did.
"""

import asyncio
import os
import random
import threading
import time
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import redis
from websockets.asyncio.client import ClientConnection, connect

IS_LONG = os.environ.get("TOWPATH_LONG_FAULTS") == "1"
CONNECTIONS = 10_000 if IS_LONG else 250
AT_ONCE = 24
GROUPS = ("red", "green", "blue")
#: Nothing here takes that long, in seconds.
PATIENCE = 60
#: Counters and leases: their number does not depend on connections, and they expire after a day.
#: Counters and leases; and what makes late writes of closed readers and expired inboxes harmless.
KEPT_KEYS = ("}:counts", "{leases}:", "}:pushes", "}:inflight")


@dataclass
class Said:
    """A text for a group: when it was asked for, and when its sender knew that it had left."""

    group: str
    began: float
    ended: float = float("inf")


@dataclass
class Client:
    """One connection, what it received, and when it was in which group for certain."""

    number: int
    done: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    #: Mark -> how often it was heard.
    heard: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    heard_order: list[str] = field(default_factory=list)
    #: (group, since, until): it was a member all the time; and (group, since, until): it was none all the time.
    inside: list[tuple[str, float, float]] = field(default_factory=list)
    outside: list[tuple[str, float, float]] = field(default_factory=list)

    async def ask(self, socket: ClientConnection, what: str) -> None:
        """Send a request, without waiting."""
        self.asked.append(f"{len(self.asked)} {what}")
        await socket.send(self.asked[-1])

    async def listen(self, socket: ClientConnection) -> None:
        """Receive until all requests are answered."""
        while len(self.done) < len(self.asked):
            text = str(await socket.recv())
            kind, _, rest = text.partition(" ")
            if kind == "done":
                self.done.append(rest)
            else:
                mark = rest.split()[1]
                self.heard[mark] += 1
                self.heard_order.append(mark)


class Crowd:
    """All clients of a run."""

    def __init__(self, uri: str, seed: int) -> None:
        self._uri = uri
        self._numbers = random.Random(seed)
        self.clients: list[Client] = []
        self.said: dict[str, Said] = {}
        self.vanished = self.early = 0

    async def run(self, number: int) -> None:
        """Let `number` connections come and go, a few at a time."""
        waiting = [random.Random(self._numbers.random()) for _ in range(number)]

        async def visitors() -> None:
            while waiting:
                await self._visit(waiting.pop())

        await asyncio.gather(*(visitors() for _ in range(AT_ONCE)))

    async def _visit(self, numbers: random.Random) -> None:
        client = Client(len(self.clients))
        self.clients.append(client)
        manner = numbers.choice(["polite", "polite", "vanishing", "hasty", "early"])
        self.vanished += manner != "polite"
        if manner == "early":
            self.early += 1
            await self._leave_early(numbers)
            return
        async with connect(f"{self._uri}/{client.number}", compression=None, max_queue=None) as socket:
            if manner == "hasty":
                for _ in range(numbers.randrange(6)):
                    await client.ask(socket, numbers.choice(["nothing", f"join {numbers.choice(GROUPS)}"]))
                socket.transport.abort()
                return
            await self._talk(client, socket, numbers)
            if manner == "vanishing":
                socket.transport.abort()

    async def _leave_early(self, numbers: random.Random) -> None:
        """Begin a handshake, and be gone before its end, or just after."""
        host, _, port = self._uri.removeprefix("ws://").partition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        head = [f"GET /early HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"]
        head += ["Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"]
        writer.write("".join(head).encode())
        await writer.drain()
        await asyncio.sleep(numbers.uniform(0, 0.02))
        writer.transport.abort()

    async def _talk(self, client: Client, socket: ClientConnection, numbers: random.Random) -> None:
        """Do a few things, each when the one before is done; the last does nothing but wait for the one before."""
        member_since: dict[str, float] = {}
        none_since = dict.fromkeys(GROUPS, time.monotonic())
        for step in range(numbers.randint(1, 8)):
            group = numbers.choice(GROUPS)
            began = time.monotonic()
            match numbers.choice(["join", "leave", "send", "send", "nothing"]):
                case "join":
                    await self._do(client, socket, f"join {group}")
                    if group in none_since:
                        client.outside.append((group, none_since.pop(group), began))
                    member_since.setdefault(group, time.monotonic())
                case "leave":
                    await self._do(client, socket, f"leave {group}")
                    if group in member_since:
                        client.inside.append((group, member_since.pop(group), began))
                    none_since.setdefault(group, time.monotonic())
                case "send":
                    mark = f"{client.number}-{step}"
                    said = self.said[mark] = Said(group, began)
                    await self._do(client, socket, f"send {group} {mark}")
                    said.ended = time.monotonic()
                case _:
                    await self._do(client, socket, "nothing")
        ended = time.monotonic()
        await self._do(client, socket, "nothing")
        client.inside += [(group, since, ended) for group, since in member_since.items()]
        client.outside += [(group, since, ended) for group, since in none_since.items()]

    async def _do(self, client: Client, socket: ClientConnection, what: str) -> None:
        await client.ask(socket, what)
        await client.listen(socket)

    def check(self) -> list[str]:
        """Return the violations of the model."""
        wrong = []
        self._by_time = {
            group: sorted((said.began, mark) for mark, said in self.said.items() if said.group == group)
            for group in GROUPS
        }
        for client in self.clients:
            expected = [f"{count} {text}" for count, text in enumerate(client.asked, 1)]
            if client.done != expected[: len(client.done)]:
                wrong.append(f"{client.number} asked for {client.asked}, and had {client.done}")
            wrong += [
                f"{client.number} heard {mark} {times} times" for mark, times in client.heard.items() if times > 1
            ]
            by_sender: dict[str, list[int]] = defaultdict(list)
            for mark in client.heard_order:
                sender, _, step = mark.partition("-")
                by_sender[sender].append(int(step))
            wrong += [
                f"{client.number} heard {sender}: {steps}"
                for sender, steps in by_sender.items()
                if steps != sorted(steps)
            ]
            wrong += self._check_membership(client)
        return wrong

    def check_leases(self, lives: list[list[tuple[str, str]]]) -> list[str]:
        """Return the errors in the events of each connection at its consumers; one that left early sent no request."""
        wrong = []
        for events in lives:
            asked, is_whole = list[str](), True
            if events[0][1] != "/early":
                client = self.clients[int(events[0][1].removeprefix("/"))]
                asked, is_whole = client.asked, len(client.done) == len(client.asked)
            wrong.append(wrong_life(events, asked, is_whole))
        told = [events[0][1] for events in lives if events[0][1] != "/early"]
        if len(told) != len(set(told)) or len(told) != len(self.clients) - self.early:
            wrong.append(f"{len(told)} connections were seen, of {len(self.clients) - self.early}")
        return [text for text in wrong if text is not None]

    def _check_membership(self, client: Client) -> list[str]:
        wrong = []
        for group, since, until in client.inside:
            texts = self._by_time[group]
            missed = [
                mark for _, mark in texts[bisect(texts, (since, "")) : bisect(texts, (until, ""))]
                if self.said[mark].ended < until and mark not in client.heard
            ]  # fmt: skip
            wrong += [f"{client.number} was in {group} and missed {mark}" for mark in missed]
        for group, since, until in client.outside:
            overheard = [
                mark for mark in client.heard
                if (said := self.said[mark]).group == group and since < said.began and said.ended < until
            ]  # fmt: skip
            wrong += [f"{client.number} was not in {group} and heard {mark}" for mark in overheard]
        return wrong


async def until(condition: Callable[[], Any], complaint: Callable[[], Any]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, complaint()
        await asyncio.sleep(0.01)


def wrong_life(events: list[tuple[str, str]], asked: list[str], is_whole: bool) -> str | None:
    """Return the errors in the events of one connection, as its consumers got them."""
    kinds = [kind for kind, _ in events]
    if kinds != ["connect", *["receive"] * (len(kinds) - 2), "disconnect"]:
        return f"not the life of a connection: {kinds}"
    texts = [text for kind, text in events if kind == "receive"]
    if texts != asked[: len(texts)] or (is_whole and texts != asked):
        return f"asked for {asked}, consumers saw {texts}"
    return None


async def play(races: Any, number: int, seed: int) -> Crowd:
    """Let `number` connections come and go at a server of its own; nothing but a few classes' objects is left then."""
    journal = races.journal
    async with races.serving() as server:
        uri = f"ws://127.0.0.1:{server.ports[0].getHost().port}"
        crowd = Crowd(uri, seed)
        await Crowd(uri, seed + 1).run(AT_ONCE)
        await until(lambda: not journal.open and not len(server.hub.connections), lambda: journal.open)
        journal.seen.clear()
        objects, descriptors = races.objects(), races.descriptors()
        await asyncio.wait_for(crowd.run(number), PATIENCE + number / 10)
        await until(lambda: not journal.open and not len(server.hub.connections), lambda: journal.open)
        await until(lambda: not any(map(races.layer.group_channels, GROUPS)), lambda: "a group has members")
        allowed = len(descriptors) + races.pooled
        await until(lambda: len(races.descriptors()) <= allowed, races.descriptors)
        assert more(races.objects(), objects) == {}
        assert races.database_connections() <= races.threads
    return crowd


def more(now: Counter[str], before: Counter[str]) -> dict[str, tuple[int, int]]:
    """Return the classes with more objects than before; a few come and go with the server's own work."""
    return {name: (before[name], count) for name, count in now.items() if count > before[name] + 2}


def test_connections_that_come_and_go_at_random_are_as_the_model_says_and_nothing_is_left(
    races: Any, redis_url: str, report: Callable[[str], None]
) -> None:
    """The first server is there to warm up: as many descriptors may be open after the second one, and no more."""
    report(f"TOWPATH_SEED={races.seed}")
    asyncio.run(play(races, AT_ONCE, races.seed + 2))
    races.layer.close()
    threads, descriptors = set(threading.enumerate()), races.descriptors()
    crowd = asyncio.run(play(races, CONNECTIONS, races.seed))
    races.layer.close()

    assert races.journal.wrong == []
    assert races.journal.events.violations() == []
    assert crowd.check() == []
    assert crowd.check_leases(list(races.journal.seen.values())) == []
    with redis.Redis.from_url(redis_url) as client:
        left = [key.decode() for key in client.scan_iter()]
    assert [key for key in left if not any(part in key for part in KEPT_KEYS)] == []
    assert races.database_connections() == 0
    assert set(threading.enumerate()) <= threads
    assert len(races.descriptors()) <= len(descriptors), races.descriptors()
    report(
        f"{len(crowd.clients)} connections, {crowd.vanished} of which vanished: "
        f"{sum(len(client.asked) for client in crowd.clients)} texts, {len(crowd.said)} group sends, "
        f"{sum(len(client.heard) for client in crowd.clients)} deliveries; nothing lost, doubled or left"
    )
