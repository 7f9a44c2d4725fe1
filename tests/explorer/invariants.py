"""The invariants: of the events of a connection, checked with each step; and of quiescent states."""

from dataclasses import dataclass
from typing import NamedTuple

from towpath.layers.protocol import DISCONNECT

from .server_parts import Lost
from .store import Effect, Sent

#: Number of a connection's `websocket.disconnect`; its other events are numbered by their turns, from 1.
LAST = 0


@dataclass(frozen=True)
class Began:
    """A consumer began to run for a message."""

    worker: str
    message: Sent


@dataclass(frozen=True)
class Finished:
    """The consumer of a worker has returned. `is_again`: it raised ConsumeLater."""

    worker: str
    is_again: bool


@dataclass(frozen=True)
class Lapsed:
    """The lease of a worker expired: from now on, other events may overlap with the consumer that it runs."""

    worker: str


@dataclass(frozen=True)
class Killed:
    """A worker was killed."""

    worker: str


Event = Began | Finished | Lapsed | Killed | Effect | Lost


class History(NamedTuple):
    """The hihistory of the events of a connection; a set of their numbers is an int, one bit for each.

    `running` has the number, the worker, and whether the lease of the worker has expired since the event began.
    """

    accepted: int = 0
    begun: int = 0
    finished: int = 0
    counted: int = 0
    lost: int = 0
    latest: int = LAST
    attempt: int = 0
    running: tuple[tuple[int, str, bool], ...] = ()


Histories = tuple[tuple[str, History], ...]


class Violated(Exception):
    """Raised when an invariant is violated."""


def told(histories: Histories, event: Event) -> tuple[Histories, bool]:
    """Return the hihistories after an event, and whether it is the one overlap that cannot be prevented.

    An event may begin while an earlier one runs on a worker whose lease has expired since that one began.

    Raises:
        Violated: an invariant is violated.
    """
    found = dict(histories)
    is_excepted = False
    if isinstance(event, Began):
        history = found.get(event.message.local, History())
        is_excepted = bool(history.running)
        found[event.message.local] = _began(history, event)
    elif isinstance(event, Effect):
        for message in event.messages:
            history = found.get(message.local, History())
            found[message.local] = (
                _accepted(history, message) if event.kind == "accepted" else _counted(history, message)
            )
    elif isinstance(event, Lost):
        number = LAST if event.channel == DISCONNECT else event.turn
        found[event.local] = _lost(found.get(event.local, History()), Sent(event.local, number, 0))
    else:
        found = {local: _worked(history, event) for local, history in found.items()}
    return tuple(sorted(found.items())), is_excepted


def _began(history: History, event: Began) -> History:
    message = event.message
    bit = 1 << message.number
    name = _name(message)
    if history.lost & bit:
        raise Violated(f"{name} began after it was reported lost")
    for number, _, is_lapsed in history.running:
        if not is_lapsed:
            raise Violated(f"{name} began while {_name(Sent(message.local, number, 0))} ran")
    if history.begun & 1 << LAST:
        raise Violated(f"{name} began after websocket.disconnect of {message.local}")
    is_again = message.number == history.latest and message.attempt == history.attempt + 1
    if history.begun & bit and not is_again:
        raise Violated(f"{name} ran twice")
    if message.number != LAST and message.number < history.latest:
        raise Violated(f"{name} began after turn {history.latest}")
    return history._replace(
        begun=history.begun | bit,
        latest=message.number,
        attempt=message.attempt,
        running=(*history.running, (message.number, event.worker, False)),
    )


def _accepted(history: History, message: Sent) -> History:
    return history._replace(accepted=history.accepted | 1 << message.number)


def _counted(history: History, message: Sent) -> History:
    bit = 1 << message.number
    if history.counted & bit:
        raise Violated(f"{_name(message)} was counted as lost twice")
    return _lost(history._replace(counted=history.counted | bit), message)


def _lost(history: History, message: Sent) -> History:
    for number, _, is_lapsed in history.running:
        if number == message.number and not is_lapsed:
            raise Violated(f"{_name(message)} was reported lost while it ran")
    return history._replace(lost=history.lost | 1 << message.number)


def _worked(history: History, event: Finished | Lapsed | Killed) -> History:
    running = history.running
    if all(worker != event.worker for _, worker, _ in running):
        return history
    if isinstance(event, Lapsed):
        running = tuple((number, worker, is_lapsed or worker == event.worker) for number, worker, is_lapsed in running)
        return history._replace(running=running)
    ended = [number for number, worker, _ in running if worker == event.worker]
    finished = 0
    if isinstance(event, Finished) and not event.is_again:
        finished = sum(1 << number for number in ended)
    return history._replace(
        finished=history.finished | finished, running=tuple(each for each in running if each[1] != event.worker)
    )


def violated_at_rest(histories: Histories, is_strict: bool) -> list[str]:
    """Return the invariants that are violated in a quiescent state. `is_strict`: no message may be lost."""
    found = []
    for local, history in histories:
        missing = history.accepted & ~(history.finished | history.counted)
        names = [_name(Sent(local, number, 0)) for number in range(missing.bit_length()) if missing >> number & 1]
        found += [f"{name} was neither run nor counted as lost" for name in names]
        if is_strict and history.lost:
            found.append(f"events of {local} were reported lost, though no fault explains a loss")
        was_opened = history.accepted & 1 << 1
        if was_opened and not history.accepted & 1 << LAST:
            found.append(f"websocket.disconnect of {local} never came")
        if history.running:
            found.append(f"a consumer of {local} runs for ever")
    return found


def _name(message: Sent) -> str:
    if message.number == LAST:
        return f"websocket.disconnect of {message.local}"
    attempt = f" (attempt {message.attempt + 1})" if message.attempt else ""
    return f"turn {message.number} of {message.local}{attempt}"
