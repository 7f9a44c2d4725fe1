"""Held sends: messages of a consumer are delivered when it returns or raises, in call order.

An outbox belongs to one run of one consumer. The code that runs the consumer makes it, installs it with `holding()` and
takes the held sends; `Channel.send` and `Group.send` find it through a context variable. Contexts are copied into tasks
and threads that may outlive the run, so a send after the end is not held: it is passed to the layer at once.
"""

from contextvars import ContextVar, Token
from threading import Lock
from typing import Any

from towpath.layers.codec import check_content
from towpath.layers.contract import ChannelLayer, Content, Delayed, Envelope, GroupSend, Send

from .configured import AnyLayer, raw_layer

_current: "ContextVar[Outbox | None]" = ContextVar("towpath_outbox", default=None)


class Outbox:
    """Collects the sends of one run: `sends` for its own layer, `foreign` for all others, and delayed messages."""

    __slots__ = ("_is_closed", "_lock", "foreign", "has_sent_at_once", "layer", "sends")

    def __init__(self, layer: AnyLayer) -> None:
        self.layer = raw_layer(layer)
        self.sends: list[Send] = []
        self.foreign: dict[ChannelLayer, list[Send | Delayed]] = {}
        #: Something was sent to a channel without being held.
        self.has_sent_at_once = False
        self._lock = Lock()
        self._is_closed = False

    def holding(self) -> "Holding":
        """Return a context manager that makes this the current outbox inside, and closes it at the end."""
        return Holding(self)

    def hold(self, layer: AnyLayer, send: Send) -> bool:
        """Keep a send until the run ends; False means that it has ended and the caller sends itself."""
        raw = raw_layer(layer)
        with self._lock:
            if self._is_closed:
                return False
            if raw is self.layer:
                self.sends.append(send)
            else:
                self.foreign.setdefault(raw, []).append(send)
            return True

    def hold_delayed(self, layer: AnyLayer, send: Delayed) -> bool:
        """Hold a delayed message until the end of the run; False as with `hold`."""
        with self._lock:
            if not self._is_closed:
                self.foreign.setdefault(raw_layer(layer), []).append(send)
            return not self._is_closed

    def close(self) -> None:
        """Accept no more sends; the owner takes those that are held."""
        with self._lock:
            self._is_closed = True


class Holding:
    """The time in which an outbox is the current one."""

    __slots__ = ("_outbox", "_token")
    _token: "Token[Outbox | None]"

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def __enter__(self) -> Outbox:
        self._token = _current.set(self._outbox)
        return self._outbox

    def __exit__(self, *raised: object) -> None:
        _current.reset(self._token)
        self._outbox.close()


def note_immediate_send() -> None:
    """Note in the current outbox, if there is one, that something was sent to a channel without being held."""
    outbox = _current.get()
    if outbox is not None:
        outbox.has_sent_at_once = True


def hold(layer: AnyLayer, send: Send | Delayed) -> bool:
    """Hold a checked send in the current outbox; False if there is none."""
    outbox = _current.get()
    if outbox is None:
        return False
    return outbox.hold_delayed(layer, send) if isinstance(send, Delayed) else outbox.hold(layer, send)


def hold_channel_send(layer: AnyLayer, channel: str, content: Content) -> bool:
    """Hold a send to a channel in the current outbox; False if there is none.

    Raises:
        EncodeError: `content` is not a dict of values that can be encoded.
    """
    outbox = _current.get()
    if outbox is None:
        return False
    check_content(content)
    return outbox.hold(layer, Envelope(channel, snapshot(content)))


def hold_group_send(layer: AnyLayer, group: str, content: Content, exclude: tuple[str, ...] = ()) -> bool:
    """Hold a send to a group in the current outbox; False if there is none.

    Raises:
        EncodeError: `content` is not a dict of values that can be encoded.
    """
    outbox = _current.get()
    if outbox is None:
        return False
    check_content(content)
    return outbox.hold(layer, GroupSend(group, snapshot(content), exclude=exclude))


def snapshot(content: Content) -> Content:
    """Copy a checked message so that its sender may change its own containers afterwards."""
    return {key: _copy(value) if isinstance(value, (dict, list, tuple)) else value for key, value in content.items()}


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copy(item) for item in value]
    return value
