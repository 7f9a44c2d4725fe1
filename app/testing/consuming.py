"""One message taken from a layer and consumed in the test's own thread, by the code that workers run."""

from typing import NamedTuple
from weakref import WeakKeyDictionary

from towpath.channels import Message, Outbox
from towpath.channels.configured import ConfiguredLayer
from towpath.channels.transactions import commit_ended_blocks
from towpath.handler import ViewConsumer
from towpath.layers.contract import Envelope, Reader, Settlement
from towpath.layers.names import is_inbox
from towpath.routing import Match, Router
from towpath.worker.run import Runner, RunOptions


class Consumed(NamedTuple):
    """The result of one message: the return value or error of its consumer, and the new session state.

    `error` is an unexpected exception with its traceback; those that the worker handles (ConsumeLater, a refusal) are
    not. `session_state` None: as before.
    """

    result: object
    error: BaseException | None
    session_state: bytes | None


class TrialRunner(Runner):
    """A worker's runner that keeps the consumer's return value or exception."""

    def __init__(self, layer: ConfiguredLayer, router: Router, reader: Reader) -> None:
        self.result: object = None
        self.error: BaseException | None = None
        super().__init__(layer, router, RunOptions(failed=self._keep), lambda settlement: settle(reader, settlement))

    def _call(self, match: Match, message: Message) -> None:
        try:
            self.result = match.consumer(message, **match.kwargs)
        finally:
            commit_ended_blocks()  # while the consumer's sends are held: it is one of them

    def _renew_connections(self) -> None:
        """Keep the connections: the test's transaction is in them."""

    def _refuse_unanswered(self, match: Match, message: Message, outbox: Outbox) -> None:
        """Leave an unanswered handshake to the test: the client's `check_accept` checks the answer."""

    def _keep(self, error: BaseException) -> None:
        self.error = error


def take(reader: Reader, channel: str) -> Envelope | None:
    """Take the next message of a channel that has not expired; None if there is none."""
    taken = reader.exchange([], {channel: 1}).taken
    return taken[0].envelope if taken else None


def consume(layer: ConfiguredLayer, reader: Reader, envelope: Envelope) -> Consumed:
    """Run the consumer of a message, and write its settlement."""
    runner = TrialRunner(layer, router_of(layer), reader)
    settlement = runner.run(envelope)
    settle(reader, settlement)
    return Consumed(runner.result, runner.error, settlement.session_state)


def settle(reader: Reader, settlement: Settlement) -> None:
    """Write the settlement of a run. Only inboxes take settlements: other reply channels get the replies alone."""
    is_settled = settlement.reply_channel is not None and is_inbox(settlement.reply_channel)
    reader.exchange([settlement if is_settled else Settlement(settlement.sends, again=settlement.again)], {})


class RoutedLayer(ConfiguredLayer):
    """A test's layer; tests of 1.x ask for its `router`, add routes to it, or replace it."""

    @property
    def router(self) -> Router:
        """The routes by which clients consume its messages."""
        return router_of(self)

    @router.setter
    def router(self, router: Router) -> None:
        _routers[self] = self.routing, router


_routers: "WeakKeyDictionary[ConfiguredLayer, tuple[object, Router]]" = WeakKeyDictionary()


def router_of(layer: ConfiguredLayer) -> Router:
    """Return a layer's routes as workers have them, with Django's views behind.

    Raises:
        RoutingError: its routing is wrong.
    """
    routing, router = _routers.get(layer, (None, None))
    if router is None or routing is not layer.routing:
        router = Router(layer.routing)
        router.check_default(http_consumer=ViewConsumer())
        _routers[layer] = layer.routing, router
    return router
