"""Changes by clients: only of the fields that they may set, validated, each in one transaction."""

import logging
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import router, transaction
from django.db.models import Model, QuerySet

from towpath.layers.client_log import ClientLog

from .declaration import written_fields
from .declared import CREATE, DELETE, UPDATE, Declared
from .values import assign

ignored_fields = ClientLog(logging.getLogger(__name__))


def create_row(binding: Declared, data: Mapping[str, Any]) -> None:
    """Create a row from the data that a client may set; never overwrite one."""
    model = binding.bound()
    _change(binding, CREATE, None, model(), data)


def update_row(binding: Declared, pk: Any, data: Mapping[str, Any]) -> None:
    """Set the fields that a client may set on a row that the model's default manager finds."""
    rows = _rows(binding)
    with transaction.atomic(using=rows.db):
        row = _find(binding, rows.select_for_update(), UPDATE, pk)
        if row is not None:
            _change(binding, UPDATE, pk, row, data)


def delete_row(binding: Declared, pk: Any) -> None:
    """Delete a row that the model's default manager finds."""
    rows = _rows(binding)
    with transaction.atomic(using=rows.db):
        row = _find(binding, rows.select_for_update(), DELETE, pk)
        if row is not None:
            row.delete()


def _rows(binding: Declared) -> QuerySet[Model]:
    model = binding.bound()
    rows: QuerySet[Model] = model._default_manager.using(router.db_for_write(model))
    return rows


def _find(binding: Declared, rows: QuerySet[Model], action: str, pk: Any) -> Model | None:
    """Return the row with a client's key. It may have been deleted since the client saw it."""
    try:
        row: Model | None = rows.filter(pk=rows.model._meta.pk.to_python(pk)).first()
    except ValidationError as error:
        binding.refused(action, pk, ValidationError({"pk": error}))
        return None
    except (TypeError, ValueError, OverflowError):
        binding.refused(action, pk, ValidationError({"pk": "no key of this model"}))
        return None
    if row is None:
        binding.refused(action, pk, ValidationError({"pk": "there is no such row"}))
    return row


def _change(binding: Declared, action: str, pk: Any, row: Model, data: Mapping[str, Any]) -> None:
    allowed = written_fields(type(binding), type(row), is_new=action == CREATE)
    values = {name: value for name, value in data.items() if name in allowed}
    if len(values) < len(data):
        ignored = len(data) - len(values)
        ignored_fields.log(
            logging.INFO, f"{type(binding).__qualname__}: ignored {ignored} fields that clients may not set"
        )
    using = router.db_for_write(type(row)) if action == CREATE else row._state.db
    try:
        relations = assign(row, values, allowed)
        binding.validate(row, list(values))
    except ValidationError as error:
        binding.refused(action, pk, ValidationError(error.update_error_dict({})))
        return
    with transaction.atomic(using=using):
        row.save(using=using, force_insert=action == CREATE)
        for name, keys in relations.items():
            getattr(row, name).set(keys)
