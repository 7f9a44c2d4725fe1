"""A memory layer whose reader records and can fail, and an inbox to see what connections would get."""

import asyncio
import os
from collections import deque

import django
import pytest
from django.apps import apps
from django.conf import settings

from towpath.layers import Envelope, Received, Taken
from towpath.layers.memory import MemoryChannelLayer
from towpath.layers.operations.delays import DELAY_CHANNEL
from towpath.routing import Router
from towpath.worker import verdicts
from towpath.worker.failure_log import FailureLog

if not settings.configured and "DJANGO_SETTINGS_MODULE" not in os.environ:
    settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})


if not apps.ready and "DJANGO_SETTINGS_MODULE" not in os.environ:
    django.setup(set_prefix=False)


@pytest.fixture(autouse=True)
def fresh_failure_log(monkeypatch):
    """Count errors of each test alone."""
    monkeypatch.setattr(verdicts, "failures", FailureLog())


class RecordingReader:
    """A real reader that records calls. `troubles` of its layer are raised, or returned, instead of an exchange."""

    def __init__(self, reader, layer):
        self.name = reader.name
        self._reader = reader
        self._layer = layer
        self.exchanges = []
        self.requeued = []
        self.is_closed = False

    def exchange(self, settlements, limits, block_seconds=0):
        self.exchanges.append((list(settlements), dict(limits)))
        if self._layer.troubles:
            trouble = self._layer.troubles.popleft()
            if isinstance(trouble, BaseException):
                raise trouble
            if isinstance(trouble, Received):
                return trouble
        return self._reader.exchange(settlements, limits, block_seconds)

    @property
    def number(self):
        return self._reader.number

    @property
    def is_ended(self):
        return self._reader.is_ended

    def requeue(self, taken):
        if self._layer.requeue_trouble is not None:
            raise self._layer.requeue_trouble
        self.requeued += taken
        return self._reader.requeue(taken)

    def adopt(self, other):
        self._reader.adopt(other._reader)

    def withdraw_requeue(self):
        self._reader.withdraw_requeue()

    def wake(self):
        if self._layer.wake_trouble is not None:
            raise self._layer.wake_trouble
        self._reader.wake()

    def close(self):
        self.is_closed = True
        self._reader.close()
        if self._layer.close_trouble is not None:
            raise self._layer.close_trouble


class RecordingLayer(MemoryChannelLayer):
    """A memory layer that hands out recording readers, and records which turns were kept."""

    def __init__(self, **options):
        super().__init__(**options)
        self.troubles = deque()
        self.requeue_trouble = self.wake_trouble = self.close_trouble = self.keep_trouble = None
        self.readers = []
        self.kept = []

    def reader(self, channels):
        if DELAY_CHANNEL in channels:  # the clock's: what a test asks for is meant for the workers
            return super().reader(channels)
        self.readers.append(RecordingReader(super().reader(channels), self))
        return self.readers[-1]

    def keep_turns(self, turns):
        self.kept.append(list(turns))
        if self.keep_trouble is not None:
            raise self.keep_trouble
        super().keep_turns(turns)


class Connections:
    """The replies of connections as an interface server would read them."""

    def __init__(self, layer):
        self.layer = layer
        self.edge = layer.edge()
        asyncio.run(self.edge.open())

    def send(self, channel, local="c", turn=1, session_state=None, **content):
        """Send a connection's event."""
        self.edge.opened(local)
        content = {"reply_channel": self.edge.inbox + local, **content}
        assert not self.layer.send_many([Envelope(channel, content, turn, session_state)])

    def receive(self):
        """Return the inbox events that are there; something has to be."""
        return list(asyncio.run(self.edge.receive()))


@pytest.fixture
def layer():
    return RecordingLayer()


@pytest.fixture
def connections(layer):
    return Connections(layer)


@pytest.fixture
def routed():
    """Return a function that makes a router of `{channel: consumer}`."""
    return lambda **routes: Router({name.replace("_", "."): consumer for name, consumer in routes.items()})


@pytest.fixture
def taken():
    """Return a function that makes a message as a reader delivers it."""
    return lambda channel, turn=None, session_state=None, **content: Taken(
        Envelope(channel, content, turn, session_state), b"raw"
    )
