"""The event loop's side of Redis: one connection to send, one to wait on the inbox."""

from collections.abc import Sequence
from typing import Any

from redis.exceptions import ResponseError

from ..capacity import Capacities
from ..edge import BaseEdge
from ..entries import EntryCodec
from ..errors import LayerUnavailable
from ..keys import Keys
from ..operations import INBOX_READ, Operation
from .async_client import AsyncClient
from .scripts import Command

#: How long one read of the inbox waits, in seconds.
WAIT_SECONDS = 5


class RedisEdge(BaseEdge):
    """See `BaseEdge`. Reading takes one round trip with Redis 7 or Valkey (BLMPOP), at most two with Redis 6.2."""

    def __init__(
        self, codec: EntryCodec, capacities: Capacities, out: AsyncClient, into: AsyncClient, keys: Keys
    ) -> None:
        super().__init__(codec, capacities)
        self._out = out
        self._into = into
        self._keys = keys
        self._has_blmpop = True

    async def close(self) -> None:
        """Take the inbox and its marks out of Redis, and close the connections."""
        try:
            await super().close()
        finally:
            await self._out.close()
            await self._into.close()

    async def _execute(self, operations: Sequence[Operation]) -> Sequence[object]:
        return await self._out.execute(operations)

    async def _read_inbox(self) -> Sequence[bytes]:
        if self._has_blmpop:
            answer = await self._ask(
                "BLMPOP", WAIT_SECONDS, 1, self._keys.inbox(self.inbox), "LEFT", "COUNT", INBOX_READ
            )
            if not isinstance(answer, ResponseError):
                return answer[1] if answer else ()
            if "unknown command" not in str(answer).lower():
                raise LayerUnavailable(f"{self._into.label} refused to read the inbox: {answer}") from answer
            self._has_blmpop = False
        return await self._read_inbox_in_two_steps()

    async def _read_inbox_in_two_steps(self) -> Sequence[bytes]:
        entries = await self._ask("LPOP", self._keys.inbox(self.inbox), INBOX_READ)
        if entries:
            return self._checked(entries)
        answer = self._checked(await self._ask("BLPOP", self._keys.inbox(self.inbox), WAIT_SECONDS))
        return answer[1:] if answer else ()

    async def _ask(self, *command: Any) -> Any:
        commands: list[Command] = [command]
        return (await self._into.exchange(commands))[0]

    def _checked(self, answer: Any) -> Sequence[bytes]:
        if isinstance(answer, ResponseError):
            raise LayerUnavailable(f"{self._into.label} refused to read the inbox: {answer}") from answer
        return answer or ()
