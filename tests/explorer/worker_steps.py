"""The next steps of workers."""

from collections.abc import Iterator
from typing import Any

from towpath.layers.operations.leases import Lease, LeaseState

from .calls import Outcome
from .context import STORE, WORKERS, Context, Label, State, Step, changed, joined
from .faults import Fault
from .frozen import freeze
from .invariants import Began, Finished, Killed, Lapsed
from .store import TIMES, lease_over
from .workers import BEGIN, CALL, OVERDUE, RUN, WAIT, WorkerState

#: The answers to requests of a worker that are not calls of the store, each with its text in traces.
_CHOICES = {
    BEGIN: (("proceeds to the next message", "go"),),
    RUN: (("ends its consumer", "done"),),
    OVERDUE: (("took longer than expected", True), ("was fast", False)),
}


class WorkerSteps:
    """Steps of the workers of one scenario."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._calls = context.calls
        self._states = context.parts.workers
        self._requests: dict[int, Any] = {}
        self._answered: dict[tuple[int, Any], tuple[int, tuple[int, ...], bool]] = {}
        self._changes: dict[tuple[str, int], tuple[int, ...]] = {}
        self._replaced: dict[tuple[int, str], tuple[int, int]] = {}

    def first(self, state: State, names: list[str]) -> State:
        """Return the state with workers that wait for messages."""
        for name in names:
            content, _, _ = self._calls.execute(state[STORE], (freeze(Lease(name, TIMES)),))
            state = (*changed(state, STORE, content), self._context.workers.number(self._states.new(name)))
            state = next(self._going_on(state, len(state) - 1, False)).state
        return state

    def steps(self, state: State, with_faults: bool) -> Iterator[Step]:
        """Yield the next steps of all workers."""
        for place in range(WORKERS, len(state)):
            worker: WorkerState = self._context.workers[state[place]]
            if not (worker.is_held or worker.is_refused):
                yield from self._beat(state, place, worker)
            request = self.request(state[place])
            if request is not None:
                for step in self._going_on(state, place, with_faults):
                    yield from self._at_once(step, place, request[0], with_faults)
            if with_faults:
                yield from self._faults(state, place, worker, request)

    def request(self, number: int) -> Any:
        """Return the request of a worker: a call, with numbers of lists; or the possible answers to another request."""
        if number not in self._requests:
            request = self._states.request(self._context.workers[number])
            if request is not None and request[0] in (CALL, WAIT):
                _, operations, then = request
                waited = None if then is None else self._calls.lists.number((then,))
                request = request[0], self._calls.lists.number(operations), waited
            elif request is not None:
                request = request[0], _CHOICES[request[0]]
            self._requests[number] = request
        return self._requests[number]

    def _going_on(self, state: State, place: int, with_faults: bool) -> Iterator[Step]:
        """Yield the next steps of one worker, without faults of the worker itself."""
        request = self.request(state[place])
        if request is None:
            return
        name = self._context.workers[state[place]].name
        if request[0] == CALL:
            found = self._calls.outcomes(state[STORE], request[1], with_faults, request[2])
        elif request[0] == WAIT:
            found = self._calls.found(state[STORE], request[1], with_faults)
        else:
            for label, answer in request[1]:
                yield self._went_on(state, place, answer, (name, label))
            return
        for outcome in found:
            yield self._called(state, place, outcome, (name, request[0], request[1], outcome))

    def _at_once(self, step: Step, place: int, before: str | None, with_faults: bool) -> Iterator[Step]:
        """Join a step with those that may follow it at once without a loss of generality.

        A consumer begins in the step that takes its message: between the two, only a fault of the worker itself has
        effects that do not show while the consumer runs. The settlement is written in the step that ends the consumer:
        a fault of the worker between the two is equivalent to a fault while the consumer runs.
        """
        number = step.state[place]
        request = self.request(number)
        kind = request[0] if request is not None else None
        worker: WorkerState = self._context.workers[number]
        is_before_run = kind == BEGIN and worker.is_held
        is_after_run = before in (RUN, OVERDUE) and kind in (CALL, OVERDUE)
        if step.fault or step.broken or not (is_before_run or is_after_run) or self._context.scenario.is_detailed:
            yield step
            return
        for following in self._going_on(step.state, place, with_faults):
            for last in self._at_once(following, place, kind, with_faults):
                yield joined(step, last)
        if is_before_run and with_faults:
            for fault in self._faults(step.state, place, worker, request):
                yield joined(step, fault)

    def _called(self, state: State, place: int, outcome: Outcome, label: Label) -> Step:
        state = self._context.sent(changed(state, STORE, outcome.store), outcome.late)
        return self._went_on(state, place, outcome.answer, label, outcome.effects, outcome.fault)

    def _went_on(
        self,
        state: State,
        place: int,
        answer: Any,
        label: Label,
        effects: tuple[int, ...] = (),
        fault: Fault | None = None,
    ) -> Step:
        key = state[place], answer
        found = self._answered.get(key)
        if found is None:
            found = self._answered[key] = self._answer(*key)
        number, events, is_ended = found
        state = self._restarted(state, place, number) if is_ended else changed(state, place, number)
        return self._context.step(fault, state, (*effects, *events), label)

    def _answer(self, number: int, answer: Any) -> tuple[int, tuple[int, ...], bool]:
        before: WorkerState = self._context.workers[number]
        request = self._states.request(before)
        after = self._states.answered(before, self._calls.answers[answer] if request[0] in (CALL, WAIT) else answer)
        found: list[Any] = []
        if request[0] == RUN:
            found.append(Finished(before.name, self._states.is_again(request[1])))
        follows = self._states.request(after)
        if follows is not None and follows[0] == RUN:
            found.append(Began(before.name, self._states.message(follows[1])))
        events = (self._calls.events.number(tuple(found)),) if found else ()
        return self._context.workers.number(after), events, after.head is None

    def _restarted(self, state: State, place: int, number: int) -> State:
        """Return the state after a worker has ended: its lease expires, unless it has retired; another is started."""
        worker: WorkerState = self._context.workers[number]
        key = state[STORE], worker.name
        found = self._replaced.get(key)
        if found is None:
            new = f"{worker.name}, restarted"
            content = self._calls.changed(state[STORE], lease_over, worker.name)
            content, _, _ = self._calls.execute(content, (freeze(Lease(new, TIMES)),))
            found = self._replaced[key] = content, self._context.workers.number(self._states.new(new))
        return changed(changed(state, STORE, found[0]), place, found[1])

    def _beat(self, state: State, place: int, worker: WorkerState) -> Iterator[Step]:
        content, results, _ = self._calls.execute(state[STORE], (freeze(Lease(worker.name, TIMES)),))
        change, label = (
            ("refused", "is refused its lease") if results[1] is LeaseState.EXPIRED else ("renewed", "renews its lease")
        )
        for after in self._changed(change, changed(state, STORE, content), place):
            yield self._context.step(None, after, (), (worker.name, label))

    def _faults(self, state: State, place: int, worker: WorkerState, request: Any) -> Iterator[Step]:
        name, kinds, step = worker.name, self._context.kinds, self._context.step
        # A worker that waits has nothing in flight.
        if Fault.WORKER_KILLED in kinds and request is not None and request[0] != WAIT:
            killed = self._restarted(state, place, state[place])
            yield step(Fault.WORKER_KILLED, killed, self._event(Killed(name)), (name, Fault.WORKER_KILLED))
        if Fault.WORKER_STOPPED in kinds and not worker.is_stopping:
            for stopping in self._changed("stopping", state, place):
                yield step(Fault.WORKER_STOPPED, stopping, (), (name, Fault.WORKER_STOPPED))
        if Fault.WORKER_LAPSED in kinds and worker.is_held:
            over = changed(state, STORE, self._calls.changed(state[STORE], lease_over, name))
            for lapsed in self._changed("lapsed", over, place):
                yield step(Fault.WORKER_LAPSED, lapsed, self._event(Lapsed(name)), (name, Fault.WORKER_LAPSED))

    def _event(self, event: Any) -> tuple[int]:
        return (self._calls.events.number((event,)),)

    def _changed(self, name: str, state: State, place: int) -> Iterator[State]:
        key = name, state[place]
        found = self._changes.get(key)
        if found is None:
            after = getattr(self._states, name)(self._context.workers[state[place]])
            found = self._changes[key] = tuple(map(self._context.workers.number, after))
        for number in found:
            worker: WorkerState = self._context.workers[number]
            yield self._restarted(state, place, number) if worker.head is None else changed(state, place, number)
