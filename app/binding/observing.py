"""Django's signals of bound models, before and after a change of rows.

Senders are connected one by one: a receiver of all senders would make every `QuerySet.delete` of the project load its
rows. A model's proxies, and the models that inherit its table, are senders too.
"""

from dataclasses import replace
from typing import Any

from django.apps import apps
from django.db import connections
from django.db.models import Model
from django.db.models.signals import class_prepared, m2m_changed, post_delete, post_save, pre_delete, pre_save

from towpath.channels.transactions import at_commit, open_transaction_of

from .changes import hold_deletions, tell
from .declared import CREATE, DELETE, UPDATE
from .receivers import Change, call, call_after
from .registry import bound_ancestors, bound_tables, registered
from .relations import affected_keys, bound_relations, detached_fields, detached_keys, through_models
from .rows import NOTHING, Snapshot, look

Looks = dict[type[Model], Snapshot]

#: Attribute of an instance that is being changed: what was looked at before, the latest change last. A receiver of the
#: project may save the instance again while it is being saved.
_LOOKS = "_towpath_looks"


def observe(model: type[Model]) -> None:
    """Connect a bound model and all models that share its table."""
    for sender in apps.get_models():
        _observe_sender(sender, model)
    _observe_sender(model, model)
    for through in through_models(model):
        m2m_changed.connect(_relation_changed, sender=through, dispatch_uid="towpath.binding.relation")
    for field in detached_fields(model):
        for sender in apps.get_models():
            if sender._meta.concrete_model is field.remote_field.model._meta.concrete_model:
                _observe_deletions(sender)
    class_prepared.connect(_observe_late, dispatch_uid="towpath.binding.late")


def _observe_late(sender: type[Model], **_: Any) -> None:
    """Connect a model that is defined after the bindings of what it inherits from."""
    for model in registered:
        _observe_sender(sender, model)


def _observe_sender(sender: type[Model], model: type[Model]) -> None:
    if not issubclass(sender, model):
        return
    pre_save.connect(_before_save, sender=sender, dispatch_uid="towpath.binding.before_save")
    post_save.connect(_after_save, sender=sender, dispatch_uid="towpath.binding.after_save")
    if sender._meta.concrete_model is model:  # what inherits a table deletes the row of its parent as one of the parent
        _observe_deletions(sender)


def _observe_deletions(sender: type[Model]) -> None:
    """Connect a model of which rows are bound, or leave bound rows without what these refer to, or both."""
    pre_delete.connect(_before_delete, sender=sender, dispatch_uid="towpath.binding.before_delete")
    post_delete.connect(_after_delete, sender=sender, dispatch_uid="towpath.binding.after_delete")


def _before_save(sender: type[Model], instance: Model, using: str, **kwargs: Any) -> None:
    models = bound_ancestors(sender)
    _push(instance, "save", {model: look(model, [_key(model, instance)], using, UPDATE) for model in models})
    call("pre_save_receiver", models, using, {**kwargs, "instance": instance, "sender": sender})


def _after_save(sender: type[Model], instance: Model, using: str, **kwargs: Any) -> None:
    looks = _pop(instance, "save")
    keys = {model: _key(model, instance) for model in looks}
    kwargs |= {"instance": instance, "sender": sender}

    def tell_of_save() -> None:
        for model, before in looks.items():
            after = look(model, [keys[model]], using, UPDATE if before.rows else CREATE)
            call_after("post_save_receiver", model, Change(keys[model], before, after, using, kwargs))

    transaction = open_transaction_of(using) if kwargs.get("raw") else None
    if transaction is None:
        tell_of_save()
    else:  # `loaddata`, which loads what this row refers to in any order
        at_commit(transaction, tell_of_save)


def _before_delete(sender: type[Model], instance: Model, using: str, **kwargs: Any) -> None:
    kwargs |= {"instance": instance, "sender": sender}
    models = bound_tables(sender)
    deleted = {model: look(model, [_key(model, instance)], using, DELETE) for model in models}
    found = {model: keys for model in registered if (keys := detached_keys(model, instance, using))}
    detached = {model: look(model, keys, using, UPDATE) for model, keys in found.items()}
    for before in deleted.values():
        hold_deletions(before, using, kwargs)
    for before in detached.values():
        hold_deletions(before, using, kwargs, is_certain=False)
    _push(instance, "delete", deleted)
    _push(instance, "detach", detached)
    call("pre_delete_receiver", models, using, kwargs)


def _after_delete(sender: type[Model], instance: Model, using: str, **kwargs: Any) -> None:
    kwargs |= {"instance": instance, "sender": sender}
    if detached := _pop(instance, "detach"):
        at_commit(connections[using], lambda: _tell_of_those_that_stay(detached, using, kwargs))
    for model, before in _pop(instance, "delete").items():
        call_after("post_delete_receiver", model, Change(_key(model, instance), before, NOTHING, using, kwargs))


def _tell_of_those_that_stay(looks: Looks, using: str, kwargs: dict[str, Any]) -> None:
    """Notify of rows whose foreign key to a deleted row was set to another value.

    Rows that are deleted with it have signals of their own, some of them later: hence at the commit.
    """
    for model, before in looks.items():
        after = look(model, before.rows, using, UPDATE)
        known = replace(before, rows={key: before.rows[key] for key in after.rows})
        tell(model, known, after, using, kwargs)


def _relation_changed(
    sender: type[Model], instance: Model, action: str, reverse: bool, pk_set: set[Any] | None, using: str, **kwargs: Any
) -> None:
    """Notify of many-to-many values that were added, removed or cleared, from either side."""
    kwargs |= {"instance": instance, "sender": sender, "action": action, "reverse": reverse, "pk_set": pk_set}
    phase, _, change = action.partition("_")
    if change != "clear" and not pk_set:
        return
    if phase == "pre":
        looks: Looks = {}
        for model, field in bound_relations(sender):
            keys = affected_keys(model, field, instance, reverse, pk_set, using)
            seen = looks.get(model, NOTHING)
            looks[model] = seen.merged(look(model, keys - seen.rows.keys(), using, UPDATE))
        _push(instance, change, looks)
        return
    looks = _pop(instance, change)
    if change == "add" and any(field.remote_field.symmetrical for _, field in bound_relations(sender)):
        at_commit(connections[using], lambda: _tell_all(looks, using, kwargs))  # the other direction is written later
    else:
        _tell_all(looks, using, kwargs)


def _tell_all(looks: Looks, using: str, kwargs: dict[str, Any]) -> None:
    for model, before in looks.items():
        tell(model, before, look(model, before.rows, using, UPDATE), using, kwargs)


def _key(model: type[Model], instance: Model) -> Any:
    """Return the primary key that an instance has as one of `model`."""
    return getattr(instance, model._meta.pk.attname)


def _push(instance: Model, change: str, looks: Looks) -> None:
    vars(instance).setdefault(_LOOKS, []).append((change, looks))


def _pop(instance: Model, change: str) -> Looks:
    """Take back the latest looks for a change. Those of a change that failed in between are dropped with it."""
    stack: list[tuple[str, Looks]] = vars(instance).get(_LOOKS, [])
    for index in range(len(stack) - 1, -1, -1):
        if stack[index][0] == change:
            looks = stack[index][1]
            del stack[index:]
            if not stack:
                del vars(instance)[_LOOKS]
            return looks
    return {}
