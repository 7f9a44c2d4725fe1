"""Runs real, blocking code in steps: a tape answers its requests, and the first request without an answer stops it.

Each step runs the code from its beginning, with one answer more. So code that cannot be copied halfway, since it is on
the stack, has a state that can: its initial state and the answers so far.
"""

from collections.abc import Callable, Sequence
from typing import Any

from towpath.layers.errors import LayerUnavailable, PartlyRefused

from .frozen import thaw

#: Answers to a call of the store: results; a lost connection; a refusal, with the results of the operations before.
OK, AWAY, REFUSED = "ok", "away", "refused"


class Stopped(BaseException):
    """Raised at a request without an answer. No `except Exception` of the code catches it."""

    def __init__(self, request: Any) -> None:
        super().__init__(request)
        self.request = request


class Tape:
    """The answers so far. `noted` is called with each answer before the code receives it."""

    def __init__(self) -> None:
        self._answers: Sequence[Any] = ()
        self._position = 0
        self._stopped: Stopped | None = None
        self.noted: Callable[[Any], None] = _ignore

    def run(self, code: Callable[[], None], answers: Sequence[Any]) -> Any:
        """Run code with answers; return the request that it stops at, or None if it returns."""
        self._answers, self._position, self._stopped = answers, 0, None
        try:
            code()
        except Stopped as stopped:
            return stopped.request
        return None

    def request(self, request: Any) -> Any:
        """Return the next answer.

        Raises:
            Stopped: there is none. A `finally` of the code with a request of its own is stopped at that request.
        """
        if self._stopped is None and self._position < len(self._answers):
            answer = self._answers[self._position]
            self._position += 1
            self.noted(answer)
            return answer
        self._stopped = self._stopped or Stopped(request)
        raise self._stopped

    @property
    def is_used_up(self) -> bool:
        """Return whether the code has received all answers."""
        return self._position == len(self._answers)


def outcome(answer: tuple[Any, ...]) -> Any:
    """Return the results of a call, or raise the error of the layer.

    Raises:
        LayerUnavailable, PartlyRefused: as the answer says.
    """
    kind, results = answer
    if kind == OK:
        return thaw(results)
    if kind == REFUSED:
        raise PartlyRefused("the memory of the store is full", thaw(results), is_clean=True)
    raise LayerUnavailable("the answer was lost")


def _ignore(answer: Any) -> None:
    """Ignore an answer."""
