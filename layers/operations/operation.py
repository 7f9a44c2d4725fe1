"""An operation of a layer's store. A store executes a list of them in order, in one round trip.

The blocking and the async side, Redis and memory all execute the same operations. Each has one row in a table of
`redis`, for a command or script call, and one in a table of `memory`, for a few lines of Python. Every operation
touches one channel, one inbox or one group, so that all its keys share a hash slot.
"""

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

#: Bytes of entries after which one read of the store takes or returns no further entry. The scripts have it, too.
READ_BYTES = 1024 * 1024

Result = TypeVar("Result")
_Result = TypeVar("_Result", covariant=True)


class Operation(Generic[_Result]):
    """An operation with a result of this type: a dataclass, which is not changed once it is made."""

    __slots__ = ()

    def result_of(self, result: object) -> _Result:
        """Return the result of this operation, which was executed in a list with others, with its type."""
        return result  # type: ignore[return-value]  # the store has promised it


AnyOperation = Operation[object]


class Execute(Protocol):
    """Executes operations in order, in one round trip; one result each. Raises `LayerUnavailable`."""

    def __call__(self, operations: Sequence[Operation[Result]], /) -> Sequence[Result]: ...
