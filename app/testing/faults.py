"""Deliberate faults: losses, refusals, duplicates and delays of a channel's messages, one `with` block each.

They act in the layer's store, so they apply to every sender: the test, a view, a consumer, a client.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TypeVar

from towpath.layers.operations.queues import Push

#: Executes an operation in the store.
Execute = Callable[[Push], object]


class Fault(ABC):
    """A fault on the channels that `pattern`, a glob, matches; `count` is the number of messages it was applied to."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.count = 0

    def push(self, push: Push, execute: Execute) -> object:
        """Apply the fault; return the number of messages that the sender sees accepted."""
        self.count += len(push.bodies)
        return self._push(push, execute)

    @abstractmethod
    def _push(self, push: Push, execute: Execute) -> object:
        """Apply the fault, and answer as the store would."""


class Dropped(Fault):
    """Messages are accepted and lost."""

    def _push(self, push: Push, execute: Execute) -> object:
        return len(push.bodies)


class Refused(Fault):
    """The channel is full: its statistics count it, senders get `ChannelFull`, requests 503."""

    def _push(self, push: Push, execute: Execute) -> object:
        return execute(replace(push, capacity=0))


class Doubled(Fault):
    """Each message is queued twice, as if a second worker had it too."""

    def _push(self, push: Push, execute: Execute) -> object:
        bodies = [body for body in push.bodies for _ in range(2)]
        execute(replace(push, bodies=bodies, capacity=2 * push.capacity))
        return len(push.bodies)


class Held(Fault):
    """Messages are held until they are released."""

    def __init__(self, pattern: str) -> None:
        super().__init__(pattern)
        self._held: list[tuple[Push, Execute]] = []

    def release(self) -> None:
        """Deliver the held messages, in the order in which they were sent."""
        held, self._held = self._held, []
        for push, execute in held:
            execute(push)

    def _push(self, push: Push, execute: Execute) -> object:
        self._held.append((push, execute))
        return len(push.bodies)


AnyFault = TypeVar("AnyFault", bound=Fault)


class Faults:
    """The faults of one layer. Patterns are globs over names of channels; of several that fit, the innermost acts."""

    def __init__(self) -> None:
        self._active: list[Fault] = []

    @contextmanager
    def drop(self, pattern: str) -> Iterator[Fault]:
        """Lose messages silently."""
        with self._acting(Dropped(pattern)) as fault:
            yield fault

    @contextmanager
    def full(self, pattern: str) -> Iterator[Fault]:
        """Make channels full."""
        with self._acting(Refused(pattern)) as fault:
            yield fault

    @contextmanager
    def duplicate(self, pattern: str) -> Iterator[Fault]:
        """Deliver each message twice."""
        with self._acting(Doubled(pattern)) as fault:
            yield fault

    @contextmanager
    def delay(self, pattern: str) -> Iterator[Held]:
        """Hold messages back until `release()`, or the end of the block."""
        with self._acting(Held(pattern)) as fault:
            try:
                yield fault
            finally:
                fault.release()

    def find(self, channel: str) -> Fault | None:
        """Return the fault that acts on a channel, or None."""
        return next((fault for fault in reversed(self._active) if fnmatchcase(channel, fault.pattern)), None)

    @contextmanager
    def _acting(self, fault: AnyFault) -> Iterator[AnyFault]:
        if not isinstance(fault.pattern, str):
            raise TypeError(f"a fault takes the name of a channel, or a glob over names, not {fault.pattern!r}")
        self._active.append(fault)
        try:
            yield fault
        finally:
            self._active.remove(fault)
