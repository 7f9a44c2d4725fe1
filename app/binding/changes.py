"""Sends "delete" to the groups that a row has left, "update" to those it stays in, "create" to those it has joined.

Both sides of a change are read from the database, so that clients get its actual values, and a group that a row has
left never gets the new ones. Messages are sent when the transaction of the change is committed.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db.models import Model

from towpath.channels import Group
from towpath.channels.transactions import at_commit, open_transaction_of
from towpath.layers.codec import check_content
from towpath.layers.contract import Content
from towpath.layers.names import check_group_name

from .declared import CREATE, DELETE, UPDATE, Declared
from .isolation import isolated
from .registry import bindings_of
from .rows import Snapshot

SignalKwargs = Mapping[str, Any]


def tell(
    model: type[Model], before: Snapshot, after: Snapshot, using: str, signal_kwargs: SignalKwargs | None = None
) -> None:
    """Notify the groups of a model's bindings of rows that changed between two snapshots.

    Bindings with receivers of their own are left out: they are notified of saves and deletions, as in 1.x.
    """
    for binding in bindings_of(model):
        if not binding.overrides_receivers():
            for key in dict.fromkeys((*before.rows, *after.rows)):
                notify(binding, key, before, after, using, signal_kwargs or {})


def notify(
    binding: type[Declared], key: Any, before: Snapshot, after: Snapshot, using: str, signal_kwargs: SignalKwargs
) -> None:
    """Notify the groups of one binding of the change of one row. Errors of the binding are logged."""
    if (binding, key) in before.unknown or (binding, key) in after.unknown:
        return
    old, new = before.groups.get((binding, key), []), after.groups.get((binding, key), [])
    left = [name for name in old if name not in new]
    kept = [name for name in old if name in new]
    joined = [name for name in new if name not in old]
    if (binding, key) in before.deletions:
        for content, names in before.deletions[binding, key]:
            send_at_commit(content, [name for name in names if name in left], using)
        left = []
    for action, names, rows in ((DELETE, left, before.rows), (UPDATE, kept, after.rows), (CREATE, joined, after.rows)):
        if names:
            with isolated(binding, "send_messages", using):
                _sender(binding, signal_kwargs, using).send_messages(rows[key], names, action, using=using)


def hold_deletions(before: Snapshot, using: str, signal_kwargs: SignalKwargs, is_certain: bool = True) -> None:
    """Make the "delete" messages of the rows of a snapshot, while the rows that they refer to still exist.

    `is_certain` False: a row may stay in its groups. Then a binding that overrides `send_messages` is left out, since
    it might send by itself.
    """
    for (binding, key), names in before.groups.items():
        if not names or not (is_certain or binding.sends_by_default()):
            continue
        before.deletions[binding, key] = []
        with isolated(binding, "send_messages", using):
            sender = _sender(binding, signal_kwargs, using)
            sender.held = []
            sender.send_messages(before.rows[key], names, DELETE, using=using)
            before.deletions[binding, key] = sender.held


def _sender(binding: type[Declared], signal_kwargs: SignalKwargs, using: str) -> Declared:
    sender = binding()
    sender.signal_kwargs = {**signal_kwargs, "using": using}
    return sender


def encoded(binding: type[Declared], payload: Any, names: Iterable[str]) -> Content:
    """Return the message that sends a payload, after checking that it can be sent to these groups.

    Raises:
        InvalidName: of a group.
        EncodeError, MessageTooLarge: the payload does not encode to a message that can be sent.
    """
    content = binding.encode(binding.stream, payload)
    check_content(content)
    for name in names:
        check_group_name(name)
    return content


def send_at_commit(content: Content, names: Collection[str], using: str) -> None:
    """Send a message to groups when the transaction that is open in the database `using` is committed."""
    transaction = open_transaction_of(using)
    if transaction is None:
        _send(content, names)
    else:
        at_commit(transaction, lambda: _send(content, names))


def _send(content: Content, names: Iterable[str]) -> None:
    for name in names:
        Group(name).send(content)
