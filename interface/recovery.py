"""Finds turns whose event or settlement was lost, and ends them.

A turn that takes long is looked up in the store: its event is queued, or in flight at a reader, or the turn is over.
After an outage of the store all turns are looked up. A turn is never ended because time has passed, only because the
store has no record of its event.
"""

from towpath.layers.contract import Edge

from .availability import Availability
from .connections import Connections
from .interfaces import Registered


class Recovery:
    """Looks turns up in the store, all in one operation."""

    def __init__(self, edge: Edge, connections: Connections, availability: Availability) -> None:
        self._edge = edge
        self._connections = connections
        self._asked: dict[str, tuple[Registered, int]] = {}
        availability.on_back.append(self._ask_for_all)

    def ask(self, conversation: Registered, turn: int) -> None:
        """Add a turn to the next look-up."""
        self._asked[conversation.local] = conversation, turn

    async def look(self) -> None:
        """Look up the turns that were added and are still out; call it every second.

        Raises:
            LayerUnavailable: the store is unavailable. The turns are looked up again.
        """
        asked, self._asked = self._asked, {}
        late = {local: (owner, turn) for local, (owner, turn) in asked.items() if owner.accepted_turn == turn}
        if not late:
            return
        turns = {local: turn for local, (_, turn) in late.items()}
        channels = sorted({conversation.channel for conversation, _ in late.values()})
        try:
            await self._edge.check_turns(turns, channels)
        except BaseException:
            self._asked = {**late, **self._asked}
            raise
        for conversation, turn in late.values():
            conversation.looked_for(turn)

    def _ask_for_all(self) -> None:
        for conversation in self._connections:
            turn = conversation.accepted_turn
            if turn is not None:
                self.ask(conversation, turn)
