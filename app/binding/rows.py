"""Rows of a bound model as stored in the database, with the groups of each. They are not filtered by a manager."""

import inspect
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.db.models import Model, QuerySet, prefetch_related_objects

from towpath.layers.contract import Content
from towpath.layers.errors import ConfigurationError

from .declaration import sent_relations
from .declared import Declared
from .isolation import isolated
from .registry import bindings_of

#: A binding and the primary key of a row.
BoundRow = tuple[type[Declared], Any]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Rows by their primary keys, and the names of the groups of each for each binding.

    `unknown`: `group_names` of the binding failed. `deletions`: the "delete" messages of the rows, made while the rows
    that they refer to still existed, each with its groups.
    """

    rows: dict[Any, Model] = field(default_factory=dict)
    groups: dict[BoundRow, list[str]] = field(default_factory=dict)
    unknown: set[BoundRow] = field(default_factory=set)
    deletions: dict[BoundRow, list[tuple[Content, Collection[str]]]] = field(default_factory=dict)

    def merged(self, other: "Snapshot") -> "Snapshot":
        """Return a snapshot of the rows of both."""
        return Snapshot(self.rows | other.rows, self.groups | other.groups, self.unknown | other.unknown)


#: Without rows: before a row is created, after it is deleted.
NOTHING = Snapshot()


def look(model: type[Model], keys: Iterable[Any], using: str, action: str) -> Snapshot:
    """Read rows from the database `using`; missing ones are left out.

    Their many-to-many values are read along, so that a row can be serialized when it has changed. `action` is passed to
    a `group_names` that asks for it.
    """
    rows: dict[Any, Model] = QuerySet(model, using=using).in_bulk([key for key in keys if key is not None])
    if not rows:
        return NOTHING
    bindings = bindings_of(model)
    relations = {name for binding in bindings for name in sent_relations(binding, model)}
    if relations:
        prefetch_related_objects(list(rows.values()), *sorted(relations))
    groups: dict[BoundRow, list[str]] = {}
    for binding in bindings:
        for key, row in rows.items():
            with isolated(binding, "group_names", using):
                groups[binding, key] = _group_names(binding, row, action)
    unknown = {(binding, key) for binding in bindings for key in rows} - groups.keys()
    return Snapshot(rows, groups, unknown)


@cache
def takes_action(group_names: Callable[..., object]) -> bool:
    """Return whether `group_names` asks for the action beside the instance, as it did in early releases of Channels.

    Raises:
        ConfigurationError: it takes neither an instance, nor an instance and an action.
    """
    signature = inspect.signature(group_names)
    for arguments in ((None,), (None, None)):
        try:
            signature.bind(*arguments)
        except TypeError:
            continue
        return len(arguments) > 1
    owner = getattr(group_names, "__self__", group_names)
    raise ConfigurationError(
        f"{getattr(owner, '__qualname__', owner)}.group_names takes the arguments {signature}: write "
        "`def group_names(cls, instance)` or `def group_names(cls, instance, action)`, with @classmethod"
    )


def _group_names(binding: type[Declared], row: Model, action: str) -> list[str]:
    group_names: Callable[..., Any] = binding.group_names
    names = group_names(row, action) if takes_action(group_names) else group_names(row)
    if isinstance(names, str | bytes) or not isinstance(names, Iterable):
        raise ConfigurationError(
            f'{binding.__qualname__}.group_names returns a list of names, such as ["boats"], not {names!r}'
        )
    return list(dict.fromkeys(names))
