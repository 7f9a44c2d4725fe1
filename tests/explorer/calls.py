"""Calls of the store, without a fault and with one. Each is computed once for a state of the store."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from .faults import NEED_MEMORY, READS, Fault
from .frozen import Interned, freeze
from .store import Content, StoreStates, take_of
from .tape import AWAY, OK, REFUSED

#: Results that are kept, of each kind.
MOST_CACHED = 300_000
#: A store's next state, frozen results, and the number of the effects, None if there are none.
Executed = tuple[int, Any, int | None]


class Outcome(NamedTuple):
    """An outcome of a call, by numbers: the next state of the store, the answer, a list executed late, and effects."""

    fault: Fault | None
    store: int
    answer: int
    late: int | None
    effects: tuple[int, ...]
    detail: str = ""


class Calls:
    """Executes lists of operations. A list is one step: no other operation comes between its operations."""

    def __init__(self, states: StoreStates, kinds: frozenset[Fault]) -> None:
        self.states = states
        self._kinds = kinds
        #: States of the store, lists of operations, answers, and events.
        self.contents, self.lists, self.answers, self.events = Interned(), Interned(), Interned(), Interned()
        self._executed: dict[tuple[int, Any], Executed] = {}
        self._outcomes: dict[tuple[int, int, int | None, bool], tuple[Outcome, ...]] = {}
        self._found: dict[tuple[int, int, bool], tuple[Outcome, ...]] = {}
        self._changed: dict[tuple[Any, ...], int] = {}

    def execute(self, content: int, operations: Any) -> Executed:
        """Execute frozen operations; return the next state of the store, frozen results, and effects."""
        key = content, operations
        found = self._executed.get(key)
        if found is None:
            after, results, effects = self.states.execute(self.contents[content], operations)
            number = self.events.number(effects) if effects else None
            found = self._executed[key] = self.contents.number(after), results, number
        return found

    def outcomes(
        self, content: int, operations: int, with_faults: bool, then: int | None = None
    ) -> tuple[Outcome, ...]:
        """Return the outcomes of a list, those without a fault first. `then` is a take that waits behind the list."""
        key = content, operations, then, with_faults
        found = self._outcomes.get(key)
        if found is None:
            found = self._outcomes[key] = tuple(self._all(content, operations, then, with_faults))
        return found

    def found(self, content: int, operations: int, with_faults: bool) -> tuple[Outcome, ...]:
        """Return the outcomes of a take that waits: without a fault only if a message is there."""
        key = content, operations, with_faults
        found = self._found.get(key)
        if found is None:
            nothing = self.answers.number((OK, (list, None)))
            all_ = self.outcomes(content, operations, with_faults)
            found = self._found[key] = tuple(each for each in all_ if each.fault is not None or each.answer != nothing)
        return found

    def trim(self) -> None:
        """Forget results that can be computed again, if they are many."""
        for cache in (self._executed, self._outcomes, self._found, self._changed):
            if len(cache) > MOST_CACHED:
                cache.clear()  # type: ignore[attr-defined]

    def changed(self, content: int, change: Any, *arguments: Any) -> int:
        """Return the number of the state of the store after a change by `change`."""
        key = content, change, arguments
        found = self._changed.get(key)
        if found is None:
            found = self._changed[key] = self.contents.number(change(self.contents[content], *arguments))
        return found

    def _all(self, content: int, number: int, then: int | None, with_faults: bool) -> Iterator[Outcome]:
        operations = self.lists[number]
        variants = take_of(operations, self.contents[content])
        for variant in variants:
            after, results, effects = self.execute(content, variant)
            yield self._outcome(None, after, (OK, results), None, effects)
        if not with_faults:
            return
        seen: set[tuple[Any, ...]] = set()
        for variant in variants:
            for outcome in self._faulty(content, variant, then):
                bare = outcome[1:5]
                if outcome.fault in self._kinds and bare not in seen:
                    seen.add(bare)
                    yield outcome

    def _outcome(
        self, fault: Fault | None, store: int, answer: Any, late: int | None, effects: int | None, detail: str = ""
    ) -> Outcome:
        told = () if effects is None else (effects,)
        return Outcome(fault, store, self.answers.number(answer), late, told, detail)

    def _faulty(self, content: int, operations: Any, then: int | None) -> Iterator[Outcome]:
        """Yield the outcomes of a list of which the store executes only the first operations, and of a refused list."""
        waited = self.lists[then] if then is not None else ()
        for count in range(len(operations) + 1):
            after, results, effects = self.execute(content, operations[:count])
            fault = Fault.ANSWER_LOST if count else Fault.WRITE_LOST
            detail = f"{count} of {len(operations)} executed"
            yield self._outcome(fault, after, (AWAY, None), None, effects, detail)
            if count < len(operations) and any(each[0] not in READS for each in operations[count:]):
                refused = (*results, *[None] * (len(operations) - count))
                yield self._outcome(Fault.REFUSED, after, (REFUSED, refused), None, effects, detail)
        if waited:
            after, _, effects = self.execute(content, (*operations, *waited))
            detail = "all executed, and the take behind them"
            yield self._outcome(Fault.ANSWER_LOST, after, (AWAY, None), None, effects, detail)
        if waited or any(each[0] not in READS for each in operations):
            late = self.lists.number((*operations, *waited))
            yield self._outcome(Fault.LATE, content, (AWAY, None), late, None)
        yield from self._without_memory(content, operations, waited)

    def _without_memory(self, content: int, operations: Any, waited: Any) -> Iterator[Outcome]:
        """Yield the outcome of a list whose operations that need memory are refused, while the others are executed."""
        done = [each for each in operations if each[0] not in NEED_MEMORY]
        if len(done) == len(operations):
            return
        after, results, effects = self.execute(content, (*done, *waited))
        left = iter(results[1:])
        answers = [next(left) if each[0] not in NEED_MEMORY else None for each in operations]
        yield self._outcome(Fault.REFUSED, after, (REFUSED, freeze(answers)), None, effects, "what needs memory")


def contents_of(calls: Calls, number: int) -> Content:
    """Return a state of the store."""
    content: Content = calls.contents[number]
    return content
