"""The receivers of Channels 1.x: class methods of a binding that are called before and after each save and deletion.

A binding that overrides one of them is notified of `save()` and `delete()` only, as in 1.x, and its receivers send. The
default receivers notify the groups of the row, as other bindings do.
"""

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from .changes import notify, tell
from .declared import CREATE, DELETE, UPDATE
from .isolation import isolated
from .registry import bindings_of
from .rows import Snapshot

NAMES = (
    "pre_save_receiver",
    "post_save_receiver",
    "pre_delete_receiver",
    "post_delete_receiver",
    "pre_change_receiver",
    "post_change_receiver",
)


@dataclass(frozen=True, slots=True)
class Change:
    """The change of one row, before and after, in the database `using`."""

    key: Any
    before: Snapshot
    after: Snapshot
    using: str
    signal_kwargs: Mapping[str, Any]


_current: "ContextVar[Change | None]" = ContextVar("towpath_binding_change", default=None)


def call(receiver: str, models: Iterable[type[Model]], using: str, signal_kwargs: Mapping[str, Any]) -> None:
    """Call a receiver of those bindings that override receivers."""
    for model in models:
        for binding in bindings_of(model):
            if binding.overrides_receivers():
                with isolated(binding, receiver, using):
                    getattr(binding, receiver)(**signal_kwargs, using=using)


def call_after(receiver: str, model: type[Model], change: Change) -> None:
    """Notify the groups of a row that was saved or deleted: through a receiver where the binding overrides one."""
    tell(model, change.before, change.after, change.using, change.signal_kwargs)
    token = _current.set(change)
    try:
        call(receiver, [model], change.using, change.signal_kwargs)
    finally:
        _current.reset(token)


class Receivers:
    """The receivers of a binding, to be overridden. `kwargs` are those of Django's signal, but for `instance`."""

    @classmethod
    def pre_save_receiver(cls, instance: Model, **kwargs: Any) -> None:
        """Be notified before a row is saved."""
        cls.pre_change_receiver(instance, CREATE if instance._state.adding else UPDATE)

    @classmethod
    def post_save_receiver(cls, instance: Model, created: bool, **kwargs: Any) -> None:
        """Be notified after a row was saved."""
        cls.post_change_receiver(instance, CREATE if created else UPDATE, **kwargs)

    @classmethod
    def pre_delete_receiver(cls, instance: Model, **kwargs: Any) -> None:
        """Be notified before a row is deleted."""
        cls.pre_change_receiver(instance, DELETE)

    @classmethod
    def post_delete_receiver(cls, instance: Model, **kwargs: Any) -> None:
        """Be notified after a row was deleted."""
        cls.post_change_receiver(instance, DELETE, **kwargs)

    @classmethod
    def pre_change_receiver(cls, instance: Model, action: str) -> None:
        """Be notified before a row is created, updated or deleted. Not needed for the groups that it leaves."""

    @classmethod
    def post_change_receiver(cls, instance: Model, action: str, **kwargs: Any) -> None:
        """Notify the groups of a row that was created, updated or deleted.

        Raises:
            RuntimeError: it is called outside of a signal.
        """
        change = _current.get()
        if change is None:
            raise RuntimeError("post_change_receiver is called by signals only; send with send_messages instead")
        notify(cls, change.key, change.before, change.after, change.using, change.signal_kwargs)  # type: ignore[arg-type]

    @classmethod
    def overrides_receivers(cls) -> bool:
        """Return whether a subclass has receivers of its own."""
        return any(getattr(cls, name).__func__ is not getattr(Receivers, name).__func__ for name in NAMES)
