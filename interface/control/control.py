"""Carries out the commands of operators; see `towpath.layers.commands` for the table of them and of their answers."""

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from towpath.layers.commands import (
    PAGE_SOCKETS,
    BadCommand,
    CloseSockets,
    Command,
    Drain,
    ListSockets,
    parse_command,
)
from towpath.layers.contract import Content
from towpath.layers.errors import InvalidName
from towpath.layers.names import check_channel_name

from ..outbound import Outcome
from .matching import LOOKED_AT_A_TIME, described, matching

if TYPE_CHECKING:
    from ..hub import Hub

log = logging.getLogger(__name__)

#: Answer of a server that is a part of another process.
NOT_ALONE = "this interface server runs inside another process: stop that one"


class Control:
    """Takes the commands of one server; `drain` stops its process, and returns False if the process is another's."""

    def __init__(self, hub: "Hub", drain: Callable[[], bool]) -> None:
        self._hub = hub
        self._drain = drain

    def take(self, content: Content) -> None:
        """Carry out a command some time soon, beside other work; its answers follow."""
        try:
            answer = check_channel_name(content.get("answer"))
        except InvalidName as error:
            log.warning("Ignored a command whose answer has no channel: %s", error)
            return
        self._hub.tasks.start(self._carry_out(content, answer), "carry out a command of an operator")

    async def _carry_out(self, content: Content, answer: str) -> None:
        try:
            result = await self._result(parse_command(content), answer)
        except BadCommand as error:
            log.warning("Refused a command of an operator: %s", error)
            result = {"error": str(error)}
        self._send(answer, result, is_last=True)

    async def _result(self, command: Command, answer: str) -> Content:
        if isinstance(command, ListSockets):
            return await self._list(command, answer)
        if isinstance(command, CloseSockets):
            return {"closed": await self._close(command)}
        assert isinstance(command, Drain)
        if not self._drain():
            raise BadCommand(NOT_ALONE)
        log.warning("An operator drains this server")
        return {"draining": True}

    async def _list(self, command: ListSockets, answer: str) -> Content:
        """Send full pages as they are found; return the last one, with the count of all sockets that match."""
        now, count = self._hub.clock.seconds(), 0
        page: list[dict[str, Any]] = []
        async for conversation, socket in matching(self._hub, command.filter):
            if len(page) == PAGE_SOCKETS:
                self._send(answer, {"sockets": page}, is_last=False)
                page = []
            if count < command.limit:
                page.append(described(conversation, socket, now))
            count += 1
        return {"sockets": page, "count": count}

    async def _close(self, command: CloseSockets) -> int:
        count = 0
        async for _, socket in matching(self._hub, command.filter):
            socket.deliver({"close": command.code, "reason": command.reason})
            count += 1
            if count % LOOKED_AT_A_TIME == 0:
                await asyncio.sleep(0)
        log.info("An operator closed %d sockets with %d", count, command.code)
        return count

    def _send(self, answer: str, result: Content, *, is_last: bool) -> None:
        def report(outcome: Outcome) -> None:
            if outcome is not Outcome.ACCEPTED:
                log.warning("An answer to a command of an operator was not accepted by the layer")

        self._hub.post(answer, {"inbox": self._hub.edge.inbox, "is_last": is_last, **result}, report)
