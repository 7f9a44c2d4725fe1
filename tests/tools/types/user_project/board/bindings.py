"""A model on a stream."""

from typing import Any

from board.models import Boat
from towpath.binding.websockets import WebsocketBinding


class BoatBinding(WebsocketBinding):
    model = Boat
    stream = "boats"
    fields = ["name", "dock"]

    @classmethod
    def group_names(cls, instance: Boat) -> list[str]:
        return [f"dock-{instance.dock}"]

    def has_permission(self, user: Any, action: str, pk: Any) -> bool:
        return bool(user.is_authenticated) and action != "delete"

    def refused(self, action: str, pk: Any, error: Any) -> None:
        super().refused(action, pk, error)
        self.kwargs["multiplexer"].send({"action": "refused", "pk": pk})


consumers = {"boats": BoatBinding.consumer}
