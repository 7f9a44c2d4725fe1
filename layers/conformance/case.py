"""The base of all parts of the suite: the hooks of a subclass, and bounded waits."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar
from unittest import IsolatedAsyncioTestCase

from ..contract import ChannelLayer, Content, Edge, Reader, Received, Taken
from ..inbox_events import InboxEvent

Found = TypeVar("Found")

#: Seconds until a condition that does not come about is a failure; far above what any layer needs.
PATIENCE_SECONDS = 15.0
#: Seconds between two looks at a condition.
POLL_SECONDS = 0.005
#: Reading side: how long one exchange of a patient test blocks, in seconds.
BLOCK_SECONDS = 1.0


class LayerCase(IsolatedAsyncioTestCase):
    """A test with `self.layer`: an empty layer with the built-in options."""

    __test__: ClassVar[bool] = False

    #: Expiry of messages in the tests that wait for it, in seconds. Longer for a slow store or a busy machine.
    expiry_delay: ClassVar[float] = 1.0
    #: How many messages a channel holds in the tests that fill one.
    capacity_limit: ClassVar[int] = 5
    #: How many deliveries wait in one inbox before it refuses more; None skips the test that fills one.
    inbox_capacity: ClassVar[int | None] = 10_000

    layer: ChannelLayer

    def make_layer(self, **options: Any) -> ChannelLayer:
        """Return a new layer with these of the common options: expiry, group_expiry, capacity, channel_capacity,
        group_history, position_keys.

        All layers that one test makes are layers of one store, or each has its own; what tests share is emptied by
        `flush`.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how to make a layer")

    def setUp(self) -> None:
        self.layer = self.layer_with()

    def layer_with(self, **options: Any) -> ChannelLayer:
        """Return an empty layer with other options; it is closed at the end of the test."""
        layer = self.make_layer(**options)
        layer.flush()
        self.addCleanup(layer.close)
        self.addCleanup(layer.flush)
        return layer

    # Receiving

    def drain(self, channels: Sequence[str], layer: ChannelLayer | None = None) -> list[tuple[str, Content]]:
        """Take everything that is there now."""
        found: list[tuple[str, Content]] = []
        while True:
            channel, content = (layer or self.layer).receive(channels)
            if channel is None or content is None:
                return found
            found.append((channel, content))

    def contents(self, channel: str, layer: ChannelLayer | None = None) -> list[Content]:
        """Take the contents of everything that is in one channel."""
        return [content for _, content in self.drain([channel], layer)]

    # Reading

    def reader(self, *channels: str, layer: ChannelLayer | None = None) -> Reader:
        """Return a reader that is closed at the end of the test."""
        reader = (layer or self.layer).reader(channels)
        self.addCleanup(reader.close)
        return reader

    def take(self, reader: Reader, channel: str, limit: int = 100) -> Sequence[Taken]:
        """Take what one channel holds, without waiting."""
        return self.received(reader, channel, limit).taken

    def received(self, reader: Reader, channel: str, limit: int = 100) -> Received:
        """Exchange nothing for what one channel holds, without waiting."""
        return reader.exchange([], {channel: limit})

    # The edge

    async def edge(self, layer: ChannelLayer | None = None) -> Edge:
        """Return an open edge that is closed at the end of the test."""
        edge = (layer or self.layer).edge()
        await edge.open()
        self.addAsyncCleanup(edge.close)
        return edge

    async def events(self, edge: Edge, count: int) -> list[InboxEvent]:
        """Wait for at least `count` inbox events, and return all that have arrived."""
        found: list[InboxEvent] = []
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(found) < count:
            left = deadline - time.monotonic()
            self.assertGreater(left, 0, f"only {found} came, not {count} events")
            found += await asyncio.wait_for(edge.receive(), left)
        return found

    # Waiting

    def eventually(self, find: Callable[[], Found]) -> Found:
        """Call `find` until it returns something true, and return that."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (found := find()):
            self.assertLess(time.monotonic(), deadline, "what was waited for did not happen")
            time.sleep(POLL_SECONDS)
        return found

    def in_thread(self, run: Callable[[], object]) -> threading.Thread:
        """Run something in a thread that must have ended when the test is over; what it raises fails the test."""
        errors: list[BaseException] = []

        def guarded() -> None:
            try:
                run()
            except BaseException as error:
                errors.append(error)

        def ended() -> None:
            thread.join(PATIENCE_SECONDS)
            self.assertFalse(thread.is_alive(), "a thread of the test did not end")
            self.assertEqual(errors, [])

        thread = threading.Thread(target=guarded, daemon=True)
        self.addCleanup(ended)
        thread.start()
        return thread
