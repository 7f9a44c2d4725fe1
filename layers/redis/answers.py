"""Reading a pipeline's answers: errors, scripts to load, results. Shared by both sides; no IO."""

from collections.abc import Sequence
from typing import Any

from redis.exceptions import NoScriptError, ReadOnlyError, RedisError, ResponseError

from ..errors import PartlyRefused
from ..operations.operation import AnyOperation
from .commands import result

#: Reasons for which Redis refuses every write before it begins; the scripts write nothing before such a refusal.
_TAKES_NOTHING = ("OOM ", "READONLY ", "MISCONF ", "NOREPLICAS ", "MASTERDOWN ", "LOADING ", "NOSCRIPT ")


class ErrorAnswers:
    """Classifies each error answer of Redis: an unknown script, a write on a replica, a refusal.

    One for each connection. It has no reference to the connection: hiredis's reader, which keeps it and as many bytes
    as its largest answer had, would otherwise be in a cycle, and wait for the garbage collector.
    """

    def __init__(self) -> None:
        #: The server is a replica: the master is another server.
        self.is_misled = False

    def __call__(self, text: str) -> ResponseError:
        if text.startswith("NOSCRIPT"):
            return NoScriptError(text)
        # For a script, Redis 6.2 has it in the middle of the text.
        if "READONLY" in text:
            self.is_misled = True
            return ReadOnlyError(text)
        return ResponseError(text)


def is_out_of_memory(error: ResponseError) -> bool:
    """Return whether Redis refused because its memory is full; commands that need no memory are executed."""
    return str(error).startswith("OOM ")


def missing_scripts(answers: Sequence[Any]) -> list[int]:
    """Return the positions of commands that were not executed because their script is not loaded."""
    return [position for position, answer in enumerate(answers) if isinstance(answer, NoScriptError)]


# `Any`: see `result`.
def results(label: str, operations: Sequence[AnyOperation], answers: Sequence[Any]) -> list[Any]:
    """Return the operations' results.

    Raises:
        PartlyRefused: Redis refused one of them (out of memory, read-only, loading, ...).
    """
    found: list[Any] = []
    refused: list[tuple[AnyOperation, RedisError]] = []
    for operation, answer in zip(operations, answers, strict=True):
        if isinstance(answer, RedisError):
            refused.append((operation, answer))
            found.append(None)
        else:
            found.append(result(operation, answer))
    if refused:
        operation, error = refused[0]
        is_clean = all(_takes_nothing(error) for _, error in refused)
        raise PartlyRefused(f"{label} refused a {type(operation).__name__}: {error}", found, is_clean) from error
    return found


def _takes_nothing(error: RedisError) -> bool:
    return any(word in str(error) for word in _TAKES_NOTHING)
