"""A binding as the other modules of this folder know it: `base.Binding` implements it, and imports them."""

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from django.db.models import Model

from towpath.layers.contract import Content

if TYPE_CHECKING:  # it is made of models, which are not there yet when bindings are declared beside them
    from django.core.exceptions import ValidationError

CREATE = "create"
UPDATE = "update"
DELETE = "delete"

#: The actions on a row, as bindings and their clients call them.
ACTIONS = (CREATE, UPDATE, DELETE)


class Declared(Protocol):
    """A declared binding. The attributes are those of `Binding`."""

    model: type[Model] | str | None
    fields: Collection[str] | None
    exclude: Collection[str] | None
    stream: str | None
    ignores_bulk_operations: bool
    signal_kwargs: Mapping[str, Any] | None
    held: list[tuple[Content, Collection[str]]] | None

    @classmethod
    def register(cls) -> None:
        """Check the binding, and observe its model."""

    @classmethod
    def bound(cls) -> type[Model]:
        """Return the model."""

    @classmethod
    def group_names(cls, instance: Any) -> Iterable[str]:
        """Return the names of the groups of a row."""

    @classmethod
    def encode(cls, stream: str | None, payload: Any) -> Content:
        """Return the message that sends a payload."""

    @classmethod
    def overrides_receivers(cls) -> bool:
        """Return whether the binding has receivers of its own."""

    @classmethod
    def sends_by_default(cls) -> bool:
        """Return whether `send_messages` is the default one."""

    def send_messages(
        self, instance: Any, group_names: Collection[str], action: str, using: str | None = None, **signal_kwargs: Any
    ) -> None:
        """Send a change of a row to groups."""

    def validate(self, instance: Any, names: Collection[str]) -> None:
        """Check a row before it is saved."""

    def refused(self, action: str, pk: Any, error: "ValidationError | None") -> None:
        """Handle a change that is not made."""
