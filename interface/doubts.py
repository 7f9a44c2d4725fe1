"""After an absence of the layer's store: turns that it may have lost, with the event or with its settlement.

Once the channels of such turns have been seen empty, no event of them waits to be taken: either a worker has it, and
says so if it takes long, or it is lost. So a turn without a sign of life ends soon, not when its event has expired.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .conversation import Conversation
    from .hub import Hub

#: From that look to the end of a turn without a sign of life, in seconds: a worker gives one of everything that has
#: been running for 3 s, every 2 s.
DOUBT_SECONDS = 6.0


class Doubts:
    """Doubts the turns that are out when the store comes back."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._turns: list[tuple[Conversation, int]] = []
        hub.availability.on_back.append(self._begin)

    async def look(self) -> None:
        """Look whether the channels are empty, if there are doubts; call it every second.

        Raises:
            LayerUnavailable: the store is away again.
        """
        self._turns = [(conversation, turn) for conversation, turn in self._turns if conversation.accepted_turn == turn]
        if not self._turns:
            return
        doubted = self._turns
        channels = {conversation.channel for conversation, _ in doubted}
        if await self._hub.edge.waiting(sorted(channels)):
            return
        for conversation, turn in doubted:
            conversation.doubt(turn, DOUBT_SECONDS)
        self._turns = []

    def _begin(self) -> None:
        out = ((conversation, conversation.accepted_turn) for conversation in self._hub.connections)
        self._turns = [(conversation, turn) for conversation, turn in out if turn is not None]
