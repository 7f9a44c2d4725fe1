"""Faults of one write of one connection.

| name | Redis | the client |
|---|---|---|
| answer lost | executes all of it | the connection is reset before the first answer |
| last answer lost | executes all of it | has all answers but the last, then the connection is reset |
| not executed | gets nothing | the connection is reset |
| reset while it waits | executes the commands before the wait | the connection is reset during the wait |
| answer late | executes all of it | has its answers after some seconds, if it is still there |
| silent | executes all of it | never has an answer; the connection stays open |
| deaf | gets nothing | the same |
| full | has no memory left while it executes | has Redis's own answers |
| read-only | executes commands that only read | `READONLY` for the rest, as from a replica |
| scripts forgotten | has no scripts when the write comes | `NOSCRIPT` for each script |
| moved | executes nothing | `MOVED` for each command, as from a cluster's other node |
"""

import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import redis

from .resp import error
from .wire import Command, Fault, Relay, Write, honest

#: The faults by name.
FAULTS = (
    *("answer lost", "last answer lost", "not executed", "reset while it waits", "answer late", "silent", "deaf"),
    *("full", "read-only", "scripts forgotten", "moved"),
)
#: Commands and scripts that only read: a replica executes them.
READS = {"LRANGE", "ZUNION", "HSCAN", "SMEMBERS", "PING", "CLIENT", "SCRIPT", "marks", "statistics", "sockets"}
MOVED = "MOVED 1234 127.0.0.1:1"
READ_ONLY = "READONLY You can't write against a read only replica."
#: Redis is asked that often, and for so long, whether a connection waits.
LOOKS, LOOK_SECONDS = 200, 0.005


def answer_lost(relay: Relay, write: Write) -> None:
    """Let Redis execute a write, and reset the connection before the first answer."""
    relay.send(write.commands)
    for _ in relay.replies(write.answers):
        pass
    relay.cut()


def last_answer_lost(relay: Relay, write: Write) -> None:
    """Let the client have all answers but the last."""
    relay.send(write.commands)
    for number, reply in enumerate(relay.replies(write.answers), 1):
        if number < write.answers:
            relay.answer(reply)
    relay.cut()


def not_executed(relay: Relay, write: Write) -> None:
    """Reset the connection before Redis has got a write."""
    relay.cut()


def late(seconds: float) -> Fault:
    """Return the fault that holds the answers for `seconds`."""

    def answer_late(relay: Relay, write: Write) -> None:
        relay.send(write.commands)
        replies = list(relay.replies(write.answers))
        relay.linger(seconds)
        relay.answer(*replies)

    return answer_late


def silent(relay: Relay, write: Write) -> None:
    """Let Redis execute a write, and never answer."""
    relay.send(write.commands)
    relay.linger()


def deaf(relay: Relay, write: Write) -> None:
    """Never answer, and let Redis have nothing."""
    relay.linger()


def read_only(relay: Relay, write: Write) -> None:
    """Answer as a replica does."""
    refuse(relay, write, lambda command: READ_ONLY if command.name not in READS else None)


def moved(relay: Relay, write: Write) -> None:
    """Answer as a node of a cluster that does not have the slot."""
    refuse(relay, write, lambda command: MOVED if command.name not in {"PING", "CLIENT", "SCRIPT"} else None)


def refuse(relay: Relay, write: Write, refusal: Callable[[Command], str | None]) -> None:
    """Answer some commands with an error instead of executing them; the others are executed, in order."""
    refusals = [refusal(command) for command in write.commands]
    # CLIENT REPLY SKIP is refused with the command that it is about.
    keep = [
        text is None and (command.is_answered or (refusals[index + 1 : index + 2] or [None])[0] is None)
        for index, (command, text) in enumerate(zip(write.commands, refusals, strict=True))
    ]
    relay.send([command for command, is_kept in zip(write.commands, keep, strict=True) if is_kept])
    for command, text in zip(write.commands, refusals, strict=True):
        if command.is_answered:
            relay.answer(error(text) if text is not None else next(relay.replies(1)))


class StoreFaults:
    """Faults that need another connection to the same Redis."""

    def __init__(self, port: int) -> None:
        #: The other connection.
        self.client = redis.Redis(port=port, protocol=2)

    def close(self) -> None:
        """Close the connection."""
        self.client.close()

    def scripts_forgotten(self, relay: Relay, write: Write) -> None:
        """Let Redis forget all scripts before a write."""
        self.client.script_flush()
        honest(relay, write)

    def full(self, relay: Relay, write: Write) -> None:
        """Let Redis have no memory left until it has executed the commands before a wait."""
        with self._without_memory():
            relay.send(write.commands)
            replies = relay.replies(write.answers)
            for _ in range(write.answers_before_wait):
                relay.answer(next(replies))
            if write.answers_before_wait < write.answers:
                self._until_it_waits(relay)
        for reply in replies:
            relay.answer(reply)

    def reset_while_it_waits(self, relay: Relay, write: Write) -> None:
        """Reset the connection while Redis waits for it; a write without a wait, or with one that is over, loses its
        answers.
        """
        relay.send(write.commands)
        replies = relay.replies(write.answers)
        for _ in range(write.answers_before_wait):
            relay.answer(next(replies))
        if write.answers_before_wait < write.answers:
            self._until_it_waits(relay)
        relay.cut()

    @contextmanager
    def _without_memory(self) -> Iterator[None]:
        self.client.config_set("maxmemory", 1)
        try:
            yield
        finally:
            self.client.config_set("maxmemory", 0)

    def _until_it_waits(self, relay: Relay) -> None:
        for _ in range(LOOKS):
            listed = self.client.execute_command("CLIENT", "LIST", "ID", relay.connection_id)
            if relay.has_reply() or b" flags=b " in listed or not listed:
                return
            select.select([], [], [], LOOK_SECONDS)


def wire_faults(store: StoreFaults, seconds: float) -> dict[str, Fault]:
    """Return all faults by name; answers that are late come after `seconds`."""
    return {
        "answer lost": answer_lost,
        "last answer lost": last_answer_lost,
        "not executed": not_executed,
        "reset while it waits": store.reset_while_it_waits,
        "answer late": late(seconds),
        "silent": silent,
        "deaf": deaf,
        "full": store.full,
        "read-only": read_only,
        "scripts forgotten": store.scripts_forgotten,
        "moved": moved,
    }
