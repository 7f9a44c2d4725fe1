"""Group messages as replies: each is parsed, and its frame made, once for all members of a process."""

import logging

from ..counters import Count, Counters
from ..interfaces import GroupMessage
from .replies import BadReply, Reply, parse_reply

log = logging.getLogger(__name__)

#: In place of a message that is ignored.
NOTHING = Reply()


def shared_reply(message: GroupMessage, counters: Counters) -> Reply:
    """Return the reply that a group message is, for this member and all others."""
    try:
        reply = parse_reply(message.content)
    except BadReply as error:
        outcome = "ignored" if error.instead is None else "a close with 1011"
        log.error("A message of group %s is %s: %s", message.group, outcome, error)
        counters.add(Count.REPLIES_BAD, message.group)
        reply = error.instead or NOTHING
    message.shared = reply
    return reply
