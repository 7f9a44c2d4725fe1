"""Rows of a bound model as they are in the database, with the groups that each is in. No manager filters them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Model, QuerySet, prefetch_related_objects

from towpath.layers.errors import ConfigurationError

from .declaration import sent_relations
from .registry import bindings_of

if TYPE_CHECKING:
    from .base import Binding


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Rows by their primary keys, and the names of the groups of each for each binding."""

    rows: dict[Any, Model] = field(default_factory=dict)
    groups: dict[tuple[type["Binding"], Any], list[str]] = field(default_factory=dict)


#: Nothing is there: before a row is created, after it is deleted.
NOTHING = Snapshot()


def look(model: type[Model], keys: Iterable[Any], using: str) -> Snapshot:
    """Read rows from the database `using`; those that are not there are left out.

    Their many-to-many values are read along, so that a row can be serialized when it has changed.

    Raises:
        ConfigurationError: `group_names` of a binding returns no names.
    """
    rows: dict[Any, Model] = QuerySet(model, using=using).in_bulk([key for key in keys if key is not None])
    if not rows:
        return NOTHING
    bindings = bindings_of(model)
    relations = {name for binding in bindings for name in sent_relations(binding, model)}
    if relations:
        prefetch_related_objects(list(rows.values()), *sorted(relations))
    groups = {(binding, key): _group_names(binding, row) for binding in bindings for key, row in rows.items()}
    return Snapshot(rows, groups)


def _group_names(binding: type["Binding"], row: Model) -> list[str]:
    names: Any = binding.group_names(row)
    if isinstance(names, str | bytes) or not isinstance(names, Iterable):
        raise ConfigurationError(
            f'{binding.__qualname__}.group_names returns a list of names, such as ["boats"], not {names!r}'
        )
    return list(dict.fromkeys(names))
