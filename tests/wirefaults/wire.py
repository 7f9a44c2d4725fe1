"""A loopback proxy between the parts of a site and Redis that does to the k-th write of a part whatever a test plans.

A *line* is one listening port, for one connection of one process, under a name such as `interface.out`. A *write* is
all that a client sends before it waits for answers: one command, or a pipeline. Writes are counted from 1 for each
line, over all its connections, without those that only open a connection.
"""

import select
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from typing import NamedTuple

from towpath.layers.redis import scripts

from .resp import Splitter, packed, words

#: Bytes asked of a socket at once.
PIECE = 1 << 20
#: Commands with which redis-py opens a connection; they are not counted.
OPENING = ({b"AUTH"}, {b"SELECT"}, {b"HELLO"}, {b"CLIENT", b"SETINFO"}, {b"CLIENT", b"SETNAME"})
#: Commands that wait.
WAITING = (b"BLPOP", b"BLMOVE")
_SCRIPT_NAMES = {
    value.digest.encode(): name.lower() for name, value in vars(scripts).items() if isinstance(value, scripts.Script)
}
_EVALUATED_NAMES = {
    value.source.encode(): name.lower() for name, value in vars(scripts).items() if isinstance(value, scripts.Script)
}


class Ended(Exception):
    """Raised inside the proxy when either side of a connection has closed it."""


class Command(NamedTuple):
    """One command of a write: its bytes, its words, and whether Redis answers it."""

    raw: bytes
    words: Sequence[bytes]
    is_answered: bool

    @property
    def name(self) -> str:
        """The script that it runs, or the name of the command."""
        first = self.words[0].upper()
        if first == b"EVALSHA":
            return _SCRIPT_NAMES.get(self.words[1], "script")
        if first == b"EVAL":
            return _EVALUATED_NAMES.get(self.words[1], "script")
        return first.decode()

    @property
    def is_script(self) -> bool:
        """Whether it runs a script that Redis is expected to know."""
        return self.words[0].upper() == b"EVALSHA"

    @property
    def waits(self) -> bool:
        """Whether it may wait before it is answered."""
        return self.words[0].upper() in WAITING


class Write(NamedTuple):
    """All that a client sent at once. `number` 0: it only opens the connection."""

    number: int
    commands: Sequence[Command]

    @property
    def names(self) -> list[str]:
        """The names of its commands."""
        return [command.name for command in self.commands]

    @property
    def answers(self) -> int:
        """How many answers it gets."""
        return sum(command.is_answered for command in self.commands)

    @property
    def answers_before_wait(self) -> int:
        """How many answers come before the first command that waits; all of them if none waits."""
        count = 0
        for command in self.commands:
            if command.waits:
                return count
            count += command.is_answered
        return count


