"""The event loop's side of Redis: one connection to send, one to wait on the inbox."""

from collections.abc import Sequence
from typing import Any

from redis.exceptions import NoScriptError, ResponseError

from ..capacity import Capacities
from ..edge import BaseEdge
from ..entries import UNIQUE, EntryCodec
from ..errors import LayerUnavailable
from ..inbox_reads import FIRST_COUNT
from ..keys import Keys
from ..operations.operation import Operation, Result
from . import scripts
from .answers import is_out_of_memory
from .async_client import AsyncClient
from .scripts import Command

#: Seconds that one read of the inbox waits.
WAIT_SECONDS = 5
#: An entry is recognised by this number of its first bytes, which name the connection and the turn, and its length.
MARK_BYTES = 64
#: An entry of at most so many bytes is sent back to Redis to remove it.
SHORT_BYTES = 1024

#: With an answer; it shows whether this user may use the other.
_ASK_FOR_SILENCE: Command = ("CLIENT", "REPLY", "ON")
#: Suppresses the answer of the next command, which would wake the event loop before the wait behind it ends.
_IN_SILENCE: Command = ("CLIENT", "REPLY", "SKIP")


class RedisEdge(BaseEdge):
    """See `BaseEdge`. One read of the inbox is one round trip: drop the entries of the last read, wait, read.

    The wait moves the foremost entry to its own place. So the entries of a read stay in Redis until the next one, and
    an answer that is lost with its connection is read again.
    """

    def __init__(
        self, codec: EntryCodec, capacities: Capacities, out: AsyncClient, into: AsyncClient, keys: Keys
    ) -> None:
        super().__init__(codec, capacities)
        self._out = out
        self._into = into
        self._keys = keys
        #: The foremost entries of the inbox, which have been returned.
        self._read: Sequence[bytes] = ()
        #: Redis leaves out answers that are not needed.
        self._can_be_silent = False

    async def close(self) -> None:
        """Take the inbox and its marks out of Redis, and close the connections."""
        try:
            await super().close()
        finally:
            await self._out.close()
            await self._into.close()

    def _begin(self) -> None:
        super()._begin()
        self._read = ()

    async def _execute(self, operations: Sequence[Operation[Result]]) -> Sequence[Result]:
        return await self._out.execute(operations)

    async def _read_inbox(self) -> Sequence[bytes]:
        inbox, read = self._keys.inbox(self.inbox), self._read
        look = ("BLMOVE", inbox, inbox, "LEFT", "LEFT", WAIT_SECONDS), _others(inbox, self._reads.limit - 1)
        drop = [_drop(inbox, read)] if read else []
        if self._into.is_open and self._can_be_silent:
            commands = [_IN_SILENCE, *drop, *look] if drop else look
            foremost, others = await self._into.exchange(commands, silent=len(commands) - len(look))
        else:
            silence, *dropped, foremost, others = await self._into.exchange([_ASK_FOR_SILENCE, *drop, *look])
            self._check(dropped)
            self._can_be_silent = not isinstance(silence, ResponseError)
        if isinstance(others, NoScriptError):
            (others,) = await self._into.exchange([scripts.READ_SOME.eval([inbox], 1, self._reads.limit - 1)])
        self._check([others])
        if isinstance(foremost, ResponseError) and not is_out_of_memory(foremost):
            self._check([foremost])  # and what was read is there still: the drop was refused as well
        self._read = ()
        if isinstance(foremost, ResponseError):
            self._read = await self._look(inbox, foremost)
        elif foremost is not None:
            self._read = [foremost, *others]
        return self._read

    async def _look(self, inbox: str, refusal: ResponseError) -> Sequence[bytes]:
        """Read without waiting: a Redis whose memory is full refuses the wait, and reading frees memory."""
        entries: Sequence[bytes]
        (entries,) = self._check(await self._into.exchange([scripts.READ_SOME.eval([inbox], 0, self._reads.limit)]))
        if not entries:
            self._check([refusal])
        return entries

    def _check(self, answers: list[Any]) -> list[Any]:
        for answer in answers:
            if isinstance(answer, ResponseError):
                raise LayerUnavailable(f"{self._into.label} refused to read the inbox: {answer}") from answer
        return answers


def _others(inbox: str, most: int) -> Command:
    """Return the command that reads entries behind the foremost; a script bounds the bytes of more than a few."""
    return ("LRANGE", inbox, 1, most) if most < FIRST_COUNT else scripts.READ_SOME.call([inbox], 1, most)


def _drop(inbox: str, read: Sequence[bytes]) -> Command:
    """Return the command that removes the read entries from an inbox: from its front, and nothing else.

    A short entry that no other equals needs no script, which costs Redis several times as much.
    """
    last = read[-1]
    if len(read) == 1 and len(last) <= SHORT_BYTES and last[:1] in UNIQUE:
        return "LREM", inbox, 1, last
    return scripts.DROP_READ.eval([inbox], len(read), len(read) - 1, len(last), last[:MARK_BYTES])
