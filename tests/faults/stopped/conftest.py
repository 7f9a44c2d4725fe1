"""Clients that send without a pause while processes are stopped, and the journal of all processes."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from ...wirefaults.invariants import Entry, Journal, violations
from .. import journals

#: How many events of a client wait for their answers.
AHEAD = 3
SOCKETS = 12
#: One of this number of events of a client takes long. Where more do, workers take their messages one at a time.
SLOW_EVERY = 100
#: Seconds without an answer after which a client sends another event, and, at the end, waits for no more answers.
PRESUMED_LOST_SECONDS = 5.0

CONSUMERS = """
import time
from pathlib import Path

from noted import running

folder = Path(__file__).parent

def connect(message):
    with running(message, "connect"):
        pass
    message.reply_channel.send({"accept": True, "text": message.reply_channel.name})

def receive(message):
    text = message["text"]
    with running(message, "receive"):
        if text.endswith("slow"):
            time.sleep(0.05)
        if text.endswith("hang"):
            (folder / "hangs").write_text("now\\n")
            with (folder / "let-go").open() as pipe:
                pipe.readline()
    message.reply_channel.send({"text": "%d %s" % (message.turn, text)})

def disconnect(message):
    with running(message, "disconnect"):
        pass
"""
#: Short leases, unless a test requests long ones.
IS_LONG = os.environ.get("TOWPATH_LONG_FAULTS") == "1"
IMPATIENT = """
CHANNEL_LAYERS["default"]["BACKEND"] = "impatience.ImpatientLayer"
"""


#: Seconds between two sockets of a client. Without a pause, refused handshakes keep all processors busy.
RECONNECT_SECONDS = 0.02


@dataclass
class Talker:
    """A client that sends events, up to `AHEAD` ahead of their answers, over one socket after the other."""

    uri: str
    journal: Journal
    number: int
    answered: int = 0
    names: list[str] = field(default_factory=list)

    async def talk(self, stop: asyncio.Event) -> None:
        """Send until `stop` is set; open another socket whenever the server ends one."""
        while not stop.is_set():
            with suppress(ConnectionClosed, InvalidStatus, OSError, asyncio.TimeoutError):
                async with connect(self.uri, max_queue=None, ping_interval=None) as socket:
                    await self._talk(socket, stop)
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(stop.wait(), RECONNECT_SECONDS)

    async def _talk(self, socket: ClientConnection, stop: asyncio.Event) -> None:
        name = str(await socket.recv())
        self.names.append(name)
        self._note("heard", name, 1)
        sent = answered = 0
        is_last = False
        try:
            while not (is_last and answered == sent):
                is_last = stop.is_set()
                while not is_last and sent < answered + AHEAD:
                    sent += 1
                    await socket.send(f"{sent}{' slow' if sent % SLOW_EVERY == self.number else ''}")
                try:
                    turn = int(str(await asyncio.wait_for(socket.recv(), PRESUMED_LOST_SECONDS)).partition(" ")[0])
                except asyncio.TimeoutError:  # one may be lost: another takes its place
                    answered += answered < sent
                else:
                    self._note("heard", name, turn)
                    self.answered += 1
                    answered = max(answered, turn - 1)
        except ConnectionClosed:
            self._note("ended", name, 0)
            raise
        finally:
            self._note("closed", name, 0)

    def _note(self, what: str, name: str, turn: int) -> None:
        self.journal.entries.append(Entry(time.time(), what, name, turn))


class Talking:
    """A stack with talking clients; times are those of the wall clock, which the logs of processes have too."""

    def __init__(self, faulty: Any, wait_until: Callable[..., None]) -> None:
        self.faulty = faulty
        self.journal = Journal()
        self.talkers: list[Talker] = []
        self.interfaces: list[Any] = []
        #: When processes were stopped, and when they continued.
        self.stopped: list[tuple[float, float]] = []
        self._wait_until = wait_until
        self._pipes: list[int] = []
        self.configure()

    def configure(self, **config: object) -> None:
        """Set options of the layer; call it before processes are started."""
        faulty, leases = self.faulty, "" if IS_LONG else IMPATIENT
        faulty.configure(**config)
        journals.write_project(faulty.project, CONSUMERS, leases)

    def interface(self, *options: str) -> tuple[Any, int]:
        """Start an interface server that logs which turns it calls lost."""
        process, port = self.faulty.interface(*options)
        self.interfaces.append(process)
        return process, port

    def worker(self, *options: str) -> Any:
        """Start a worker process; return it when it has begun."""
        process = self.faulty.worker(*options)
        process.wait_for("Starting")
        return process

    async def during(self, port: int, fault: Callable[[], None], sockets: int = SOCKETS) -> None:
        """Send before, during and after `fault`, which runs in a thread; then close all sockets."""
        stop = asyncio.Event()
        self.talkers = [Talker(f"ws://127.0.0.1:{port}/{number}/", self.journal, number) for number in range(sockets)]
        tasks = [asyncio.create_task(talker.talk(stop)) for talker in self.talkers]
        await self.all_are_answered()
        await asyncio.to_thread(fault)
        await self.all_are_answered()
        stop.set()
        await asyncio.gather(*tasks)

    async def all_are_answered(self, times: int = 5) -> None:
        """Wait until each client has `times` answers more, over any socket."""
        await asyncio.to_thread(self.until_answered, times)

    def until_answered(self, times: int) -> None:
        """Wait until each client has `times` answers more; not in the thread of the clients."""
        wanted = {talker.number: talker.answered + times for talker in self.talkers}
        self._wait_until(
            lambda: all(talker.answered >= wanted[talker.number] for talker in self.talkers),
            lambda: f"answers: {[(talker.answered, wanted[talker.number]) for talker in self.talkers]}",
        )

    async def hanging(self, port: int) -> "asyncio.Task[None]":
        """Open a socket whose consumer hangs until `let_go`; return its task once it hangs."""
        talker = Talker(f"ws://127.0.0.1:{port}/", self.journal, 0)
        self.talkers = [talker]
        loop, has_begun, hangs = asyncio.get_running_loop(), asyncio.Event(), self._pipe("hangs")
        loop.add_reader(hangs, has_begun.set)
        self._let_go = self._pipe("let-go")

        async def hang() -> None:
            with suppress(ConnectionClosed):
                async with connect(talker.uri, ping_interval=None) as socket:
                    talker.names.append(str(await socket.recv()))
                    await socket.send("hang")
                    await socket.recv()

        task = asyncio.create_task(hang())
        await has_begun.wait()
        loop.remove_reader(hangs)
        return task

    def let_go(self) -> None:
        """Let the consumer that hangs return."""
        os.write(self._let_go, b"now\n")

    def _pipe(self, name: str) -> int:
        """Make a named pipe in the project's folder; return a descriptor for both ends, so that neither waits."""
        path = self.faulty.project.folder / name
        os.mkfifo(path)
        self._pipes.append(os.open(path, os.O_RDWR | os.O_NONBLOCK))
        return self._pipes[-1]

    def close(self) -> None:
        """Close the pipes."""
        for pipe in self._pipes:
            os.close(pipe)

    def stop(self, process: Any, until: Callable[[], None]) -> None:
        """Stop a process with SIGSTOP until `until` returns, and continue it."""
        began = time.time()
        os.killpg(process.pid, signal.SIGSTOP)
        try:
            until()
        finally:
            self.stopped.append((began, time.time()))
            os.killpg(process.pid, signal.SIGCONT)

    def has_expired(self, owner: str) -> bool:
        """Return whether others have noticed the expiry of all leases whose owners' names contain these characters."""
        keys = self.faulty.layer._keys
        with closing(redis.Redis.from_url(self.faulty.redis_url, decode_responses=True)) as client:
            held, tombstones = (client.zrange(keys.leases(part), 0, -1) for part in ("held", "tombstones"))
        return any(owner in name for name in tombstones) and not any(owner in name for name in held)

    def until_worker_expires(self, process: Any) -> None:
        """Wait until the leases of a worker process have expired and others have noticed."""
        self._wait_until(lambda: self.has_expired(f":{process.pid}:"))

    def until_interface_expires(self) -> None:
        """Wait until the leases of all interface servers that clients talk to have expired."""
        inboxes = {name.partition("!")[0] for talker in self.talkers for name in talker.names}
        self._wait_until(lambda: all(self.has_expired(inbox) for inbox in inboxes))

    def pass_seconds(self, seconds: float) -> None:
        """Wait for this number of seconds."""
        until = time.monotonic() + seconds
        self._wait_until(lambda: time.monotonic() >= until)

    def broken_rules(self) -> list[str]:
        """Wait until all disconnects have been handled; return the rules that were broken.

        A consumer that was running when its process was stopped, and whose turn was called lost, does not count.
        """
        self._wait_until(lambda: not self._unsaid(), lambda: f"no disconnect of {self._unsaid()}")
        self._wait_until(lambda: not self.waiting(), lambda: f"{self.waiting()} messages wait")
        lost = self.lost()
        calls = {(entry.name, entry.turn) for entry in lost}
        entries = self.entries()
        ends = {entry[2:6]: entry.at for entry in entries if entry.what == "end"}
        excused = {
            begin[2:6]
            for begin in entries
            for began, ended in self.stopped
            if begin.what == "begin" and begin.at <= began and ends.get(begin[2:6], 0) >= ended
            if (begin.name, begin.turn) in calls
        }
        counted = [entry for entry in entries if entry[2:6] not in excused]
        return violations([*self.journal.entries, *counted, *lost])

    def entries(self) -> list[Entry]:
        """Return the entries that consumers have written."""
        return journals.entries(self.faulty.project.folder)

    def lost(self) -> list[Entry]:
        """Return the turns that interface servers have called lost."""
        return journals.lost(self.interfaces)

    def waiting(self) -> int:
        """Return the number of messages that wait on the channels of sockets."""
        channels = ("websocket.connect", "websocket.receive", "websocket.disconnect")
        return sum(int(self.faulty.layer.channel_statistics(channel)["messages_pending"]) for channel in channels)

    def _unsaid(self) -> set[str]:
        names = {name for talker in self.talkers for name in talker.names}
        return names - {entry.name for entry in self.entries() if (entry.what, entry.kind) == ("end", "disconnect")}


@pytest.fixture
def talking(faulty: Any, wait_until: Any) -> Iterator[Talking]:
    """A stack with clients that send."""
    found = Talking(faulty, wait_until)
    yield found
    found.close()
