"""One run of one consumer, from the message to its settlement. The only IO is the consumer's own."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from towpath.channels import Message, Outbox
from towpath.channels.configured import AnyLayer
from towpath.channels.delivery import deliver
from towpath.channels.stopping import worker_stopping
from towpath.handler.network import network_waits
from towpath.layers.contract import Envelope, Settlement
from towpath.layers.log_fields import current_subject
from towpath.layers.protocol import CONNECT
from towpath.routing import Match, Router, name_of

from .context import in_own_context
from .database import renew_connections
from .failed import sends_of_failed
from .offers import decline, is_offer
from .signals import announce, consumer_finished, consumer_started
from .unanswered import refuse_unanswered
from .verdicts import RETRIES_KEY, Verdict, judge, judge_unmatched

logger = logging.getLogger(__name__)

Callback = Callable[[str, Message], object]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How consumers are run. `callback` sees the channel and message of each, `sender` is the signals' sender.

    `failed` is called with unexpected exceptions of consumers; it has been logged. Tests raise it again. `stopping` is
    set when the worker has to stop: consumers without an end check it.
    """

    message_retries: int = 10
    callback: Callback | None = None
    sender: object = None
    failed: Callable[[BaseException], object] | None = None
    stopping: Event | None = None


class Runner:
    """Runs consumers for one worker. `run` returns a settlement and raises nothing, also if the consumer raises.

    `end_turn` is called with a settlement that must not wait for the consumer, for routes that are not ordered.
    """

    def __init__(
        self, layer: AnyLayer, router: Router, options: RunOptions, end_turn: Callable[[Settlement], None]
    ) -> None:
        self._layer = layer
        self._router = router
        self._options = options
        self._end_turn = end_turn

    def run(self, envelope: Envelope) -> Settlement:
        """Route and run a message; return its held sends, new connection state, and the end of its turn."""
        return in_own_context(self._run, envelope)

    def _run(self, envelope: Envelope) -> Settlement:
        worker_stopping.set(self._options.stopping)
        message = Message.from_envelope(envelope, self._layer)
        current_subject.set(message)
        outbox = Outbox(self._layer)
        verdict = None
        with outbox.holding():
            try:
                verdict = self._consume(message, envelope, outbox)
            except BaseException as error:  # SystemExit and KeyboardInterrupt of a consumer end no worker either
                verdict = self._judge(error, message, envelope)
        if outbox.foreign:
            _deliver_foreign(outbox)
        return _settlement(envelope, message, outbox, verdict)

    def _consume(self, message: Message, envelope: Envelope, outbox: Outbox) -> Verdict | None:
        if RETRIES_KEY in envelope.content and envelope.content[RETRIES_KEY] == self._options.message_retries:
            message.__doomed__ = True
        match = self._router.match(message)
        if match is None:
            return judge_unmatched(message)
        if not is_offer(message):
            return self._run_match(match, message, envelope, outbox)
        if not match.stream_uploads or not network_waits.enter():
            decline(message)
            return None
        try:
            return self._run_match(match, message, envelope, outbox)
        finally:
            network_waits.leave()

    def _run_match(self, match: Match, message: Message, envelope: Envelope, outbox: Outbox) -> Verdict | None:
        if not match.ordered and message.turn is not None:
            self._end_turn(Settlement([], envelope.reply_channel, message.turn))
            message.turn = None
        announce(consumer_started, self._options.sender, environ={})
        self._renew_connections()
        try:
            self._call(match, message)
        except BaseException as error:
            return self._judge(error, message, envelope)
        finally:
            announce(consumer_finished, self._options.sender)
            self._renew_connections()
        if envelope.channel == CONNECT:
            self._refuse_unanswered(match, message, outbox)
        return None

    def _refuse_unanswered(self, match: Match, message: Message, outbox: Outbox) -> None:
        refuse_unanswered(match, message, outbox)

    def _judge(self, error: BaseException, message: Message, envelope: Envelope) -> Verdict:
        verdict = judge(error, message, envelope, self._options.message_retries)
        if verdict.is_failed and self._options.failed is not None:
            self._options.failed(error)
        return verdict

    def _renew_connections(self) -> None:
        renew_connections()

    def _call(self, match: Match, message: Message) -> None:
        if self._options.callback is not None:
            self._options.callback(message.channel_name, message)
        match.consumer(message, **match.kwargs)


def _settlement(envelope: Envelope, message: Message, outbox: Outbox, verdict: Verdict | None) -> Settlement:
    sends = outbox.sends
    if verdict is not None and verdict.is_failed:
        sends = sends_of_failed(envelope, sends)
    if verdict is not None and verdict.again is not None:
        return Settlement(sends, again=verdict.again)  # the turn goes on with the message
    if not message.session_state_changed:
        return Settlement(sends, envelope.reply_channel, message.turn)
    if message.turn is None:
        logger.warning("Dropped the new connection state of a message on %s: no turn carries it", envelope.channel)
        return Settlement(sends, envelope.reply_channel)
    return Settlement(sends, envelope.reply_channel, message.turn, message.session_state or b"")


def _deliver_foreign(outbox: Outbox) -> None:
    """Send the messages for other layers; those that cannot be sent are logged."""
    for layer, sends in outbox.foreign.items():
        try:
            deliver(layer, sends)
        except Exception:
            logger.exception("Dropped up to %d held messages to %s", len(sends), name_of(layer))
