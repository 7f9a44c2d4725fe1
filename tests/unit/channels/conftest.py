"""A layer that records what is sent through it, and as strict as the contract about what it takes."""

import os
from collections.abc import Sequence
from typing import Any
from unittest.mock import Mock

import pytest
from django.conf import settings

from towpath.layers.administration import Administration
from towpath.layers.codec import check_content
from towpath.layers.contract import (
    ChannelLayer,
    Content,
    Delayed,
    Edge,
    Envelope,
    GroupSend,
    Reader,
    Scheduled,
    Send,
    Taken,
)
from towpath.layers.errors import ChannelFull
from towpath.layers.names import check_channel_name, check_group_name
from towpath.layers.operations.schedules import Fired

if not settings.configured and "DJANGO_SETTINGS_MODULE" not in os.environ:
    settings.configure()


class RecordingLayer(ChannelLayer):
    """Keeps `sent` and `later` in order, refuses channels in `full`, and keeps `members` of groups."""

    def __init__(self, capacity: int = 100) -> None:
        self.capacity = capacity
        self.expiry = 60
        self.group_expiry = 86400
        self.sent: list[Send] = []
        self.later: list[Delayed] = []
        self.full: set[str] = set()
        self.members: dict[str, set[str]] = {}

    def send(self, channel: str, message: Content) -> None:
        check_content(message)
        if check_channel_name(channel) in self.full:
            raise ChannelFull(channel)
        self.sent.append(Envelope(channel, message))

    def send_many(self, sends: Sequence[Send]) -> Sequence[Send]:
        refused: list[Send] = []
        for send in sends:
            check_content(send.content)
            (refused if isinstance(send, Envelope) and send.channel in self.full else self.sent).append(send)
        return refused

    def group_add(self, group: str, channel: str) -> None:
        self.members.setdefault(check_group_name(group), set()).add(check_channel_name(channel))

    def group_discard(self, group: str, channel: str) -> None:
        self.members.get(check_group_name(group), set()).discard(check_channel_name(channel))

    def group_channels(self, group: str) -> list[str]:
        return sorted(self.members.get(group, ()))

    def send_group(self, group: str, message: Content, exclude: Sequence[str] = ()) -> None:
        check_content(message)
        self.sent.append(GroupSend(check_group_name(group), message, exclude=tuple(exclude)))

    def receive(self, channels: Sequence[str], block: bool = False) -> Any:
        raise NotImplementedError

    def new_channel(self, pattern: str) -> str:
        raise NotImplementedError

    def flush(self) -> None:
        self.sent.clear()

    def global_statistics(self) -> dict[str, int]:
        return {}

    def channel_statistics(self, channel: str) -> dict[str, int | float]:
        return {}

    def drop_channel(self, channel: str) -> None:
        raise NotImplementedError

    def keep_turns(self, turns: Sequence[tuple[str, int]]) -> None:
        raise NotImplementedError

    def renew_leases(self, readers: Sequence[str]) -> None:
        raise NotImplementedError

    def lose(self, reader: str, taken: Sequence[Taken]) -> None:
        raise NotImplementedError

    def reap(self) -> None:
        raise NotImplementedError

    def send_later(self, sends: Sequence[Delayed]) -> Sequence[Delayed]:
        refused = [send for send in sends if send.channel in self.full]
        self.later += [send for send in sends if send not in refused]
        return refused

    def deliver_due(self) -> float | None:
        raise NotImplementedError

    def fire(self, scheduled: Scheduled) -> Fired:
        raise NotImplementedError

    def reader(self, channels: Sequence[str]) -> Reader:
        return Mock(spec=Reader)

    def edge(self) -> Edge:
        return Mock(spec=Edge)

    def administration(self) -> Administration:
        raise NotImplementedError

    def close(self) -> None:
        self.sent.clear()


@pytest.fixture
def layer() -> RecordingLayer:
    return RecordingLayer()


@pytest.fixture
def other_layer() -> RecordingLayer:
    return RecordingLayer()


@pytest.fixture
def backend_path() -> str:
    """The dotted path of a real layer class for CHANNEL_LAYERS."""
    return "towpath.layers.memory.MemoryChannelLayer"
