"""Checks of the attributes of a binding when it is registered, and the fields that they name."""

from collections.abc import Collection
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import AutoField, Field, FileField, ManyToManyField, Model

from towpath.layers.errors import ConfigurationError

from .declared import Declared
from .relations import through_of

#: Stands for all fields, alone or in a list.
ALL_FIELDS = "__all__"


def bound_model(binding: type[Declared]) -> type[Model]:
    """Return the model of a binding.

    Raises:
        ConfigurationError: it has none, or one that cannot be bound.
    """
    model: Any = binding.model
    name = binding.__qualname__
    if model is None:
        raise ConfigurationError(
            f"{name} has no model: write model = TheModel, or model = None in its own body if others are to inherit"
        )
    if isinstance(model, str):
        try:
            model = apps.get_model(model)
        except (LookupError, ValueError) as error:
            raise ConfigurationError(f'{name}.model is {model!r}: give a model or "app.Model" ({error})') from error
    if not (isinstance(model, type) and issubclass(model, Model)) or model is Model or model._meta.abstract:
        raise ConfigurationError(f'{name}.model is a model that has a table, or "app.Model", not {model!r}')
    concrete = model._meta.concrete_model
    if concrete is not model:
        raise ConfigurationError(
            f"{name}.model is the proxy {model.__qualname__}: bind {getattr(concrete, '__qualname__', concrete)}, "
            "whose changes are seen through whatever proxy they are made"
        )
    return model


def check_fields(binding: type[Declared], model: type[Model]) -> None:
    """Check `fields` and `exclude`.

    Raises:
        ConfigurationError: neither or both are set, or one names something that is not a field.
    """
    name = binding.__qualname__
    if (binding.fields is None) == (binding.exclude is None):
        raise ConfigurationError(
            f"{name} has {'neither fields nor' if binding.fields is None else 'both fields and'} exclude: give one of "
            'them, for instance fields = ["name"], or ["__all__"] for all'
        )
    if binding.fields == ALL_FIELDS:
        return
    attribute = "exclude" if binding.fields is None else "fields"
    names = getattr(binding, attribute)
    if isinstance(names, str) or not isinstance(names, Collection):
        raise ConfigurationError(f"{name}.{attribute} is a list of names of fields, not {names!r}")
    for field in names:
        if not (attribute == "fields" and list(names) == [ALL_FIELDS]):
            _check_field(f"{name}.{attribute}", model, field)


def _check_field(where: str, model: type[Model], name: Any) -> None:
    known = {field.name for field in _fields_of(model)} | {"pk"}
    if name not in known:
        try:
            model._meta.get_field(name)
            reason = "which is not a field that Django serializes"
        except (FieldDoesNotExist, TypeError):
            reason = "which it does not have"
        raise ConfigurationError(
            f"{where} names {name!r}, {reason}: the fields of {model._meta.label} are {', '.join(sorted(known))}"
        )


def check_stream(binding: type[Declared]) -> None:
    """Check that there is a stream.

    Raises:
        ConfigurationError: it is missing.
    """
    if not (isinstance(binding.stream, str) and binding.stream):
        raise ConfigurationError(
            f'{binding.__qualname__}.stream is {binding.stream!r}: name its stream, as in stream = "boats"'
        )


def sent_fields(binding: type[Declared], model: type[Model]) -> list["Field[Any, Any]"]:
    """Return the fields that clients see: those that `fields` or `exclude` select, without the primary key."""
    return [field for field in _fields_of(model) if not field.primary_key and _is_listed(binding, field.name)]


def written_fields(binding: type[Declared], model: type[Model], is_new: bool) -> dict[str, "Field[Any, Any]"]:
    """Return the fields that clients may set: those that they see, without files, `editable=False`, generated columns.

    On a new row they also set a primary key that is not generated, if `fields` names it.
    """
    sent = {field.name: field for field in sent_fields(binding, model)}
    pk, keys = model._meta.pk, model._meta.pk_fields
    is_made = isinstance(pk, AutoField) or pk.has_default()
    if is_new and not is_made and binding.fields not in (None, ALL_FIELDS) and pk.name in (binding.fields or ()):
        sent[pk.name] = pk
    return {name: field for name, field in sent.items() if _is_written(field) and (is_new or field not in keys)}


def _is_written(field: "Field[Any, Any]") -> bool:
    """Return whether a value of JSON may be set. The name of a file would give a row any file of the storage."""
    return field.editable and not getattr(field, "generated", False) and not isinstance(field, FileField)


def sent_relations(binding: type[Declared], model: type[Model]) -> list[str]:
    """Return the names of the many-to-many fields that clients see."""
    return [field.name for field in sent_fields(binding, model) if isinstance(field, ManyToManyField)]


def _is_listed(binding: type[Declared], name: str) -> bool:
    if binding.fields is None:
        return name not in (binding.exclude or ())
    return binding.fields == ALL_FIELDS or list(binding.fields) == [ALL_FIELDS] or name in binding.fields


def _fields_of(model: type[Model]) -> list["Field[Any, Any]"]:
    """Return columns and many-to-many fields, also inherited ones, but those through a model of the project's own.

    Django does not serialize the latter: their rows have values of their own, and can be bound themselves.
    """
    relations = [field for field in model._meta.many_to_many if through_of(field)._meta.auto_created]
    return [*model._meta.concrete_fields, *relations]
