"""Handshakes whose consumer has returned without an answer: refused at once, with an error that names the consumer.

A consumer whose handshake other code answers raises ResponseLater, or sends the name of the reply channel on.
"""

import logging
from collections.abc import Iterable

from towpath.channels import Message, Outbox
from towpath.layers.client_log import ClientLog
from towpath.layers.contract import Delayed, GroupSend, Send
from towpath.routing import Match, name_of
from towpath.routing.unrouted import shown_path

from .refusals import refusal

unanswered = ClientLog(logging.getLogger(__name__))

#: The status of a mistake of the application's.
STATUS = 500


def refuse_unanswered(match: Match, message: Message, outbox: Outbox) -> None:
    """Refuse the handshake `message` unless its consumer has answered it, or may have let other code answer it."""
    reply_channel = message.reply_channel
    if reply_channel is None or outbox.has_sent_at_once:
        return
    sends = [*outbox.sends, *(send for held in outbox.foreign.values() for send in held)]
    if _may_be_answered(reply_channel.name, sends):
        return
    reason = (
        f"{name_of(match.consumer)} has not answered the WebSocket handshake of {shown_path(message)}, which is "
        "refused: send {'accept': True} to message.reply_channel, or raise DenyConnection; if other code answers it "
        "later, raise ResponseLater"
    )
    unanswered.log(logging.ERROR, reason)
    reply_channel.send(refusal(STATUS, reason))


def _may_be_answered(reply_channel: str, sends: Iterable[Send | Delayed]) -> bool:
    """Return whether a send is the answer, or contains the name of the reply channel."""
    return any(
        send.channel == reply_channel or reply_channel in _texts(send.content)
        for send in sends
        if not isinstance(send, GroupSend)
    )


def _texts(content: object) -> Iterable[str]:
    """Yield all strings in the value of a message."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for value in content.values():
            yield from _texts(value)
    elif isinstance(content, list | tuple):
        for value in content:
            yield from _texts(value)