class Relay:
    """One connection, from the proxy's side: the operations that faults are made of. Used by one thread."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self._client = client
        self._server = server
        self._from_client, self._from_server = Splitter(), Splitter()
        self._commands: list[bytes] = []
        self._replies: list[bytes] = []
        self._poll = select.poll()
        for side in (client, server):
            self._poll.register(side, select.POLLIN)
        #: Redis's id of this connection.
        self.connection_id = self._ask_for_id()

    def next_commands(self) -> list[bytes]:
        """Wait for the next write of the client."""
        while not (self._commands and self._from_client.is_whole):
            self._receive()
        commands, self._commands = self._commands, []
        return commands

    def send(self, commands: Sequence[Command]) -> None:
        """Let Redis have commands, in one write."""
        self._server.sendall(b"".join(command.raw for command in commands))

    def replies(self, count: int) -> Iterator[bytes]:
        """Yield `count` answers of Redis, as they come."""
        for _ in range(count):
            while not self._replies:
                self._receive()
            yield self._replies.pop(0)

    def answer(self, *replies: bytes) -> None:
        """Let the client have answers."""
        with suppress(OSError):
            self._client.sendall(b"".join(replies))

    def linger(self, seconds: float | None = None) -> None:
        """Send nothing to the client for `seconds`, or until it closes the connection.

        Raises:
            Ended: it has closed it.
        """
        poll = select.poll()
        poll.register(self._client, select.POLLIN)
        if not poll.poll(None if seconds is None else seconds * 1000):
            return
        if not self._client.recv(PIECE):
            raise Ended

    def has_reply(self) -> bool:
        """Return whether Redis has answered something that has not been read."""
        while not self._replies and self._poll.poll(0):
            self._receive()
        return bool(self._replies)

    def cut(self) -> None:
        """Close the connection on both sides.

        Raises:
            Ended: always.
        """
        raise Ended

    def _receive(self) -> None:
        for number, _ in self._poll.poll():
            side = self._client if number == self._client.fileno() else self._server
            data = side.recv(PIECE)
            if not data:
                raise Ended
            if side is self._client:
                self._commands += self._from_client.feed(data)
            else:
                self._replies += self._from_server.feed(data)

    def _ask_for_id(self) -> int:
        self._server.sendall(packed("CLIENT", "ID"))
        (reply,) = self.replies(1)
        return int(reply[1:])


#: Handles a write, as `honest` does or in another way.
Fault = Callable[[Relay, Write], None]


def honest(relay: Relay, write: Write) -> None:
    """Let Redis execute a write, and the client have every answer as it comes."""
    relay.send(write.commands)
    for reply in relay.replies(write.answers):
        relay.answer(reply)


class Line:
    """One listening port: the way of one connection of one process, though it may be opened again."""

    def __init__(self, name: str, address: tuple[str, int]) -> None:
        self.name = name
        #: The writes of clients, oldest first.
        self.writes: list[Write] = []
        #: The faults that have acted, with the writes they acted on.
        self.struck: list[Write] = []
        self._address = address
        self._faults: dict[int, Fault] = {}
        self._always: Fault | None = None
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = int(self._listener.getsockname()[1])
        self._is_closed = False
        self._threads = [threading.Thread(target=self._accept, name=f"line {name}", daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        """Where a client of this line finds Redis."""
        return f"redis://127.0.0.1:{self._port}/0"

    def plan(self, fault: Fault, *numbers: int) -> None:
        """Let a fault act on these writes, counted from 1."""
        with self._lock:
            self._faults |= dict.fromkeys(numbers, fault)

    def plan_next(self, fault: Fault, name: str | None = None) -> None:
        """Let a fault act on the next write, or on the next that holds a command of this name."""

        def acting(relay: Relay, write: Write) -> None:
            if name is not None and name not in write.names:
                self.plan_next(fault, name)
                honest(relay, write)
            else:
                self._note(write)
                fault(relay, write)

        with self._lock:
            self._faults[0] = acting

    def become(self, fault: Fault | None) -> None:
        """Let a fault act on every write from now on; None ends that."""
        with self._lock:
            self._always = fault

    def close(self) -> None:
        """Close the port and all connections."""
        self._is_closed = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut_all()
        for thread in self._threads:
            thread.join()

    def cut_all(self) -> None:
        """Close all connections of this line."""
        with self._lock:
            for side in self._sockets:
                with suppress(OSError):
                    side.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._is_closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(client,), name=f"wire {self.name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(Ended, OSError), closing(client), socket.create_connection(self._address) as server:
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._sockets |= {client, server}
            try:
                relay = Relay(client, server)
                while not self._is_closed:
                    write, fault = self._next(parsed(relay.next_commands()))
                    fault(relay, write)
            finally:
                with self._lock:
                    self._sockets -= {client, server}
                for side in (client, server):
                    with suppress(OSError):
                        side.shutdown(socket.SHUT_RDWR)

    def _next(self, commands: Sequence[Command]) -> tuple[Write, Fault]:
        with self._lock:
            if all(is_opening(command) for command in commands):
                return Write(0, commands), honest
            write = Write(len(self.writes) + 1, commands)
            self.writes.append(write)
            if 0 in self._faults:
                return write, self._faults.pop(0)
            fault = self._faults.pop(write.number, self._always)
            if fault is not None:
                self.struck.append(write)
            return write, fault or honest

    def _note(self, write: Write) -> None:
        with self._lock:
            self.struck.append(write)


class Wire:
    """All lines to one Redis."""

    def __init__(self, port: int) -> None:
        self.address = "127.0.0.1", port
        self._lines: dict[str, Line] = {}

    def line(self, name: str) -> Line:
        """Return the line of this name, which begins to listen when it is first asked for."""
        if name not in self._lines:
            self._lines[name] = Line(name, self.address)
        return self._lines[name]

    def close(self) -> None:
        """Close all lines."""
        for line in self._lines.values():
            line.close()


def parsed(raws: Sequence[bytes]) -> list[Command]:
    """Return the commands of a write; `CLIENT REPLY SKIP` leaves out its own answer and the next one."""
    commands = []
    is_skipped = False
    for raw in raws:
        said = words(raw)
        skips = [word.upper() for word in said[:3]] == [b"CLIENT", b"REPLY", b"SKIP"]
        commands.append(Command(raw, said, is_answered=not (skips or is_skipped)))
        is_skipped = skips
    return commands


def is_opening(command: Command) -> bool:
    """Return whether a command only opens a connection."""
    said = {word.upper() for word in command.words[:2]}
    return any(opening <= said for opening in OPENING)
