"""Events of one WebSocket on a memory layer, and what its consumers answered."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from towpath.channels import ConfiguredLayer, Message, Outbox, channel_layers
from towpath.layers.contract import Content, Envelope, GroupSend
from towpath.layers.memory import MemoryChannelLayer

REPLY_CHANNEL = "interface.one!1"


@pytest.fixture
def memory() -> Iterator[MemoryChannelLayer]:
    """A memory layer that is the project's default one."""
    layer = MemoryChannelLayer()
    before = channel_layers.set("default", ConfiguredLayer(layer))
    yield layer
    channel_layers.set("default", before)


@dataclass
class Socket:
    """One connection: `event(...)` runs a consumer, `replies` are what it sent, `group_sends` what groups got."""

    layer: MemoryChannelLayer
    state: bytes | None = None
    replies: list[Content] = field(default_factory=list)
    group_sends: list[tuple[str, Content]] = field(default_factory=list)

    def event(
        self, consumer: Callable[..., Any], kind: str, kwargs: dict[str, Any] | None = None, **content: Any
    ) -> Any:
        """Run a consumer as a worker does, with the state that the last event left."""
        content = {"reply_channel": REPLY_CHANNEL, "path": "/chat/", **content}
        message = Message(content, f"websocket.{kind}", self.layer, 1, self.state)
        outbox = Outbox(self.layer)
        try:
            with outbox.holding():
                return consumer(message, **(kwargs or {}))
        finally:
            self.state = message.session_state
            for send in outbox.sends:
                if isinstance(send, GroupSend):
                    self.group_sends.append((send.group, send.content))
                elif isinstance(send, Envelope):
                    assert send.channel == REPLY_CHANNEL
                    self.replies.append(send.content)


@pytest.fixture
def socket(memory: MemoryChannelLayer) -> Socket:
    return Socket(memory)
