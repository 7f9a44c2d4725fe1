"""Conversion of rows to values of JSON, and back, by Django's serializer and Django's fields."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.core.serializers.python import Serializer
from django.db.models import Field, ForeignKey, ManyToManyField, Model

AnyField: TypeAlias = "Field[Any, Any]"


class _RowSerializer(Serializer):
    """Django's serializer for one row, also for the fields that a model inherits, which Django writes apart."""

    def values_of(self, row: Model, fields: Iterable[AnyField]) -> dict[str, Any]:
        self._current: dict[str, Any] = {}
        self.use_natural_foreign_keys = False
        for field in fields:
            if isinstance(field, ManyToManyField):
                self.handle_m2m_field(row, field)
            elif field.remote_field is not None:
                self.handle_fk_field(row, field)
            else:
                self.handle_field(row, field)
        return self._current


def serialized(row: Model, fields: Iterable[AnyField]) -> dict[str, Any]:
    """Return values of a row by the names of their fields, as JSON has them."""
    return as_json(_RowSerializer().values_of(row, fields), DjangoJSONEncoder())


def as_json(values: dict[str, Any], encoder: json.JSONEncoder) -> dict[str, Any]:
    """Return values as a client gets them.

    Raises:
        TypeError: JSON has no such value.
    """
    plain: dict[str, Any] = json.loads(encoder.encode(values))
    return plain


def assign(row: Model, values: Mapping[str, Any], fields: Mapping[str, AnyField]) -> dict[str, list[Any]]:
    """Set fields of a row that is not saved yet; return the many-to-many ones, which are set after that.

    Raises:
        ValidationError: a value is not valid for its field, or the field no longer exists.
    """
    errors: dict[str, Any] = {}
    relations: dict[str, list[Any]] = {}
    for name, value in values.items():
        field = fields[name]
        try:
            if isinstance(field, ManyToManyField):
                relations[name] = _related_keys(field, value)
            else:
                setattr(row, field.attname, _value(field, value))
        except ValidationError as error:
            errors[name] = error
    if errors:
        raise ValidationError(errors)
    return relations


def _value(field: AnyField, value: Any) -> Any:
    target = field.target_field if isinstance(field, ForeignKey) else field
    try:
        return target.to_python(value)
    except (TypeError, ValueError, OverflowError) as error:  # of fields that expect a form's values
        raise ValidationError(f"{value!r} is not a value of this field") from error


def _related_keys(field: "ManyToManyField[Any, Any]", value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValidationError(f"a list of keys is wanted, not {value!r}")
    model: Any = field.remote_field.model
    keys = [_value(model._meta.pk, key) for key in value]
    missing = set(keys) - set(model._default_manager.filter(pk__in=keys).values_list("pk", flat=True))
    if missing:
        raise ValidationError(f"there is no {model._meta.verbose_name} with the key {min(missing, key=repr)!r}")
    return keys
