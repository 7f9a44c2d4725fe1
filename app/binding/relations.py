"""Relations of bound models, through which changes of other rows affect theirs."""

from collections.abc import Iterator
from typing import Any, TypeAlias

from django.db.models import CASCADE, DO_NOTHING, PROTECT, RESTRICT, ForeignKey, ManyToManyField, Model, QuerySet

from .registry import registered

AnyRelation: TypeAlias = "ManyToManyField[Any, Any]"


def through_models(model: type[Model]) -> Iterator[type[Model]]:
    """Yield the models whose rows are the relations of a model's many-to-many fields."""
    for field in model._meta.many_to_many:
        yield through_of(field)


def through_of(field: AnyRelation) -> type[Model]:
    """Return the model whose rows are the relations of a field."""
    through: type[Model] = field.remote_field.through  # type: ignore[assignment]  # resolved: the models are ready
    return through


def bound_relations(through: type[Model]) -> list[tuple[type[Model], AnyRelation]]:
    """Return the bound models that have a many-to-many field through this model, with the field."""
    return [
        (model, field) for model in registered for field in model._meta.many_to_many if through_of(field) is through
    ]


def affected_keys(
    model: type[Model], field: AnyRelation, instance: Model, reverse: bool, pk_set: set[Any] | None, using: str
) -> set[Any]:
    """Return the keys of the rows of `model` whose values of `field` change. `pk_set` None: all are cleared.

    The other arguments are those of Django's `m2m_changed`.
    """
    keys: set[Any] = set()
    if not reverse:
        keys.add(getattr(instance, model._meta.pk.attname, instance.pk))  # or a parent of `model`, of the same key
    if reverse or field.remote_field.symmetrical:
        keys |= _related_to(model, field, instance, using) if pk_set is None else pk_set
    return keys


def detached_keys(model: type[Model], target: Model, using: str) -> set[Any]:
    """Return the keys of the rows of `model` whose foreign keys a deletion of `target` sets to another value."""
    keys: set[Any] = set()
    for field in detached_fields(model):
        if target._meta.concrete_model is field.remote_field.model._meta.concrete_model:
            keys |= _related_to(model, field, target, using)
    return keys


def detached_fields(model: type[Model]) -> "list[ForeignKey[Any, Any]]":
    """Return the foreign keys that a deletion sets to another value: SET_NULL, SET_DEFAULT, SET(...).

    Django sends no signals of such changes.
    """
    others = (CASCADE, DO_NOTHING, PROTECT, RESTRICT)
    return [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, ForeignKey)
        and field.remote_field.on_delete not in others
        and not type(field.remote_field.on_delete).__name__.startswith("Database")
    ]


def _related_to(
    model: type[Model], field: "AnyRelation | ForeignKey[Any, Any]", instance: Model, using: str
) -> set[Any]:
    related = QuerySet(model, using=using).filter(**{field.name: instance})
    return set(related.values_list("pk", flat=True))
