"""The next steps of reapers."""

from collections.abc import Iterator
from typing import Any

from towpath.layers.operations.leases import Claim
from towpath.layers.operations.queues import Fence
from towpath.layers.operations.wills import ReadWills

from .context import REAPERS, STORE, Context, State, Step, changed, joined
from .faults import Fault
from .frozen import freeze
from .store import TIMES, claims_over

#: Reapers that run at the same time.
MOST_REAPERS = 2


class ReaperSteps:
    """Steps of the reapers of one scenario. The state of a reaper is the sequence of its answers so far."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._calls = context.calls
        self._states = context.parts.reaper
        self._lists: dict[tuple[int, ...], int | None] = {}
        #: Lists of operations that are executed together with those before.
        self._at_once: set[int | None] = set()
        self._claim = self._calls.lists.number((freeze(Claim(TIMES)),))

    def steps(self, state: State, with_faults: bool) -> Iterator[Step]:
        """Yield the next steps of reapers, and the expiry of their claims."""
        runs = self._context.runs[state[REAPERS]]
        for position, run in enumerate(runs):
            if not position or runs[position - 1] != run:
                rest = (*runs[:position], *runs[position + 1 :])
                yield from self._going_on(state, run, rest, self._list(run), with_faults)
        living, dead, _ = self._calls.contents[state[STORE]][3]
        is_due = any(is_due for _, is_due in dead)
        # A second one begins only if the claim of the first has expired.
        if len(runs) < MOST_REAPERS and (is_due or not runs and any(not is_held for _, is_held in living)):
            yield from self._going_on(state, (), runs, self._claim, with_faults)
        if not all(is_due for _, is_due in dead):
            yield from self._time(state, bool(runs), with_faults)

    def _going_on(
        self, state: State, run: tuple[int, ...], rest: Any, operations: int | None, with_faults: bool
    ) -> Iterator[Step]:
        if operations is None:
            return
        for outcome in self._calls.outcomes(state[STORE], operations, with_faults):
            after = (*run, outcome.answer)
            following = self._list(after)
            runs = rest if following is None else tuple(sorted((*rest, after)))
            reached = changed(changed(state, STORE, outcome.store), REAPERS, self._context.runs.number(runs))
            reached = self._context.sent(reached, outcome.late)
            label = "a reaper", "call", operations, outcome
            step = self._context.step(outcome.fault, reached, outcome.effects, label)
            if step.fault or following not in self._at_once:
                yield step
                continue
            for last in self._going_on(step.state, after, rest, following, with_faults):
                yield joined(step, last)

    def _list(self, run: tuple[int, ...]) -> int | None:
        """Return the number of the operations that a reaper executes next; None if it has ended."""
        if run not in self._lists:
            request = self._states.request([self._calls.answers[answer] for answer in run])
            number = self._lists[run] = None if request is None else self._calls.lists.number(request)
            # A claim and its fence are one step, since pushes do not depend on claims. The wills of a fenced inbox
            # are read with the step before: only reapers change them, and an early read is the harder case.
            is_detailed = self._context.scenario.is_detailed
            if request is not None and request[0][0] in (Fence, ReadWills) and not is_detailed:
                self._at_once.add(number)
        return self._lists[run]

    def _time(self, state: State, is_at_work: bool, with_faults: bool) -> Iterator[Step]:
        over = changed(state, STORE, self._calls.changed(state[STORE], claims_over))
        if not is_at_work:
            yield self._context.step(None, over, (), ("time", "passes: claims expire"))
        elif with_faults and Fault.REAPER_STALLED in self._context.kinds:
            yield self._context.step(Fault.REAPER_STALLED, over, (), ("a reaper", Fault.REAPER_STALLED))
