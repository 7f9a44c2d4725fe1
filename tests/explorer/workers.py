"""The real `Worker` and reader, in steps: each ends at a call of the store, before a consumer, or in a consumer."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from towpath.layers.contract import Envelope, Settlement
from towpath.layers.exchange import BaseReader, Waiting
from towpath.layers.memory import MemoryChannelLayer
from towpath.layers.operations.operation import AnyOperation
from towpath.layers.operations.queues import Batch
from towpath.layers.protocol import CONNECT, DISCONNECT, RECEIVE
from towpath.worker import worker as worker_module
from towpath.worker.worker import Worker

from .frozen import freeze, thaw
from .store import RETRIES_KEY, Sent, sent
from .tape import Tape, outcome

CHANNELS = [CONNECT, DISCONNECT, RECEIVE]

#: Requests of a worker: a call of the store; a wait with its take; before a consumer; in it; a choice.
CALL, WAIT, BEGIN, RUN, OVERDUE = "call", "wait", "begin", "run", "overdue"
#: The answer to a wait that `stop` ends.
WOKEN = "woken"
#: Attributes of a reader that are kept between exchanges.
_READER = ("number", "_push_number", "_unsent", "_unanswered", "_counts", "_is_busy", "is_ended")

#: Local part and turn of a message whose consumer raises ConsumeLater at the first attempt.
Later = tuple[str, int]


class WorkerState(NamedTuple):
    """The state at the beginning of a batch (`head`, frozen), and the answers since.

    `term` counts from the beginning of the batch. Each answer carries the lease as it was when the answer came.
    `is_stopping`: it is the last batch. `is_closing`: there is no batch any more. `is_refused`: its lease was refused.
    """

    name: str
    head: Any
    is_held: bool = True
    term: int = 0
    answers: tuple[Any, ...] = ()
    is_stopping: bool = False
    is_closing: bool = False
    is_refused: bool = False


class TapedReader(BaseReader):
    """The real reader; a tape answers its calls."""

    def __init__(self, layer: "TapedLayer") -> None:
        super().__init__(CHANNELS, layer._codec, layer._sender)
        self._channels = list(CHANNELS)
        self._tape = layer.tape
        self._then: Waiting | None = None

    def wake(self) -> None:
        """Do nothing: the tape answers the wait."""

    def _execute(self, operations: Sequence[AnyOperation], then: Waiting | None = None) -> Sequence[object]:
        request = CALL, tuple(map(freeze, operations)), freeze(then and then.take)
        results: list[object] = outcome(self._tape.request(request)[0])
        self._then = then
        return results

    def _waited(self) -> Batch | None:
        then, self._then = self._then, None
        assert then is not None
        answer = self._tape.request((WAIT, (freeze(then.take),), None))[0]
        batch: Batch | None = None if answer == WOKEN else outcome(answer)[0]
        return batch


class TapedLayer(MemoryChannelLayer):
    """The real layer, with taped readers."""

    def __init__(self, tape: Tape, reader_type: type[TapedReader]) -> None:
        super().__init__()
        self.tape = tape
        self._reader_type = reader_type

    def reader(self, channels: Sequence[str]) -> TapedReader:
        """Return a taped reader."""
        return self._reader_type(self)


class TapedLease:
    """The lease at the time of the latest answer."""

    is_held = True
    term = 0
    is_refused = False


class TapedWorker(Worker):
    """The real worker; it stops before each consumer, too."""

    tape: Tape
    reader_type = TapedReader

    def _may_begin(self) -> bool:
        self.tape.request((BEGIN,))
        return super()._may_begin()


class _Routes:
    channels = CHANNELS


class _NoPauses:
    """An event that is never set; waits end at once."""

    def is_set(self) -> bool:
        """Return False."""
        return False

    def wait(self, seconds: float) -> bool:
        """Return at once."""
        return False


class _Consumers:
    """Consumers without code: a run stops, then returns its result."""

    def __init__(self, tape: Tape, later: Later | None) -> None:
        self._tape = tape
        self._later = later

    def run(self, envelope: Envelope) -> Settlement:
        """Stop in the consumer; return its held sends and the end of its turn."""
        self._tape.request((RUN, freeze(envelope)))
        if self.is_again(envelope):
            return Settlement(again=envelope._replace(content={**envelope.content, RETRIES_KEY: 1}))
        reply_channel = envelope.content["reply_channel"]
        replies = [Envelope(reply_channel, {"accept": True})] if envelope.channel == CONNECT else []
        return Settlement(list(replies), reply_channel, envelope.turn)

    def is_again(self, envelope: Envelope) -> bool:
        """Return whether the consumer raises ConsumeLater."""
        message = sent(envelope)
        return (message.local, message.number) == self._later and not message.attempt


class WorkerStates:
    """A worker that can be put into any state."""

    def __init__(self, batch: int, later: Later | None, worker_type: type[TapedWorker] = TapedWorker) -> None:
        """`batch` is the number of messages that are taken at once, at most."""
        self.tape = Tape()
        self._lease = TapedLease()
        self._batch = batch
        layer = TapedLayer(self.tape, worker_type.reader_type)
        self._worker = worker_type(layer, _Routes(), lease=self._lease)  # type: ignore[arg-type]
        self._worker.tape = self.tape
        self._consumers = _Consumers(self.tape, later)
        self._worker._runner = self._consumers  # type: ignore[assignment]
        self._worker._stopping = _NoPauses()  # type: ignore[assignment]
        self.tape.noted = self._note
        self._first = self._head()

    def new(self, name: str) -> WorkerState:
        """Return a worker that is about to take its first batch, with a lease."""
        return self.settled(WorkerState(name, self._first))

    def request(self, state: WorkerState) -> Any:
        """Return the request of a worker; None: it has no lease and nothing to write, or has ended."""
        return None if state.head is None or not state.answers else self._run(state)[0]

    def is_again(self, envelope: Any) -> bool:
        """Return whether the consumer of a frozen message raises ConsumeLater."""
        return self._consumers.is_again(thaw(envelope))

    def message(self, envelope: Any) -> Sent:
        """Return the message of a frozen envelope."""
        return sent(thaw(envelope))

    def answered(self, state: WorkerState, answer: Any) -> WorkerState:
        """Return the state after an answer to the request."""
        lease = state.is_held, state.term, state.is_refused
        return self.settled(state._replace(answers=(*state.answers, (answer, *lease))))

    def settled(self, state: WorkerState) -> WorkerState:
        """Proceed to the next batch, or to the end, if a batch has ended."""
        while True:
            if not state.answers:
                state = state._replace(term=0)
                begun = state._replace(answers=(("begin", state.is_held, 0, state.is_refused),))
            else:
                begun = state
            request, head = self._run(begun)
            if request is not None:
                return begun
            state = state._replace(head=head, term=0, answers=())
            if state.is_closing:
                return state._replace(head=None)
            if state.is_stopping or self._worker._is_over:
                state = state._replace(is_closing=True)
            elif not (state.is_held or state.is_refused):
                return state

    def lapsed(self, state: WorkerState) -> list[WorkerState]:
        """Return the states after the lease of the worker has expired, of which the worker is aware."""
        found = [state._replace(is_held=False)]
        if len(state.answers) == 1:  # or it checks its lease only now
            found.append(self.settled(state._replace(is_held=False, answers=())))
        return found

    def renewed(self, state: WorkerState) -> list[WorkerState]:
        """Return the state after an expired lease was renewed."""
        state = state._replace(is_held=True, term=state.term + 1)
        return [state if state.answers else self.settled(state)]

    def refused(self, state: WorkerState) -> list[WorkerState]:
        """Return the states after the lease was refused; a wait ends with a message, or when its time is over."""
        state = state._replace(is_held=False, is_refused=True)
        if not state.answers:
            return [self.settled(state)]
        request = self.request(state)
        return [state, self.answered(state, WOKEN)] if request is not None and request[0] == WAIT else [state]

    def stopping(self, state: WorkerState) -> list[WorkerState]:
        """Return the state after `stop`."""
        state = state._replace(is_stopping=True)
        if not state.answers:
            return [self.settled(state._replace(is_closing=True))]
        request = self.request(state)
        return [self.answered(state, WOKEN) if request is not None and request[0] == WAIT else state]

    def _run(self, state: WorkerState) -> tuple[Any, Any]:
        self._put(state)
        code = self._worker._close if state.is_closing else self._worker.run_batch
        request = self.tape.run(self._code(code), state.answers)
        return request, None if request is not None else self._head()

    def _code(self, run: Callable[[], None]) -> Callable[[], None]:
        def code() -> None:
            self.tape.request((BEGIN,))
            run()

        return code

    def _put(self, state: WorkerState) -> None:
        worker, reader = self._worker, self._worker._reader
        settlement, is_away, values, is_registered = thaw(state.head)
        worker._settlements, worker._is_away = settlement, is_away
        worker._term = -1
        worker._is_over = False
        for name, value in zip(_READER, values, strict=True):
            setattr(reader, name, value)
        reader._register_at = math.inf if is_registered else 0.0
        reader.name = worker.in_flight.name = state.name
        reader._channels = list(CHANNELS)
        worker._batching.limits = dict.fromkeys(CHANNELS, self._batch)

    def _head(self) -> Any:
        worker, reader = self._worker, self._worker._reader
        values = [getattr(reader, name) for name in _READER]
        return freeze([worker._settlements, worker._is_away, values, reader._register_at > 0])

    def _note(self, answer: tuple[Any, bool, int, bool]) -> None:
        _, self._lease.is_held, self._lease.term, self._lease.is_refused = answer


@contextmanager
def overdue_by_choice(states: "WorkerStates") -> Iterator[None]:
    """Let the explorer, not a clock, choose whether the rest of a batch is requeued."""
    original = worker_module.is_overdue
    worker_module.is_overdue = lambda *seconds: states.tape.request((OVERDUE,))[0]
    try:
        yield
    finally:
        worker_module.is_overdue = original
