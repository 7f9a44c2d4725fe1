"""What the sockets in each group are told of a change: who leaves a group sees a deletion, who enters it a creation.

Both sides of a change are read from the database, so that clients see what is there, and nobody sees a row that his
group has just lost. It leaves when the transaction of the change is committed.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.db.models import Model

from towpath.channels import Group
from towpath.channels.transactions import at_commit, open_transaction_of
from towpath.layers.codec import check_content
from towpath.layers.contract import Content
from towpath.layers.names import check_group_name

from .actions import CREATE, DELETE, UPDATE
from .registry import bindings_of
from .rows import Snapshot

if TYPE_CHECKING:
    from .base import Binding


def tell(
    model: type[Model], before: Snapshot, after: Snapshot, using: str, signal_kwargs: Mapping[str, Any] | None = None
) -> None:
    """Tell the groups of all bindings of a model what has become of rows between two snapshots."""
    for key in dict.fromkeys((*before.rows, *after.rows)):
        for binding in bindings_of(model):
            old, new = before.groups.get((binding, key), []), after.groups.get((binding, key), [])
            left = [name for name in old if name not in new]
            kept = [name for name in old if name in new]
            entered = [name for name in new if name not in old]
            for action, names, rows in (
                (DELETE, left, before.rows),
                (UPDATE, kept, after.rows),
                (CREATE, entered, after.rows),
            ):
                if names:
                    sender = binding()
                    sender.signal_kwargs = {**(signal_kwargs or {}), "using": using}
                    sender.send_messages(rows[key], names, action, using=using)


def send_at_commit(binding: type["Binding"], payload: Any, names: Iterable[str], using: str) -> None:
    """Send a payload to groups when the transaction that is open in the database `using` is committed.

    Raises:
        InvalidName: of a group.
        EncodeError: the payload does not encode to a message.
    """
    content = binding.encode(binding.stream, payload)
    check_content(content)
    for name in names:
        check_group_name(name)
    transaction = open_transaction_of(using)
    if transaction is None:
        _send(content, names)
    else:
        at_commit(transaction, lambda: _send(content, names))


def _send(content: Content, names: Iterable[str]) -> None:
    for name in names:
        Group(name).send(content)
