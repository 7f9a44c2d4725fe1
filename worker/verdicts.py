"""Decides about a message whose consumer raised, or that no route matches.

| raised | settlement |
|---|---|
| ConsumeLater | the message again, same turn and state; after too many times a warning and the end of the turn |
| DenyConnection | on `websocket.connect` a refusal behind what was sent before; elsewhere an error. It is logged |
| ChannelSocketException | what its `run` sends; an error in there is logged |
| InvalidFrame | one line in the log, bounded and not too often; then as below |
| ResponseLater, RequestAborted | nothing: other code answers later, or the client has left |
| anything else | a traceback in the log; a request or handshake that is not answered yet is refused |

Except with ConsumeLater the turn ends, and held sends leave in any case. State that was set before ConsumeLater is
dropped: the consumer begins again from the same one.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from json import JSONDecodeError

from django.conf import settings

from towpath.channels import (
    ChannelSocketException,
    ConsumeLater,
    DenyConnection,
    InvalidFrame,
    Message,
    RequestAborted,
    ResponseLater,
)
from towpath.layers.client_log import ClientLog
from towpath.layers.codec import check_content
from towpath.layers.contract import Envelope
from towpath.layers.protocol import CONNECT
from towpath.routing.unrouted import NoRoute, shown_path

from .failed import ANSWERS
from .failure_log import FailureLog
from .refusals import refusal

logger = logging.getLogger(__name__)
#: Mistakes of clients; each kind has its own bound of log lines.
denied, unrouted, invalid_frames = ClientLog(logger), ClientLog(logger), ClientLog(logger)
failures = FailureLog()

#: Key of a message that counts how often it was put off.
RETRIES_KEY = "__retries__"
#: The status of a refusal that a consumer asks for.
FORBIDDEN = 403


@dataclass(frozen=True, slots=True)
class Verdict:
    """The action besides sending held messages and ending the turn.

    `again` keeps the turn: the message runs later. `is_failed`: the exception was unexpected, and the sender may still
    wait.
    """

    again: Envelope | None = None
    is_failed: bool = False


SETTLE = Verdict()
FAILED = Verdict(is_failed=True)


@dataclass(frozen=True, slots=True)
class Case:
    """A consumer's error with its message and run."""

    error: BaseException
    message: Message
    envelope: Envelope
    message_retries: int


def judge(error: BaseException, message: Message, envelope: Envelope, message_retries: int) -> Verdict:
    """Act on a consumer's exception. Called while its outbox is still held; raises nothing."""
    case = Case(error, message, envelope, message_retries)
    for kind, act in TABLE:
        if isinstance(error, kind):
            try:
                return act(case)
            except BaseException:
                logger.exception("Could not act on %r of a consumer of %s", error, message.channel_name)
                return FAILED
    return SETTLE


def judge_unmatched(message: Message) -> Verdict:
    """Log a message that no route matches, and refuse it if it is a WebSocket handshake."""
    unrouted.log(
        logging.ERROR,
        f"No route matches a message on {message.channel_name} (path {shown_path(message)}): it is dropped",
    )
    if message.channel_name == CONNECT:
        _refuse(message)
    return SETTLE


def _consume_later(case: Case) -> Verdict:
    message = case.message
    before = message.get(RETRIES_KEY)
    retries = 1 + (before if isinstance(before, int) else 0)
    if retries > case.message_retries:
        logger.warning("Dropped a message on %s: put off %d times", message.channel_name, case.message_retries)
        return FAILED if message.channel_name in ANSWERS else SETTLE  # a client waits
    content = {**message.content, RETRIES_KEY: retries}
    check_content(content)
    return Verdict(case.envelope._replace(content=content, turn=message.turn))


def _deny(case: Case) -> Verdict:
    if case.message.channel_name != CONNECT:
        raise ValueError(f"a connection is refused on {CONNECT} only; close it with WebsocketCloseException")
    level = logging.WARNING if isinstance(case.error, NoRoute) else logging.INFO
    lines = unrouted if isinstance(case.error, NoRoute) else denied
    reason = str(case.error) or f"its consumer raised {type(case.error).__name__}"
    told = f"Refused a WebSocket on {shown_path(case.message)}: {reason}"
    lines.log(level, told)
    reply = case.error.reply if isinstance(case.error, DenyConnection) else None
    if reply is None and settings.DEBUG:
        reply = refusal(FORBIDDEN, told)
    if reply is not None and case.message.reply_channel is not None:
        case.message.reply_channel.send(reply)  # what follows closes it, if it is open already
    _refuse(case.message)
    return SETTLE


def _act(case: Case) -> Verdict:
    if isinstance(case.error, ChannelSocketException):
        case.error.run(case.message)
    return SETTLE


def _nothing(case: Case) -> Verdict:
    logger.debug("%s on %s", type(case.error).__name__, case.message.channel_name)
    return SETTLE


def _invalid_frame(case: Case) -> Verdict:
    channel, path = case.message.channel_name, shown_path(case.message)
    invalid_frames.log(logging.WARNING, f"A client sent an invalid message on {channel} ({path}): {case.error}")
    return FAILED


def _log(case: Case) -> Verdict:
    error = case.error
    if isinstance(error, JSONDecodeError) and error.doc == case.message.get("text"):  # of a consumer's own json.loads
        return _invalid_frame(case)
    failures.log(error, case.message.channel_name)
    return FAILED


def _refuse(message: Message) -> None:
    if message.reply_channel is not None:
        message.reply_channel.send({"close": True})


#: The first matching row counts.
TABLE: tuple[tuple[type[BaseException], Callable[[Case], Verdict]], ...] = (
    (ConsumeLater, _consume_later),
    (DenyConnection, _deny),
    (ChannelSocketException, _act),
    (InvalidFrame, _invalid_frame),
    (ResponseLater, _nothing),
    (RequestAborted, _nothing),
    (BaseException, _log),
)
