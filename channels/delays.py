"""Sends that are due later: `Channel.send(content, delay=timedelta)`."""

from datetime import timedelta

from towpath.layers.codec import check_content
from towpath.layers.contract import Content, Delayed
from towpath.layers.errors import ChannelFull

from .configured import AnyLayer
from .outbox import hold, note_immediate_send, snapshot
from .transactions import open_transaction, send_at_commit

#: The longest delay a layer keeps: a year.
MAX_DELAY = timedelta(days=366)


def send_later(layer: AnyLayer, channel: str, content: Content, delay: timedelta, immediately: bool) -> None:
    """Let the layer keep a message until it is due; the send is held as any other, unless it is sent `immediately`.

    Raises:
        TypeError: `delay` is not a timedelta.
        ValueError: it is below 0 or longer than `MAX_DELAY`.
        ChannelFull: too many messages wait for their time on this channel, and the send was not held.
    """
    check_content(content)
    send = Delayed(channel, snapshot(content), _seconds(delay))
    transaction = None if immediately else open_transaction()
    if immediately:
        note_immediate_send()
    if transaction is not None:
        send_at_commit(transaction, layer, send)
    elif (immediately or not hold(layer, send)) and layer.send_later([send]):
        raise ChannelFull(f"too many messages wait for their time on channel {channel!r}")


def _seconds(delay: object) -> float:
    if not isinstance(delay, timedelta):
        raise TypeError(f"delay is a timedelta, such as timedelta(seconds=30), not {delay!r}")
    if not timedelta() <= delay <= MAX_DELAY:
        raise ValueError(f"delay is a timedelta from 0 to {MAX_DELAY.days} days, not {delay!r}")
    return delay.total_seconds()
